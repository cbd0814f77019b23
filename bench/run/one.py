"""One narration without a study: a text, a picture and a voice in, a clip out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.choice import Choice
from bench.datasets.keys import safe_keys
from bench.errors import UserMistake
from bench.media.image import driving_image
from bench.plugins import build_generator
from bench.prompts.given import given_voice
from bench.run.generate import narrated
from bench.run.records import GeneratedClip
from bench.run.selection import decoding_of
from bench.study import Protocol
from narrator.contract import Prompt

SUFFIX = ".mp4"


@dataclass(frozen=True)
class Request:
    """What is to be narrated, and where the clip goes.

    Attributes:
        text: the words.
        image: file of the driving image.
        voice: file of the voice profile.
        out: the clip, NAME.mp4; its sound without loss becomes NAME.wav beside it.
        seed: fixes everything random.
        overwrite: whether files that are there already may be replaced.
        inputs: all files that are read; none of them is ever replaced.
    """

    text: str
    image: Path
    voice: Path
    out: Path
    seed: int
    overwrite: bool
    inputs: tuple[Path, ...]


@dataclass(frozen=True)
class Narrated:
    """What came of a request.

    Attributes:
        clip: where it lies.
        audio: its sound without loss, where there is sound.
        record: as a run keeps it.
        seconds: that the generator took.
    """

    clip: Path
    audio: Path | None
    record: GeneratedClip
    seconds: float


def check(request: Request) -> None:
    """Find whatever forbids writing, before anything is computed.

    Raises:
        UserMistake: the name has another suffix, is taken, or is that of a file that is read.
    """
    if request.out.suffix.lower() != SUFFIX:
        named = request.out.with_suffix(SUFFIX) if request.out.name.strip(".") else f"{request.out}{SUFFIX}"
        raise UserMistake(f"--out {request.out}: clips are written as MP4 (H.264 and AAC); name it {named}.")
    for target in (request.out, request.out.with_suffix(".wav")):
        _require_free(target, request)


def narrate(choice: Choice, request: Request) -> Narrated:
    """Narrate as a run does, with the same code and protocol, and put the clip where it is wanted.

    Everything is made in a hidden folder beside it and moved when whole, so a failure leaves nothing behind.

    Raises:
        UserMistake: see `check`; the generator cannot be built.
        UnreadableClip: the image or the voice cannot be used.
        GenerationFailed, WeightsError: the generator could not narrate; a plug-in may raise anything else as well.
    """
    check(request)
    protocol = Protocol()
    prompt = Prompt(
        key=safe_keys([request.out.stem])[0],
        text=request.text,
        image=driving_image(request.image),
        voice=given_voice(request.voice, decoding_of(protocol)),
        seed=request.seed,
    )
    generator = build_generator(choice, Path.cwd())
    request.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".narrate-", dir=request.out.parent) as folder:
        record, cost = narrated(generator, prompt, Path(folder) / f"{prompt.key}{SUFFIX}", protocol)
        moves = {made: request.out.with_suffix(made.suffix) for made in _made(Path(folder), record)}
        for target in moves.values():
            _require_free(target, request)
        if request.overwrite:  # an older clip's sound would pass for this one's
            request.out.with_suffix(".wav").unlink(missing_ok=True)
        for made, target in moves.items():
            made.replace(target)
    sound, clip = request.out.with_suffix(".wav"), request.out.with_suffix(Path(record.video).suffix)
    return Narrated(clip, sound if sound in moves.values() else None, record, _seconds(cost))


def _made(folder: Path, record: GeneratedClip) -> Iterator[Path]:
    """The files that people want, the clip last."""
    names = [*sorted(name for name in record.checksums if name.endswith(".wav")), record.video]
    yield from (folder / name for name in names)


def _require_free(target: Path, request: Request) -> None:
    if not target.exists():
        return
    if any(path.exists() and target.samefile(path) for path in request.inputs):
        raise UserMistake(f"{target} would be written, and it is one of the files that are read: choose another --out.")
    if not request.overwrite:
        raise UserMistake(f"{target} is there already: choose another --out, or replace it with --overwrite.")


def _seconds(cost: dict[str, Any]) -> float:
    return float(cost["seconds"])
