"""`narrate`: one text, one picture, one voice, one clip."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.arguments import chosen_generators, file_to_write, path_to_read
from bench.cli.printing import print_line, progress_display
from bench.cli.runs import incomplete
from bench.errors import UserMistake, shown
from bench.files import UnreadableFile

if TYPE_CHECKING:
    from bench.choice import Choice
    from bench.run.one import Narrated, Request

_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENOMEM)


def register(app: typer.Typer) -> None:
    """Add this module's command to the command line."""
    app.command("narrate")(narrate)


def narrate(
    image: Annotated[
        Path,
        typer.Option(parser=path_to_read("--image"), metavar="FILE", help="A picture of the face (PNG, JPEG, ...)."),
    ],
    voice: Annotated[
        Path,
        typer.Option(
            parser=path_to_read("--voice"), metavar="FILE", help="Speech of the person (WAV, MP3, a clip, ...)."
        ),
    ],
    out: Annotated[
        Path, typer.Option(parser=file_to_write("--out"), metavar="FILE", help="The clip to make, NAME.mp4.")
    ],
    text: Annotated[str | None, typer.Option(help="The text to speak.")] = None,
    text_file: Annotated[
        Path | None,
        typer.Option(
            parser=path_to_read("--text-file"), metavar="FILE", help="Instead of --text: a file that holds them."
        ),
    ] = None,
    generator: Annotated[
        str, typer.Option(help="A name from `generators list`, with options: narrator:preset=small.")
    ] = "cascade",
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Fixes everything random.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Overwrite an existing clip.")] = False,
) -> None:
    """Speak a text with a face and a voice, and say where the clip lies.

    Beside NAME.mp4 stands NAME.wav, its sound without loss. The first 10 s of --voice are heard. Exit code 1 where the
    generator cannot narrate this; then nothing is written.
    """
    from bench.run.one import Request, check
    from narrator.contract import GenerationFailed

    inputs = tuple(path for path in (image, voice, text_file) if path is not None)
    request = Request(_words(text, text_file), image, voice, out, seed, overwrite, inputs)
    check(request)
    choice = chosen_generators([generator])[0]
    try:
        with progress_display() as display:
            display.add_task(f"{choice.plugin} narrates", total=None, doing="")
            done = _narrated(choice, request)
    except GenerationFailed as reason:
        incomplete(f"{choice.plugin} cannot narrate this: {str(reason).rstrip('.')}.")
    _tell(done, choice.plugin, request)


def _narrated(choice: Choice, request: Request) -> Narrated:
    """The narration; whatever a generator raises by mistake is its failure, as it is in a run."""
    from bench.media.container import UnreadableClip
    from bench.run.one import narrate as narrate_one
    from metrics.weights import WeightsError
    from narrator.contract import GenerationFailed

    try:
        return narrate_one(choice, request)
    except (UserMistake, UnreadableClip, WeightsError, GenerationFailed, MemoryError):
        raise
    except Exception as error:  # a plug-in may raise anything
        if isinstance(error, OSError) and error.errno in _MACHINE:
            raise
        raise GenerationFailed(f"{type(error).__name__}: {shown(error)}") from error


def _words(text: str | None, file: Path | None) -> str:
    from bench.prompts.given import given_text

    if (text is None) == (file is None):
        raise UserMistake("narrate needs the words once: with --text, or in a file with --text-file.")
    if file is not None:
        try:
            return given_text(file)
        except UnreadableFile as reason:
            raise UserMistake(f"--text-file {file}: {reason}.") from reason
    words = " ".join((text or "").split())
    if not words:
        raise UserMistake("--text is empty: write the text to speak.")
    return words


def _tell(done: Narrated, generator: str, request: Request) -> None:
    from bench.media.probe import probe

    info = probe(done.clip)
    pictures = f"{info.frames} frames of {info.width} x {info.height} at {info.fps:g} fps"
    made = f"by {generator} in {done.seconds:.1f} s, seed {request.seed}"
    print_line(f"{done.clip}: {info.duration:.2f} s, {pictures}, {made}")
    print_line(f"{done.audio}: its sound without loss" if done.audio else f"{done.clip} has no sound")
    if parts := done.record.description.get("untrained"):
        print_line(f"{generator} is untrained: its weights were drawn from a seed ({', '.join(parts)}).")
