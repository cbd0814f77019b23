"""`archive`, `unpack`: a run as one file, and the run's folder again."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path, PurePath
from typing import Annotated, Any

import typer

from bench.cli.arguments import RunToRead, file_to_write, folder_to_write, place_to_read
from bench.cli.printing import print_line
from bench.errors import UserMistake
from bench.remote.address import Address, path_or_address


def _file_to_write(written: str) -> Path | Address:
    place = path_or_address(written, "FILE")
    return place if isinstance(place, Address) else file_to_write("FILE")(written)


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    for command in (archive, unpack):
        app.command(command.__name__)(command)


def archive(
    run: RunToRead,
    file: Annotated[
        Any,  # Path | Address, of which the command-line library knows no unions
        typer.Argument(
            parser=_file_to_write, metavar="FILE", help="The archive, for example run.zip or s3://bucket/run.zip."
        ),
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

    name = PurePath(str(file))
    if name.suffix.lower() == ".json":
        raise UserMistake(f"{file} would be taken for a results file: name the archive {name.stem}.zip.")
    if isinstance(file, Address):
        from bench.remote.archives import sent

        with sent(file) as local:
            written = write_archive(run, local, media, statistics)
    else:
        if os.path.lexists(file):
            raise UserMistake(f"{file} exists already: name another file, or delete it first.")
        written = write_archive(run, file, media, statistics)
    print_line(f"Archive: {file}, {written.members} files of {written.size / 2**20:.1f} MiB.")


def unpack(
    file: Annotated[
        Any,  # Path | Address
        typer.Argument(
            parser=place_to_read("The archive"), metavar="FILE", help="A file of `archive`, or its address."
        ),
    ],
    folder: Annotated[
        Path,
        typer.Option(
            "--out",
            parser=folder_to_write("--out", "the folder", instead="unpack into a local one"),
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
    with ExitStack() as stack:
        if isinstance(file, Address):
            from bench.remote.archives import fetched

            file = stack.enter_context(fetched(file, folder.parent))
        temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix=".unpack-", dir=folder.parent))
        whole = Path(temporary) / "run"
        whole.mkdir()
        unpacked(file, whole, whole=True)
        whole.rename(folder)
    print_line(f"Run: {folder}")
