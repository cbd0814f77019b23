"""A prepared folder on disk: where each thing lies, and whose it is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import UserMistake, shown
from bench.files import read_json, write_json
from bench.workers.lock import locked

PARTS = {"video": ("videos", ".mp4"), "sound": ("videos", ".wav"), "text": ("texts", ".txt"),
         "image": ("images", ".jpg"), "voice": ("ref_audios", ".wav")}  # fmt: skip
"""What is kept of a sample: the folder, as the paper's scripts call it, and the suffix."""


@dataclass(frozen=True)
class PreparedFolder:
    """Names of everything that preparing leaves behind (docs/prepare.md)."""

    root: Path

    def files(self, split: str | None, key: str) -> dict[str, Path]:
        """The files of one sample by part."""
        above = self.root / split if split else self.root
        return {part: above / folder / f"{key}{suffix}" for part, (folder, suffix) in PARTS.items()}

    def record(self, key: str) -> Path:
        """What became of one sample."""
        return self._own / "samples" / f"{key}.json"

    @property
    def manifest(self) -> Path:
        """The table of all samples; there once everything is done."""
        return self.root / "manifest.csv"

    @property
    def findings(self) -> Path:
        """The table of what is no sample, and why."""
        return self.root / "findings.csv"

    @property
    def protocol(self) -> Path:
        """How it was prepared."""
        return self.root / "protocol.yaml"

    @property
    def _own(self) -> Path:
        return self.root / ".prepared"

    @property
    def _settings(self) -> Path:
        return self._own / "settings.json"

    @contextmanager
    def taken(self, settings: Mapping[str, Any], splits: Iterable[str | None]) -> Iterator[None]:
        """Make the folder this preparation's own, and keep other processes away until the block ends.

        What a killed process left half-written is removed.

        Raises:
            UserMistake: it holds something else, or another preparation; a part of it lies elsewhere; it cannot be
                written; another process works on it.
        """
        parts = [self.root / (split or "") / folder for split in set(splits) for folder, _ in PARTS.values()]
        try:
            self._refuse_strangers(parts)
            self.record("").parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserMistake(
                f"Cannot write to the folder {self.root} ({error.strerror}); choose another with --out."
            ) from error
        with locked(self._own / "lock", f"the prepared folder {self.root}"):
            self._refuse_another(settings)
            write_json(self._settings, settings)
            for folder in {*parts, self._own, self.record("").parent}:
                for left in folder.glob(".*") if folder.is_dir() else ():
                    if left.is_file():
                        left.unlink()
            yield

    def forget_all_but(self, keys: set[str]) -> int:
        """Remove samples of an earlier preparation that the dataset holds no longer; how many."""
        gone = [path for path in self.record("").parent.glob("*.json") if path.stem not in keys]
        for record in gone:
            kept = read_json(record)
            for name in kept.get("files", ()) if isinstance(kept, dict) else ():
                path = self.root / name
                if ".." not in Path(name).parts and path.is_file():
                    path.unlink()
            record.unlink()
        return len(gone)

    def _refuse_strangers(self, parts: Iterable[Path]) -> None:
        if self.root.is_dir() and os.listdir(self.root) and not self._settings.is_file():
            raise UserMistake(
                f"{self.root} holds files that are no prepared dataset: choose an empty or a new folder with --out."
            )
        for folder in {self.root / ".prepared", *parts, *(part.parent for part in parts)}:
            if folder != self.root and folder.is_symlink():
                raise UserMistake(f"{folder} is a link out of the prepared folder: remove it.")

    def _refuse_another(self, settings: Mapping[str, Any]) -> None:
        before = read_json(self._settings)
        if isinstance(before, dict) and (other := _differing(before, settings)):
            raise UserMistake(f"{self.root} was prepared otherwise ({other}): choose another folder with --out.")


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The first setting that differs, with both values."""
    for name in sorted({*before, *now}):
        one, other = before.get(name), now.get(name)
        if one != other:
            if isinstance(one, dict) and isinstance(other, dict):
                return f"{name}.{_differing(one, other)}"
            return f"{shown(name, 40)}: {shown(one, 60)}, now {shown(other, 60)}"
    return ""
