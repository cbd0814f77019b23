"""What mel-cepstral distortion and intelligibility share: a score per pair of waveforms, averaged."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from metrics.audio.waveform import Waveform, WaveformObserver
from metrics.metric import Modality, PairedMetric, Statistics


class PairedWaveformMetric(PairedMetric):
    """The mean over pairs of a score between a generated and a reference waveform.

    Args:
        sample_rate: Hz of the waveforms given to `update`.
        **kwargs: to `torchmetrics.Metric`.
    """

    modalities: ClassVar[frozenset[Modality]] = frozenset({"audio"})
    total: Tensor
    pairs: Tensor

    def __init__(self, sample_rate: int = 16000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sample_rate = sample_rate
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("pairs", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    @abstractmethod
    def clip_statistics(self, waveform: ArrayLike, sample_rate: int) -> Statistics:
        """The statistics of one waveform, floating point [S].

        Raises:
            Unmeasurable: it is too short, silent, or holds NaN or infinity.
        """

    def observe(self) -> WaveformObserver:
        return WaveformObserver(self.clip_statistics)

    def distance(self, generated: ArrayLike, reference: ArrayLike, sample_rate: int) -> float:
        """The score of one pair of waveforms, floating point [S]; raises `Unmeasurable` if there is none."""
        statistics = self.clip_statistics(reference, sample_rate), self.clip_statistics(generated, sample_rate)
        return float(self.compare(*statistics)["value"])

    def update(self, generated: Tensor, reference: Tensor) -> None:
        """Add pairs of waveforms, floating point [S] or [B, S]; the two may differ in S.

        Raises:
            Unmeasurable: a pair has no score; no pair of this call is added then.
            ValueError: the shapes do not pair up.
        """
        if generated.ndim != reference.ndim or generated.ndim not in (1, 2) or generated.shape[:-1] != reference.shape[:-1]:
            raise ValueError(
                f"Waveforms must be [S] or [B, S] with the same B, got {list(generated.shape)} and {list(reference.shape)}."
            )
        pairs = zip(_rows(generated), _rows(reference), strict=True)
        values = [self.distance(one, other, self.sample_rate) for one, other in pairs]
        self.total += sum(values)
        self.pairs += len(values)

    def compute(self) -> Tensor:
        """The mean over all pairs, float32 scalar."""
        if self.pairs == 0:
            raise ValueError(f"{type(self).__name__} has seen no pair of waveforms: call update() first.")
        return (self.total / self.pairs).float()


def _rows(waveforms: Tensor) -> list[Waveform]:
    return list(waveforms.detach().cpu().reshape(-1, waveforms.shape[-1]).numpy())
