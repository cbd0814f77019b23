"""Studies as files: those of users, by path, and those that ship with the package, by name."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from bench.errors import UserMistake
from bench.paths import written_path
from bench.strict_yaml import MAX_BYTES


def shipped(folder: str) -> list[str]:
    """Names of the studies that ship in a folder of the package, `studies` or `trainings`."""
    entries = (resources.files("bench") / folder).iterdir()
    return sorted(entry.name.removesuffix(".yaml") for entry in entries if entry.name.endswith(".yaml"))


def shipped_text(folder: str, name: str) -> str:
    """The text of a study that ships."""
    return (resources.files("bench") / folder / f"{name}.yaml").read_text(encoding="utf-8")


def user_text(path: Path, what: str, hint: str) -> tuple[Path, str]:
    """A user's study: its path as it was written, and its text.

    Args:
        what: kind of study, as a sentence names it.
        hint: sentence that names those which ship.

    Raises:
        UserMistake: no such file, no regular file, or not UTF-8.
    """
    path = written_path(str(path), "The study's path")
    try:
        if path.exists() and not path.is_file():  # a pipe or a device would be waited for, or never end
            raise UserMistake(f"Cannot read the {what} {path}: it is no regular file. {hint}")
        with path.open("rb") as file:
            return path, file.read(MAX_BYTES + 1).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UserMistake(f"Cannot read the {what} {path}: {reason}. {hint}") from error
