"""A run on disk: where each thing lies."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.errors import UserMistake


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
        """Per-clip statistics by the device that computed them, since devices round differently."""
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
