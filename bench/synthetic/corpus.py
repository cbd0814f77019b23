"""The bundled corpus: short clips of synthetic speakers, made on this machine at first use from one seed.

A clip depends on flavour, index and seed alone, so asking for more clips later leaves the earlier ones as they are.
Clips 2k and 2k + 1 show the same speaker with different words, light and background, so that every speaker has a
voice profile from another clip.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baselines import speech, voice
from baselines.speech import NeuralSpeech
from bench.errors import UserMistake
from bench.files import atomic, read_json, write_json
from bench.media import writing
from bench.media.writing import write_clip
from bench.synthetic.acting import act
from bench.synthetic.flavours import FLAVOURS, FPS
from bench.synthetic.identity import Identity, Kind
from bench.synthetic.portrait import Portrait
from bench.synthetic.pose import Performance
from bench.synthetic.speech import Spoken, sentences, speak
from bench.workers.pool import spread
from metrics.base.hints import nearest

_CLIPS_PER_SPEAKER = 2
_KINDS: tuple[Kind, ...] = ("woman", "man", "child", "woman", "man")
_CHUNK = 25
MOST_CLIPS = 10_000
"""As many take days to render and some tens of gigabytes."""
_MANIFEST = "manifest.json"


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
        UserMistake: unknown flavour, no clips, or a folder that holds another flavour or seed.
    """
    check_request(flavour, clips)
    _check_folder(folder, flavour, seed)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [index for index in range(clips) if not _complete(folder, _key(flavour, index))]
    for _ in spread(partial(make_clip, flavour, seed=seed, folder=folder), wanted, workers):
        pass
    _write_manifest(folder, flavour, seed)


def check_request(flavour: str, clips: int) -> None:
    """Raise `UserMistake` for an unknown flavour, or a number of clips that nobody can want."""
    if flavour not in FLAVOURS:
        raise UserMistake(f"Unknown flavour '{flavour}' of the synthetic corpus.{nearest(flavour, FLAVOURS)}")
    if not 1 <= clips <= MOST_CLIPS:
        raise UserMistake(f"A synthetic corpus has 1 to {MOST_CLIPS:,} clips; {clips:,} were asked for.")


def load(folder: Path) -> list[SyntheticClip]:
    """The finished clips of a folder, in the order of their keys.

    Raises:
        UserMistake: the folder holds no manifest.
    """
    manifest = read_json(folder / _MANIFEST)
    if manifest is None:
        raise UserMistake(f"{folder} holds no synthetic corpus; make one with bench.synthetic.make.")
    return [
        SyntheticClip(clip["key"], folder / f"{clip['key']}.mp4", clip["speaker"], clip["transcript"])
        for clip in manifest["clips"]
    ]


def make_clip(flavour: str, index: int, seed: int, folder: Path) -> None:
    """Make one clip. The record KEY.json comes last and says that the other files are whole."""
    script = write_script(flavour, index, seed)
    path = folder / f"{script.key}.mp4"
    record = path.with_suffix(".json")
    record.unlink(missing_ok=True)
    with atomic(path.with_suffix(".txt")) as temporary:
        temporary.write_text(script.transcript + "\n", encoding="utf-8")
    portrait = Portrait(script.identity, FLAVOURS[flavour], _seed(seed, flavour, "scene", index))
    write_clip(path, film(portrait, script.performance), FPS, script.spoken.waveform, script.spoken.sample_rate)
    clip = {"key": script.key, "speaker": script.speaker, "transcript": script.transcript}
    write_json(record, {**clip, "version": version(), "identity": asdict(script.identity)})


def film(portrait: Portrait, performance: Performance) -> Iterator[NDArray[np.uint8]]:
    """The frames of a performance in chunks, uint8 [t, size, size, 3]."""
    for start in range(0, len(performance), _CHUNK):
        stop = min(start + _CHUNK, len(performance))
        yield np.stack([portrait.render(performance[frame]) for frame in range(start, stop)])


def write_script(flavour: str, index: int, seed: int) -> Script:
    """Speaker, words, sound and motion of one clip, without its pictures."""
    form = FLAVOURS[flavour]
    person = index // _CLIPS_PER_SPEAKER
    identity = Identity.draw(_seed(seed, flavour, "speaker", person), _KINDS[person % len(_KINDS)])
    own = _seed(seed, flavour, "clip", index)
    texts = sentences()
    lap, place = divmod(index, len(texts))
    text = texts[int(np.random.default_rng(_seed(seed, flavour, "texts", lap)).permutation(len(texts))[place])]
    spoken = speak(text, identity, form.sample_rate, own)
    return Script(
        _key(flavour, index), f"{flavour}-{person:04d}", identity, text, spoken, act(spoken, form.liveliness, own)
    )


@lru_cache(maxsize=1)
def version() -> str:
    """Hash of the sources a clip is made by (this package, speech, file writing): other versions are made again."""
    digest = hashlib.sha256(json.dumps(NeuralSpeech().describe()).encode())
    own = (path for path in Path(__file__).parent.iterdir() if path.suffix in (".py", ".txt"))
    for path in [*sorted(own), *(Path(str(module.__file__)) for module in (speech, voice, writing))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _seed(seed: int, *names: str | int) -> int:
    """A seed of its own for every purpose, the same on every machine."""
    return int.from_bytes(hashlib.sha256(json.dumps([seed, *names]).encode()).digest()[:6], "big")


def _key(flavour: str, index: int) -> str:
    person, take = divmod(index, _CLIPS_PER_SPEAKER)
    return f"{flavour}-{person:04d}-{take}"


def _complete(folder: Path, key: str) -> bool:
    record = read_json(folder / f"{key}.json")
    files = (folder / f"{key}{suffix}" for suffix in (".mp4", ".wav", ".txt"))
    return record is not None and record["version"] == version() and all(path.is_file() for path in files)


def _check_folder(folder: Path, flavour: str, seed: int) -> None:
    held = read_json(folder / _MANIFEST)
    if held is not None and (held["flavour"], held["seed"]) != (flavour, seed):
        raise UserMistake(
            f"{folder} holds flavour '{held['flavour']}' with seed {held['seed']}; choose another folder for flavour "
            f"'{flavour}' with seed {seed}."
        )


def _write_manifest(folder: Path, flavour: str, seed: int) -> None:
    records = [read_json(path) for path in sorted(folder.glob(f"{flavour}-*.json"))]
    clips = [record for record in records if record is not None and record["version"] == version()]
    speakers = sorted({clip["speaker"] for clip in clips})
    manifest = {"version": version(), "flavour": flavour, "seed": seed, "speakers": speakers, "clips": clips}
    write_json(folder / _MANIFEST, manifest)
