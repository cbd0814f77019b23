"""A MetricCollection never takes two conventions for one, not even where their first batch leaves no trace."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torchmetrics import MetricCollection

from metrics import ClipMetric, ClipObserver, MelCepstralDistortion, PairedMetric, Statistics, Unmeasurable
from metrics.builtin import METRICS

RATE = 16000


class Mute(ClipObserver):
    """Sees the same in every clip."""

    def __init__(self, width: int) -> None:
        self._width = width

    def finish(self) -> Callable[[], Statistics]:
        return lambda: {"features": np.zeros((2, self._width), np.float32)}


def same_class() -> list[tuple[str, str]]:
    return [(a, b) for a, b in combinations(METRICS, 2) if METRICS[a] is METRICS[b]]


@pytest.mark.parametrize(("one", "other"), same_class())
def test_conventions_of_one_class_are_never_merged(monkeypatch: pytest.MonkeyPatch, one: str, other: str) -> None:
    """The features are all zero and the pairs have no score, so that every other state is equal."""
    metric = METRICS[one]

    def unmeasurable(*_: Any) -> Statistics:
        raise Unmeasurable("nothing to hear")

    if issubclass(metric, PairedMetric):
        monkeypatch.setattr(metric, "compare", unmeasurable)
    monkeypatch.setattr(metric, "observe", lambda _: Mute(8))
    for name in ("dimension", "compared"):
        monkeypatch.setattr(metric, name, 8 if name == "dimension" else [0], raising=False)
    monkeypatch.setattr(metric, "vectors", lambda _, statistics: torch.as_tensor(statistics["features"]), raising=False)
    collection = MetricCollection({one: METRICS[one](one), other: METRICS[other](other)})
    video = "video" in metric.modalities
    batch = torch.zeros((1, 16, 3, 8, 8), dtype=torch.uint8) if video else torch.zeros(1, RATE)
    rate = {} if video else {"sample_rate": RATE}
    if issubclass(metric, PairedMetric):
        collection.update(batch, batch, **rate)
    else:
        collection.update(batch, real=True, **rate)
    assert sorted(map(sorted, collection.compute_groups.values())) == sorted([[one], [other]])


def test_a_silent_first_batch_does_not_make_two_conventions_one(voiced: NDArray[np.float32]) -> None:
    silent, speech = torch.zeros(1, len(voiced)), torch.from_numpy(voiced)[None]
    noisy = speech + 0.02 * torch.randn(speech.shape, generator=torch.Generator().manual_seed(0))
    collection = MetricCollection({name: MelCepstralDistortion(name) for name in ("mcd", "mcd-80")})
    collection.update(silent, silent, sample_rate=RATE)
    collection.update(noisy, speech, sample_rate=RATE)
    for name, value in collection.compute().items():
        alone = MelCepstralDistortion(name)
        alone.update(noisy, speech, sample_rate=RATE)
        assert value == alone.compute()


class Level(PairedMetric):
    name, title = "level", "Level"
    modalities = frozenset({"audio"})
    higher_is_better = False

    def __init__(self, floor: float) -> None:
        super().__init__()
        self.config = SimpleNamespace(floor=floor)

    def observe(self) -> ClipObserver:
        return Mute(1)

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        raise Unmeasurable("silent")


def test_a_configuration_set_after_construction_counts_as_well() -> None:
    collection = MetricCollection({"low": Level(1e-6), "high": Level(1e-3)})
    collection.update(torch.zeros(1, 10), torch.zeros(1, 10), sample_rate=RATE)
    assert len(collection.compute_groups) == 2


@pytest.mark.parametrize("name", METRICS)
def test_one_order_of_construction(name: str) -> None:
    metric: ClipMetric = METRICS[name](name)
    assert (metric.name, metric.title, metric.config) == (name, name.upper(), METRICS[name].conventions[name])
    renamed = METRICS[name]("mine", metric.config)
    assert (renamed.name, renamed.title, renamed.config) == ("mine", "MINE", metric.config)
    default = METRICS[name]()
    assert default.config == METRICS[name].conventions[default.name]
    with pytest.raises(ValueError, match="No convention is called 'mine'"):
        METRICS[name]("mine")
    with pytest.raises(TypeError, match=r"A metric's name is a text, got .*; give a configuration as config="):
        METRICS[name](metric.config)
    with pytest.raises(TypeError, match=f"is configured by a {type(metric.config).__name__}, got 3"):
        METRICS[name]("mine", 3)
