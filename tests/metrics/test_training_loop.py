"""The metrics as torchmetrics objects in a training loop: copies, resets, collections, `forward`."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest
import torch
from torchmetrics import MetricCollection

from metrics import (
    ClipMetric,
    DistributionMetric,
    MelCepstralDistortion,
    PairedMetric,
    ShortTimeObjectiveIntelligibility,
    Unmeasurable,
)
from tests.metrics.test_distributed import METRICS

RATE = 16000


def clips(n: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 12000, generator=generator) * (0.1 + torch.rand(n, 1, generator=generator))


def add(metric: ClipMetric, seed: int) -> None:
    if isinstance(metric, PairedMetric):
        metric.update(clips(2, seed), clips(2, seed) + 0.1 * clips(2, seed + 1), sample_rate=RATE)
    else:
        metric.update(clips(2, seed), real=True, sample_rate=RATE)
        metric.update(clips(2, seed + 1), real=False, sample_rate=RATE)


@pytest.mark.parametrize("copied", [lambda metric: pickle.loads(pickle.dumps(metric)), ClipMetric.clone])
@pytest.mark.parametrize("name", METRICS)
def test_a_copy_goes_on_by_itself(name: str, copied: Callable[[ClipMetric], ClipMetric]) -> None:
    metric = METRICS[name]()
    add(metric, 0)
    before = float(metric.compute())
    copy = copied(metric)
    assert float(copy.compute()) == before
    assert copy.signature == metric.signature
    add(copy, 10)
    assert float(metric.compute()) == before
    add(metric, 10)
    assert float(copy.compute()) == float(metric.compute()) != before


@pytest.mark.parametrize("name", METRICS)
def test_reset_forgets(name: str) -> None:
    metric = METRICS[name]()
    add(metric, 0)
    first = float(metric.compute())
    metric.reset()
    with pytest.warns(UserWarning, match="before the ``update``"), pytest.raises(Unmeasurable):
        metric.compute()
    add(metric, 0)
    assert float(metric.compute()) == first


def test_forward_gives_the_batch_its_own_value() -> None:
    metric, whole = ShortTimeObjectiveIntelligibility(), ShortTimeObjectiveIntelligibility()
    for seed in (0, 10):
        batch = clips(3, seed), clips(3, seed) + 0.3 * clips(3, seed + 1)
        alone = ShortTimeObjectiveIntelligibility()
        alone.update(*batch, sample_rate=RATE)
        whole.update(*batch, sample_rate=RATE)
        assert float(metric(*batch, sample_rate=RATE)) == pytest.approx(float(alone.compute()), rel=1e-12)
    assert float(metric.compute()) == pytest.approx(float(whole.compute()), rel=1e-12)
    with pytest.raises(Unmeasurable, match="2 could not be measured"):
        metric(torch.zeros(2, 12000), torch.zeros(2, 12000), sample_rate=RATE)
    assert float(metric.compute()) == pytest.approx(float(whole.compute()), rel=1e-12)
    assert int(metric.unmeasured) == 2


@pytest.mark.parametrize("name", ["sums of features", "lists of clips"])
def test_a_set_has_no_value_of_one_batch(name: str) -> None:
    metric = METRICS[name]()
    assert isinstance(metric, DistributionMetric)
    add(metric, 0)
    before = float(metric.compute())
    with pytest.raises(TypeError, match="call `update` for both, then `compute`"):
        metric(clips(2, 0), real=True, sample_rate=RATE)
    assert float(metric.compute()) == before


def test_a_collection_updates_each_of_its_metrics() -> None:
    alone = {"mcd": MelCepstralDistortion(), "stoi": ShortTimeObjectiveIntelligibility()}
    together = MetricCollection({"mcd": MelCepstralDistortion(), "stoi": ShortTimeObjectiveIntelligibility()})
    # After the first batch both have counted two pairs without a score; torchmetrics would go on with one of them.
    silent = torch.zeros(2, 12000)
    for batch in ((silent, silent), (clips(2, 0), clips(2, 0) + 0.3 * clips(2, 1))):
        together.update(*batch, sample_rate=RATE)
        for metric in alone.values():
            metric.update(*batch, sample_rate=RATE)
    assert {k: float(v) for k, v in together.compute().items()} == {k: float(m.compute()) for k, m in alone.items()}


def test_a_collection_of_distances_between_sets() -> None:
    names = ("sums of features", "lists of clips")
    metrics = {name: METRICS[name]() for name in names}
    together = MetricCollection({name: METRICS[name]() for name in names})
    for real in (True, False):
        together.update(clips(4, int(real)), real=real, sample_rate=RATE)
        for metric in metrics.values():
            metric.update(clips(4, int(real)), real=real, sample_rate=RATE)
    assert {k: float(v) for k, v in together.compute().items()} == {k: float(m.compute()) for k, m in metrics.items()}
