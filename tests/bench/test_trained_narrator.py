"""The weights that ship speak words that a recogniser hears, of sentences and people that no training has seen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import narrator
from bench.media.audio import native_waveform, resampled
from bench.media.clip import Decoding, frames
from bench.synthetic.studio import make_studio
from metrics.base.asked import Asked
from metrics.builtin import make
from metrics.weights import fetch
from narrator.contract import Prompt, Voice
from narrator.face import FaceMesh

pytestmark = [pytest.mark.slow, pytest.mark.weights]


def test_words_are_heard_and_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper")
    make_studio(tmp_path, "held-out", 3, 7)
    clips = json.loads((tmp_path / "manifest.json").read_text())["clips"]
    generator = narrator.load("bundled", weight_paths={name: fetch(name) for name in FaceMesh.weights})
    words = make("wer")
    words.prepare()
    errors = []
    for place, clip in enumerate(clips):
        other = clips[place - 1]["key"]
        voice = Voice(*native_waveform(tmp_path / f"{other}.wav", 10.0))
        image = next(iter(frames(tmp_path / f"{clip['key']}.mp4", Decoding())))[0]
        prompt = Prompt(clip["key"], clip["transcript"], image, voice, seed=place)
        narration = generator(prompt)
        sound = np.asarray(narration.waveform, np.float32)
        if place == 0:
            assert np.array_equal(generator(prompt).waveform, sound)
            first = next(iter(narration.chunks()))
            assert np.array_equal(next(iter(generator(prompt).chunks())), first)
            assert (first.shape[1:], first.dtype) == ((128, 128, 3), np.uint8)
        listening = words.observe()
        listening.waveform(resampled(sound, narration.sample_rate, 16000), 16000)
        asked = words.asked(Asked(clip["transcript"]))
        errors.append(float(words.compare(asked, listening.finish()())["value"]))
    # A third of the words is what the evaluation allows on average; words of another sentence miss nearly all.
    assert np.mean(errors) < 0.6, errors
