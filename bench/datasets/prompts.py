"""A user's own prompts: texts, portraits and voices, with or without reference clips."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.datasets.dataset import DatasetIndex, Finding, Sample
from bench.datasets.folder import Folder
from bench.datasets.keys import safe_keys
from bench.datasets.prompt_table import NEEDED, read_table
from bench.datasets.soundtracks import SOUND_SUFFIXES
from bench.datasets.tree import VIDEO_SUFFIXES, is_utf8, printable
from bench.errors import UserMistake
from bench.files import UnreadableFile, obstacle
from bench.media.image import IMAGE_SUFFIXES
from bench.prompts.given import given_text

TABLE = "prompts.csv"
_LICENCE = "unknown: whoever wrote the prompts must know the terms"
_LAYOUT = "texts/NAME.txt with images/NAME.jpg and ref_audios/NAME.wav"


class Prompts:
    """Prompts of your own: a CSV with the columns text, image and voice, or folders texts, images and ref_audios.

    ROOT is the CSV, a folder that holds `prompts.csv`, or one that holds, itself or below, the paper's layout
    `texts/NAME.txt`, `images/NAME.jpg`, `ref_audios/NAME.wav`, where `videos/NAME.mp4` is the reference if it is there.
    The CSV may have the columns reference, key, speaker and seed as well.

    Args:
        references: a folder of real clips, relative to the prompts' folder, against which distances between sets are
            measured; else such distances need reference clips in the prompts themselves.
        anywhere: whether a CSV may name files outside its own folder.
    """

    name = "prompts"

    def __init__(self, references: str | None = None, anywhere: bool = False) -> None:
        self._references = references
        self._anywhere = anywhere

    def load(self, root: Path) -> DatasetIndex:
        """See `Dataset.load`; images and voices are not opened."""
        table = _table(root)
        folder = root if table is None else table.parent
        if table is not None:
            found = read_table(table, _LICENCE, self._anywhere)
            samples, findings = found.samples, found.findings
        else:
            samples, findings = _layout(root)
        if not samples:
            raise UserMistake(f"{self.name}: {root} holds no prompt{_instead(findings)}.")
        references = Folder().load(folder / self._references) if self._references else None
        return DatasetIndex(
            self.name,
            folder,
            tuple(sorted(samples, key=lambda sample: sample.key)),
            (*findings, *(references.findings if references else ())),
            references.samples if references else (),
        )


def _instead(findings: Sequence[Finding]) -> str:
    if not findings:
        return f": it needs {TABLE} with the columns {', '.join(NEEDED)}, or {_LAYOUT}"
    first = findings[0]
    return f"; {len(findings)} were passed over, the first being {first.subject}: {first.reason}"


def _table(root: Path) -> Path | None:
    """The CSV that the root is or holds; None where it is a folder without one.

    Raises:
        UserMistake: there is nothing that can be read at the root.
    """
    inside = root / TABLE
    try:
        if root.is_dir():
            return inside if os.path.lexists(inside) else None
    except (OSError, ValueError) as error:
        raise UserMistake(f"prompts: {printable(str(root))} cannot be read ({error}).") from error
    if reason := obstacle(root):
        raise UserMistake(f"prompts: {printable(str(root))} cannot be read ({reason}): name a CSV or a folder.")
    return root


@dataclass
class _Names:
    """The files of one layout folder by NAME."""

    texts: dict[str, list[Path]] = field(default_factory=dict)
    images: dict[str, list[Path]] = field(default_factory=dict)
    ref_audios: dict[str, list[Path]] = field(default_factory=dict)
    videos: dict[str, list[Path]] = field(default_factory=dict)


_SUFFIXES = {
    "texts": frozenset({".txt"}), "images": IMAGE_SUFFIXES, "ref_audios": frozenset(SOUND_SUFFIXES),
    "videos": VIDEO_SUFFIXES,
}  # fmt: skip
_CALLED = {"images": "driving image", "ref_audios": "voice profile", "videos": "reference clip"}


def _layout(root: Path) -> tuple[list[Sample], list[Finding]]:
    samples: list[Sample] = []
    findings: list[Finding] = []
    for base in _bases(root):
        names = _Names()
        for kind, suffixes in _SUFFIXES.items():
            for path in _files(base / kind):
                if not is_utf8(path.name):
                    findings.append(Finding(_below(path, root), "its name is not UTF-8"))
                elif path.suffix.lower() in suffixes:
                    getattr(names, kind).setdefault(path.stem, []).append(path)
                else:
                    findings.append(Finding(_below(path, root), f"no file that {kind} holds"))
        for name, texts in names.texts.items():
            made = _prompt(name, texts[0], names, base, root)
            (samples if isinstance(made, Sample) else findings).append(made)  # type: ignore[arg-type]
        for kind in ("images", "ref_audios"):
            for name in sorted(getattr(names, kind).keys() - names.texts.keys()):
                findings.append(Finding(_below(getattr(names, kind)[name][0], root), "no text of this name"))
    keys = safe_keys([sample.key for sample in samples])
    return [replace(sample, key=key) for sample, key in zip(samples, keys, strict=True)], findings


def _prompt(name: str, text: Path, names: _Names, base: Path, root: Path) -> Sample | Finding:
    parts: dict[str, Path | None] = {}
    for kind, called in _CALLED.items():
        found = getattr(names, kind).get(name, [])
        if len(found) > 1:
            return Finding(_below(text, root), f"several files could be its {called}", ", ".join(p.name for p in found))
        if not found and kind != "videos":
            return Finding(_below(text, root), f"no {called} of this name", f"{kind}/{printable(name)}.* is not there")
        parts[kind] = found[0] if found else None
    try:
        words = given_text(text)
    except UnreadableFile as reason:
        return Finding(
            _below(text, root), "blank text" if "no words" in str(reason) else "unreadable text", str(reason)
        )
    above = base.relative_to(root).parts
    return Sample(
        key="-".join([*above, name]),
        path=parts["videos"],
        licence=_LICENCE,
        split=above[-1] if above else None,
        transcript=words,
        image=parts["images"],
        voice=parts["ref_audios"],
    )


def _bases(root: Path) -> Iterator[Path]:
    """The folders, the root among them, that hold a folder `texts`."""
    for folder, folders, _ in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and is_utf8(name))
        if "texts" in folders:
            yield Path(folder)
            folders[:] = [name for name in folders if name not in _SUFFIXES and name != "outputs"]


def _files(folder: Path) -> list[Path]:
    """The files in a folder, hidden ones left out; none where there is no such folder."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [folder / name for name in names if not name.startswith(".")]


def _below(path: Path, root: Path) -> str:
    return printable(path.relative_to(root).as_posix())
