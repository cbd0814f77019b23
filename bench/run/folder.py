"""A run on disk: where each thing lies."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench.errors import UserMistake
from bench.workers.lock import locked
from bench.workers.shard import Shard


@dataclass(frozen=True)
class RunFolder:
    """Names of everything that a run leaves behind (docs/study.md, 'A run on disk')."""

    root: Path

    @property
    def study(self) -> Path:
        return self.root / "study.yaml"

    @property
    def environment(self) -> Path:
        return self.root / "environment.json"

    @property
    def machines(self) -> Path:
        """Records of the machines that took part, see `bench.workers.machines`."""
        return self.root / "environments"

    @property
    def results(self) -> Path:
        return self.root / "results.json"

    def selection(self, dataset: str) -> Path:
        """Which clips of a dataset take part, their texts and voices, and which do not and why."""
        return self.root / "selected" / f"{dataset}.json"

    def source(self, dataset: str) -> Path:
        """Which objects of a store a dataset was mirrored from."""
        return self.root / "sources" / f"{dataset}.json"

    def prompt(self, dataset: str, key: str) -> Path:
        """All that a generator is given for one clip."""
        return self.root / "prompts" / dataset / f"{key}.prompt"

    def reference(self, dataset: str, key: str) -> Path:
        """The reference clip, kept for people to play beside the generated ones."""
        return self.root / "reference" / dataset / f"{key}.mp4"

    def generated(self, generator: str, dataset: str, key: str) -> Path:
        """One generated clip; the suffix of a finished clip is that of its own file."""
        return self.root / "generated" / generator / dataset / f"{key}.mp4"

    def cost(self, generator: str, dataset: str, key: str) -> Path:
        """Seconds and memory that one generated clip took: the only part of a run that differs each time."""
        return self.root / "costs" / generator / dataset / f"{key}.json"

    def measured(self, device: str) -> Path:
        """Per-clip statistics by the device that computed them, since devices round differently."""
        return self.root / "measured" / device.replace(":", "")

    @property
    def traces(self) -> Path:
        """Which picture of `trace` belongs to which clip."""
        return self.root / "traces.json"

    def trace(self, name: str) -> Path:
        """A picture of a clip's sound and motion for the report's gallery, named by content."""
        return self.root / "traces" / f"{name}.svg"

    @property
    def recognised(self) -> Path:
        """Cache of recognised transcripts, named by content."""
        return self.root / "recognised"

    def create(self, study: str) -> None:
        """Make the folder and prove that it can be written and is not another study's.

        Raises:
            UserMistake: it cannot, or it is.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UserMistake(
                f"Cannot write to the run folder {self.root} ({reason}); choose another with --out."
            ) from error
        self.check(study)

    def check(self, study: str) -> None:
        """Look whether the folder is another study's.

        Raises:
            UserMistake: it is.
        """
        if (found := self._study_name()) not in (None, study):
            raise UserMistake(
                f"{self.root} holds a run of the study {found!r}, not of {study!r}: choose another folder with --out."
            )

    @contextmanager
    def locked(self, shard: Shard) -> Iterator[None]:
        """Keep other processes from doing the same shard of this run; the lock ends with this process.

        Raises:
            UserMistake: another process does it already.
        """
        with locked(self.root / f".lock-{shard.index + 1}-of-{shard.count}", f"this run in {self.root}"):
            yield

    def _study_name(self) -> str | None:
        """The name of the study whose run this is; None if the folder holds none that can be read."""
        try:
            content = yaml.safe_load(self.study.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError):
            return None
        name = content.get("name") if isinstance(content, dict) else None
        return name if isinstance(name, str) else None
