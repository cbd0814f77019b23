"""`archive`, `unpack`: a run as one file, and the run's folder again."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from bench.cli.arguments import RunToRead, file_to_write, folder_to_write, path_to_read
from bench.cli.printing import print_line
from bench.errors import UserMistake


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    for command in (archive, unpack):
        app.command(command.__name__)(command)


def archive(
    run: RunToRead,
    file: Annotated[
        Path, typer.Argument(parser=file_to_write("FILE"), metavar="FILE", help="The archive, for example run.zip.")
    ],
    media: Annotated[
        bool, typer.Option("--media", help="Also the generated clips and the copies of the reference clips.")
    ] = False,
    statistics: Annotated[
        bool, typer.Option("--statistics", help="Also the metrics' statistics of each clip.")
    ] = False,
) -> None:
    """Write a finished run into one file: results, scores by clip, costs, environment and study.

    The same run gives the same bytes. Clips are left out unless asked for, so that numbers can be shared where clips
    cannot; the words of the prompts and the paths of the study are in it.
    """
    from bench.archiving.writing import write_archive

    if os.path.lexists(file):
        raise UserMistake(f"{file} exists already: name another file, or delete it first.")
    if file.suffix.lower() == ".json":
        raise UserMistake(f"{file} would be taken for a results file: name the archive {file.stem}.zip.")
    written = write_archive(run, file, media, statistics)
    print_line(f"Archive: {file}, {written.members} files of {written.size / 2**20:.1f} MiB.")


def unpack(
    file: Annotated[
        Path, typer.Argument(parser=path_to_read("The archive"), metavar="FILE", help="A file of `archive`.")
    ],
    folder: Annotated[
        Path,
        typer.Option(
            "--out",
            parser=folder_to_write("--out", "the folder"),
            metavar="FOLDER",
            help="A folder that does not exist yet.",
        ),
    ],
) -> None:
    """Verify an archive and unpack it into a run's folder, all of it or nothing."""
    from bench.archiving.reading import unpack as unpacked

    if os.path.lexists(folder):
        raise UserMistake(f"{folder} exists already: choose another folder with --out.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpack-", dir=folder.parent) as temporary:
        whole = Path(temporary) / "run"
        whole.mkdir()
        unpacked(file, whole, whole=True)
        whole.rename(folder)
    print_line(f"Run: {folder}")
