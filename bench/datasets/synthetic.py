"""The bundled corpus of synthetic speakers, made at first use."""

from __future__ import annotations

from pathlib import Path

from bench.datasets.dataset import DatasetIndex, Sample
from bench.synthetic import load, make
from bench.synthetic.corpus import check_request
from bench.workers.pool import default_workers
from metrics.weights import cache_folder

_LICENCE = "synthetic: made by this software, shows and records nobody, free to use"


class Synthetic:
    """Clips of rendered people with synthetic voices; see `bench.synthetic`.

    Args:
        flavour: format and framing, a name from `bench.synthetic.FLAVOURS`.
        clips: how many to make; two of them in a row show one speaker.
        seed: which people, words and scenes.
    """

    name = "synthetic"

    def __init__(self, flavour: str = "voxceleb", clips: int = 8, seed: int = 7) -> None:
        check_request(flavour, clips)
        self._flavour, self._clips, self._seed = flavour, clips, seed
        self.default_root = cache_folder() / "synthetic" / f"{flavour}-{seed}"

    def load(self, root: Path) -> DatasetIndex:
        """See `Dataset.load`; clips that are not there yet are made, one worker to a core."""
        make(root, self._flavour, self._clips, self._seed, default_workers())
        samples = tuple(
            Sample(
                key=clip.key,
                path=clip.path,
                licence=_LICENCE,
                speaker=clip.speaker,
                audio=clip.path.with_suffix(".wav"),
                transcript=clip.transcript,
            )
            for clip in load(root)[: self._clips]
        )
        return DatasetIndex(self.name, root, samples, ())
