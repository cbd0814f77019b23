"""A run on disk: where each thing lies, and writing that survives being killed at any moment."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.mistakes import UserMistake


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well, and vanishes when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys, so that equal content gives equal bytes."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """The JSON content of a file, or None where there is no such file or it is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return None


@dataclass(frozen=True)
class RunFolder:
    """Names of everything that a run leaves behind (README, 'A run on disk')."""

    root: Path

    @property
    def study(self) -> Path:
        return self.root / "study.yaml"

    @property
    def environment(self) -> Path:
        return self.root / "environment.json"

    @property
    def results(self) -> Path:
        return self.root / "results.json"

    def generated(self, generator: str, dataset: str) -> Path:
        """Folder of one generator's clips for one dataset."""
        return self.root / "generated" / generator / dataset

    def selection(self, dataset: str) -> Path:
        """Which clips of a dataset take part, their texts and voices, and which do not and why."""
        return self.root / "selected" / f"{dataset}.json"

    def reference(self, dataset: str, key: str) -> Path:
        """The reference clip, kept for people to play beside the generated ones."""
        return self.root / "reference" / dataset / f"{key}.mp4"

    def record(self, generator: str, dataset: str, key: str) -> Path:
        """What is known of one generated clip: its file, its seconds per stage, or why it failed."""
        return self.generated(generator, dataset) / f"{key}.json"

    def measured(self, device: str) -> Path:
        """Per-clip statistics by the device that computed them, since devices round differently; see `bench.store`."""
        return self.root / "measured" / device.replace(":", "")

    @property
    def recognised(self) -> Path:
        """Cache of recognised transcripts, named by content."""
        return self.root / "recognised"

    def create(self) -> None:
        """Make the folder and prove that it can be written.

        Raises:
            UserMistake: it cannot.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise UserMistake(
                f"Cannot write to the run folder {self.root} ({error.strerror or error}); choose another with --out."
            ) from error
