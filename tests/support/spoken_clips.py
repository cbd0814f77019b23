"""Training clips whose words can be heard without a voice: every letter is a pair of tones of its own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from scipy.io import wavfile

RATE = 24_000
WORDS = ("abba", "cede", "fag", "hid", "bide", "cab")


def write_clips(folder: Path, clips: int = 8, speakers: int = 2) -> Path:
    """A folder of clips, each of three words; a speaker is a factor on all tones."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    named = []
    for index in range(clips):
        speaker = index % speakers
        words = [WORDS[int(place)] for place in rng.integers(len(WORDS), size=3)]
        sound = np.concatenate([_spoken(letter, 1 + 0.2 * speaker) for letter in " ".join(words)])
        sound += 1e-4 * rng.standard_normal(len(sound))
        key = f"clip-{index}"
        wavfile.write(folder / f"{key}.wav", RATE, (np.clip(sound, -1, 1) * 32767).astype(np.int16))
        (folder / f"{key}.txt").write_text(" ".join(words) + "\n", encoding="utf-8")
        named.append({"key": key, "speaker": f"speaker-{speaker}"})
    (folder / "manifest.json").write_text(json.dumps({"clips": named}), encoding="utf-8")
    return folder


def _spoken(letter: str, factor: float) -> np.ndarray:
    time = np.arange(round(0.08 * RATE)) / RATE
    if letter == " ":
        return 0 * time
    pitch = factor * (200 + 60 * (ord(letter) - ord("a")))
    return 0.2 * np.sin(2 * np.pi * pitch * time) + 0.1 * np.sin(2 * np.pi * 3.1 * pitch * time)
