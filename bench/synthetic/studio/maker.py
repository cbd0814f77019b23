"""Training clips on disk: KEY.mp4, KEY.wav (24 kHz, lossless), KEY.txt, KEY.phones.json and a manifest.

A clip depends on seed, part and index alone. Identities, sentences and voices of the part `held-out` are others than
those of `train`. Speakers follow each other in rounds of `CLIPS_PER_SPEAKER` clips. Speech takes more examples than
pictures do and is made many times faster, so some clips are sound alone.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from bench.errors import UserMistake
from bench.files import atomic, read_json, write_json
from bench.media.writing import write_clip, write_wav
from bench.synthetic import corpus
from bench.synthetic.acting import act
from bench.synthetic.flavours import FLAVOURS, FPS, Flavour
from bench.synthetic.identity import Identity, Kind
from bench.synthetic.portrait import Portrait
from bench.synthetic.speech import speak
from bench.synthetic.studio.words import sentence
from bench.workers.pool import spread
from metrics.base.hints import nearest

Part = Literal["train", "held-out"]
PARTS: tuple[Part, ...] = get_args(Part)

_SIZE, SAMPLE_RATE = 128, 24000
"""What the small generator sees and speaks at."""

_CLOSE = Flavour("studio", _SIZE, SAMPLE_RATE, 0.33, 0.44, 0.6, "plain", 0.3)
FRAMINGS = (_CLOSE, _CLOSE, *(replace(one, size=_SIZE, sample_rate=SAMPLE_RATE) for one in FLAVOURS.values()))
"""A speaker has one of these: a large face, or the framing of a flavour of the corpus, in small pictures."""

CLIPS_PER_SPEAKER = 4
_KINDS: tuple[Kind, ...] = ("woman", "man", "child", "woman", "man")
_CRF = 14
"""Finer than what people play, so that the codec's noise is not learnt."""
_MANIFEST = "manifest.json"


def make_studio(folder: Path, part: Part, clips: int, seed: int, workers: int = 1, voices: int = 0) -> None:
    """Make the first `clips` clips of a part in `folder`, and `voices` further ones without pictures.

    Clips that are complete and up to date stay.

    Args:
        folder: holds one part of one seed; created if absent.
        part: `train` or `held-out`.
        clips: at least 1.
        seed: same seed, same bytes.
        workers: processes; the number does not change the result.
        voices: clips of sound alone, from 0.

    Raises:
        UserMistake: unknown part, no clips, or a folder that holds another part or seed.
    """
    if part not in PARTS:
        raise UserMistake(f"Unknown part '{part}' of the training clips.{nearest(part, PARTS)}")
    if clips < 1:
        raise UserMistake(f"Training takes at least one clip; {clips} were asked for.")
    held = read_json(folder / _MANIFEST)
    if held is not None and (held.get("part"), held.get("seed")) != (part, seed):
        raise UserMistake(
            f"{folder} holds other clips than part '{part}' of seed {seed}; choose another folder for them."
        )
    folder.mkdir(parents=True, exist_ok=True)
    if held is None:
        _write_manifest(folder, part, seed, 0)  # marks the folder before the first clip is in it
    wanted = [
        (index, index < clips)
        for index in range(clips + voices)
        if not _complete(folder, _key(part, index), pictures=index < clips)
    ]
    for _ in spread(partial(_make_clip, part, seed, folder), wanted, workers):
        pass
    _write_manifest(folder, part, seed, clips + voices)


def _make_clip(part: Part, seed: int, folder: Path, wanted: tuple[int, bool]) -> None:
    index, pictures = wanted
    person, own = index // CLIPS_PER_SPEAKER, _seed(seed, part, "clip", index)
    kind = _KINDS[person % len(_KINDS)]
    identity = Identity.draw(_seed(seed, part, "speaker", person), kind)
    framing = FRAMINGS[_seed(seed, part, "framing", person) % len(FRAMINGS)]
    rng = np.random.default_rng(own)
    text = sentence(rng, unseen=part == "held-out")
    spoken = speak(text, identity, SAMPLE_RATE, own)
    key = _key(part, index)
    path, record = folder / f"{key}.mp4", folder / f"{key}.json"
    record.unlink(missing_ok=True)
    with atomic(path.with_suffix(".txt")) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    phones = [[phone.symbol, round(phone.start, 4), round(phone.end, 4)] for phone in spoken.phones]
    write_json(folder / f"{key}.phones.json", phones)
    if pictures:
        portrait = Portrait(identity, framing, _seed(seed, part, "scene", index))
        film = corpus.film(portrait, act(spoken, framing.liveliness, own))
        write_clip(path, film, FPS, spoken.waveform, spoken.sample_rate, _CRF)
    else:
        path.unlink(missing_ok=True)  # of a folder that had more clips with pictures
        write_wav(path.with_suffix(".wav"), spoken.waveform, spoken.sample_rate)
    clip = {
        "key": key, "speaker": f"{part}-{person:05d}", "transcript": text, "seconds": spoken.frames / FPS,
        "pictures": pictures, "framing": framing.name,
    }  # fmt: skip
    write_json(record, {**clip, "version": version(), "identity": asdict(identity)})  # last: the clip is whole


@lru_cache(maxsize=1)
def version() -> str:
    """Hash of the sources that a clip is made by."""
    digest = hashlib.sha256(corpus.version().encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _seed(seed: int, *names: str | int) -> int:
    digest = hashlib.sha256(json.dumps([seed, "studio", *names]).encode()).digest()
    return int.from_bytes(digest[:6], "big")


def _key(part: Part, index: int) -> str:
    person, take = divmod(index, CLIPS_PER_SPEAKER)
    return f"{part}-{person:05d}-{take}"


def _complete(folder: Path, key: str, *, pictures: bool) -> bool:
    record = read_json(folder / f"{key}.json")
    if record is None or (record["version"], record["pictures"]) != (version(), pictures):
        return False
    suffixes = (".wav", ".txt", ".phones.json", *([".mp4"] if pictures else []))
    return all((folder / f"{key}{suffix}").is_file() for suffix in suffixes)


def _write_manifest(folder: Path, part: Part, seed: int, clips: int) -> None:
    records = [read_json(folder / f"{_key(part, index)}.json") for index in range(clips)]
    whole = [record for record in records if record is not None]
    write_json(folder / _MANIFEST, {"version": version(), "part": part, "seed": seed, "clips": whole})
