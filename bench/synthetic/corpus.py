"""The bundled corpus: short clips of synthetic speakers, made on this machine at first use from one seed.

A clip depends on flavour, index and seed alone, so asking for more clips later leaves the earlier ones as they are.
Clips 2k and 2k + 1 show the same speaker with different words, light and background, so that every speaker has a
voice profile from another clip.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.media.writing import write_clip
from bench.synthetic.acting import act
from bench.synthetic.flavours import FLAVOURS, FPS, Flavour
from bench.synthetic.identity import Identity, Kind
from bench.synthetic.portrait import Portrait
from bench.synthetic.pose import Performance
from bench.synthetic.speech import Spoken, sentences, speak

CLIPS_PER_SPEAKER = 2
_KINDS: tuple[Kind, ...] = ("woman", "man", "child", "woman", "man")
_CHUNK = 25


@dataclass(frozen=True)
class SyntheticClip:
    """One finished clip: KEY.mp4, with KEY.wav (lossless) and KEY.txt (the exact transcript) beside it."""

    key: str
    path: Path
    speaker: str
    transcript: str


@dataclass(frozen=True, eq=False)
class Script:
    """All that a clip is made from: who says what, how it sounds, and how the head moves."""

    key: str
    speaker: str
    identity: Identity
    transcript: str
    spoken: Spoken
    performance: Performance


def make(folder: Path, flavour: str, clips: int, seed: int, workers: int = 1) -> None:
    """Make the first `clips` clips of a flavour in `folder`; those that are complete and up to date stay.

    Args:
        folder: holds one flavour and seed; created if absent.
        flavour: a name from `FLAVOURS`.
        clips: at least 1.
        seed: same seed, same bytes.
        workers: processes; the number does not change the result.

    Raises:
        ValueError: unknown flavour, no clips, or a folder that holds another flavour or seed.
    """
    _check(folder, flavour, clips, seed)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [index for index in range(clips) if not _complete(folder, flavour, index, seed)]
    if workers > 1 and len(wanted) > 1:
        # Spawned, because forking a process that runs threads (torch, OpenCV) can deadlock.
        with ProcessPoolExecutor(min(workers, len(wanted)), mp_context=get_context("spawn")) as pool:
            list(pool.map(make_clip, repeat(flavour), wanted, repeat(seed), repeat(folder)))
    else:
        for index in wanted:
            make_clip(flavour, index, seed, folder)
    _write_manifest(folder, flavour, seed)


def load(folder: Path) -> list[SyntheticClip]:
    """The finished clips of a folder, in the order of their keys.

    Raises:
        FileNotFoundError: the folder holds no manifest.
    """
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        raise FileNotFoundError(f"{folder} holds no synthetic corpus; make one with bench.synthetic.make.")
    entries = json.loads(manifest.read_text(encoding="utf-8"))["clips"]
    return [SyntheticClip(e["key"], folder / f"{e['key']}.mp4", e["speaker"], e["transcript"]) for e in entries]


def make_clip(flavour: str, index: int, seed: int, folder: Path) -> None:
    """Make one clip. The record KEY.json comes last and says that the other files are whole."""
    script = write_script(flavour, index, seed)
    record = _record(folder, script.key)
    record.unlink(missing_ok=True)
    _write(folder / f"{script.key}.txt", script.transcript + "\n")
    frames, spoken = _frames(script, FLAVOURS[flavour], index, seed), script.spoken
    write_clip(folder / f"{script.key}.mp4", frames, FPS, spoken.waveform, spoken.sample_rate)
    entry = {"key": script.key, "speaker": script.speaker, "transcript": script.transcript}
    _write(record, _json({**entry, "version": version(), "identity": asdict(script.identity)}))


def write_script(flavour: str, index: int, seed: int) -> Script:
    """Speaker, words, sound and motion of one clip, without its pictures."""
    form = FLAVOURS[flavour]
    person = index // CLIPS_PER_SPEAKER
    identity = Identity.draw(_seed(seed, flavour, "speaker", person), _KINDS[person % len(_KINDS)])
    own = _seed(seed, flavour, "clip", index)
    texts = sentences()
    lap, place = divmod(index, len(texts))
    text = texts[int(np.random.default_rng(_seed(seed, flavour, "texts", lap)).permutation(len(texts))[place])]
    spoken = speak(text, identity, form.sample_rate, own)
    return Script(
        _key(flavour, index), f"{flavour}-{person:03d}", identity, text, spoken, act(spoken, form.liveliness, own)
    )


@lru_cache(maxsize=1)
def version() -> str:
    """Hash of this package's source: clips of another version are made again."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.iterdir()):
        if path.suffix in (".py", ".txt"):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _frames(script: Script, flavour: Flavour, index: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    portrait = Portrait(script.identity, flavour, _seed(seed, flavour.name, "scene", index))
    for start in range(0, len(script.performance), _CHUNK):
        stop = min(start + _CHUNK, len(script.performance))
        yield np.stack([portrait.render(script.performance[frame]) for frame in range(start, stop)])


def _seed(seed: int, *names: str | int) -> int:
    """A seed of its own for every purpose, the same on every machine."""
    return int.from_bytes(hashlib.sha256(json.dumps([seed, *names]).encode()).digest()[:6], "big")


def _key(flavour: str, index: int) -> str:
    person, take = divmod(index, CLIPS_PER_SPEAKER)
    return f"{flavour}-{person:03d}-{take}"


def _record(folder: Path, key: str) -> Path:
    return folder / f"{key}.json"


def _complete(folder: Path, flavour: str, index: int, seed: int) -> bool:
    key = _key(flavour, index)
    record = _record(folder, key)
    if not all((folder / f"{key}{suffix}").is_file() for suffix in (".json", ".mp4", ".wav", ".txt")):
        return False
    return bool(json.loads(record.read_text(encoding="utf-8"))["version"] == version())


def _check(folder: Path, flavour: str, clips: int, seed: int) -> None:
    if flavour not in FLAVOURS:
        raise ValueError(f"Unknown flavour {flavour!r} of the synthetic corpus; there are: {', '.join(FLAVOURS)}.")
    if clips < 1:
        raise ValueError(f"A synthetic corpus needs at least 1 clip, got {clips}.")
    manifest = folder / "manifest.json"
    if manifest.is_file():
        held = json.loads(manifest.read_text(encoding="utf-8"))
        if (held["flavour"], held["seed"]) != (flavour, seed):
            raise ValueError(
                f"{folder} holds flavour {held['flavour']!r} with seed {held['seed']}; choose another folder for "
                f"{flavour!r} with seed {seed}."
            )


def _write_manifest(folder: Path, flavour: str, seed: int) -> None:
    records = sorted(path for path in folder.glob(f"{flavour}-*.json"))
    entries = [json.loads(path.read_text(encoding="utf-8")) for path in records]
    clips = [entry for entry in entries if entry["version"] == version()]
    head = {"version": version(), "flavour": flavour, "seed": seed, "speakers": sorted({c["speaker"] for c in clips})}
    _write(folder / "manifest.json", _json({**head, "clips": clips}))


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    """Write a small file that appears under its name only when whole."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
