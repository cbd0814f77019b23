"""Two processes give what one gives, for every kind of state and however the clips are spread."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
import torch.distributed
import torch.multiprocessing
from numpy.typing import NDArray

from metrics import (
    ClipMetric,
    DistributionMetric,
    FrechetAudioDistance,
    FrechetInceptionDistance,
    MelCepstralDistortion,
    PairedMetric,
    ShortTimeObjectiveIntelligibility,
    Statistics,
    Unmeasurable,
)
from metrics.audio.embeddings.embedding import Embedding, Network
from metrics.audio.fad import FrechetAudioDistanceConfig
from metrics.audio.waveform import WaveformObserver
from metrics.video.fid import FIDConfig

RATE = 16000
CLIPS = 5
SPLITS = {"evenly": (2, 3), "unevenly": (1, 4), "all to one": (0, 5), "nothing at all": (0, 0)}
"""How many of the clips each of the two processes sees."""
PATIENCE = 60  # seconds until two processes that wait for each other count as hanging


@dataclass(frozen=True)
class BandEnergies(Embedding):
    """Log energies of four octaves, every quarter of a second: an embedding without a network."""

    weights: ClassVar[tuple[str, ...]] = ()
    sample_rate: ClassVar[int] = RATE
    dimension: ClassVar[int] = 4
    shortest: ClassVar[float] = 0.25

    def network(self, weights: Mapping[str, Path], device: torch.device) -> Network:
        def embed(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
            pieces = waveform[: len(waveform) // 4000 * 4000].reshape(-1, 4000)
            power = np.abs(np.fft.rfft(pieces)) ** 2
            octaves = np.split(power, [125, 250, 500, 1000], axis=1)[1:]
            return np.log(np.stack([octave.sum(axis=1) for octave in octaves], axis=1)).astype(np.float32)

        return embed


class MedianPower(DistributionMetric):
    """A distance that no sum can give: it needs every clip, kept in list states."""

    name = "median-power"
    title = "Median power"
    modalities: ClassVar = frozenset({"audio"})
    higher_is_better = False

    def observe(self) -> WaveformObserver:
        return WaveformObserver(lambda waveform, _: {"power": np.square(waveform, dtype=np.float64).mean()})

    def reduce(self, reference: Sequence[Statistics], generated: Sequence[Statistics]) -> float:
        theirs, ours = (np.median([clip["power"] for clip in clips]) for clips in (reference, generated))
        return float(abs(theirs - ours))


METRICS: dict[str, Callable[[], ClipMetric]] = {
    "sums of features": lambda: FrechetAudioDistance("fad-bands", FrechetAudioDistanceConfig(BandEnergies())),
    "lists of clips": MedianPower,
    "pairs, mcd": MelCepstralDistortion,
    "pairs, stoi": ShortTimeObjectiveIntelligibility,
}
NETWORKS: dict[str, Callable[[], ClipMetric]] = {"fid": lambda: FrechetInceptionDistance("fid-64", FIDConfig(width=64))}


def media(metric: ClipMetric) -> tuple[torch.Tensor, torch.Tensor]:
    """Generated and reference clips, the third pair a silent one where pairs may be unmeasurable."""
    generator = torch.Generator().manual_seed(0)
    if "video" in metric.modalities:
        shape = (CLIPS, 2, 3, 32, 32)
        generated, reference = (torch.randint(0, 256, shape, generator=generator) for _ in range(2))
        return generated.to(torch.uint8), reference.to(torch.uint8)
    reference = torch.randn(CLIPS, 12000, generator=generator) * torch.rand(CLIPS, 1, generator=generator)
    generated = reference + torch.randn(CLIPS, 12000, generator=generator) * 0.3
    if isinstance(metric, PairedMetric):
        generated[2] = reference[2] = 0
    return generated, reference


def add(metric: ClipMetric, start: int, count: int) -> None:
    generated, reference = (clips[start : start + count] for clips in media(metric))
    rate: dict[str, Any] = {} if "video" in metric.modalities else {"sample_rate": RATE}
    if isinstance(metric, PairedMetric):
        metric.update(generated, reference, **rate)
    elif count:  # a process without clips may as well never call `update`
        metric.update(generated, real=False, **rate)
        metric.update(reference, real=True, **rate)


def result(metric: ClipMetric) -> float | str:
    try:
        return float(metric.compute())
    except Unmeasurable as reason:
        return str(reason)


def one_of_two(rank: int, folder: str, names: Sequence[str], splits: Sequence[str]) -> None:
    torch.set_num_threads(1)
    meeting = f"file://{folder}/rendezvous"
    patience = timedelta(seconds=PATIENCE)
    torch.distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=2, timeout=patience)
    found: dict[str, dict[str, list[float | str]]] = {}
    for name in names:
        for split in splits:
            shares = SPLITS[split]
            metric = (METRICS | NETWORKS)[name]()
            add(metric, sum(shares[:rank]), shares[rank])
            found.setdefault(name, {})[split] = [result(metric)]
            # one clip more after a result, whatever it was: gathered clips must not stay behind
            add(metric, 0, 1)
            found[name][split].append(result(metric))
    Path(folder, f"{rank}.json").write_text(json.dumps(found), encoding="utf-8")
    torch.distributed.destroy_process_group()


def in_one(name: str, split: str) -> list[float | str]:
    metric = (METRICS | NETWORKS)[name]()
    add(metric, 0, sum(SPLITS[split]))
    first = result(metric)
    for _ in range(2):
        add(metric, 0, 1)
    return [first, result(metric)]


def in_two(names: Sequence[str], splits: Sequence[str], folder: Path) -> list[Any]:
    context = torch.multiprocessing.spawn(one_of_two, (str(folder), names, splits), nprocs=2, join=False)
    deadline = time.monotonic() + PATIENCE
    while not context.join(timeout=1):
        if time.monotonic() > deadline:
            for process in context.processes:
                process.kill()
            pytest.fail("two processes wait for each other")
    return [json.loads((folder / f"{rank}.json").read_text(encoding="utf-8")) for rank in range(2)]


@pytest.fixture(scope="module")
def by_rank(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    return in_two(tuple(METRICS), tuple(SPLITS), tmp_path_factory.mktemp("ranks"))


def check(found: Mapping[str, Mapping[str, Sequence[float | str]]], name: str, split: str) -> None:
    for two, one in zip(found[name][split], in_one(name, split), strict=True):
        assert two == (one if isinstance(one, str) else pytest.approx(one, rel=1e-9))


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", METRICS)
def test_two_processes_agree_with_one(by_rank: list[Any], name: str, split: str) -> None:
    for found in by_rank:
        check(found, name, split)


@pytest.mark.weights
def test_two_processes_agree_with_one_on_a_networks_features(tmp_path: Path) -> None:
    for found in in_two(tuple(NETWORKS), ("unevenly",), tmp_path):
        check(found, "fid", "unevenly")


def test_without_clips_nobody_has_a_number() -> None:
    for name in METRICS:
        first, after = in_one(name, "nothing at all")
        assert isinstance(first, str)
        assert "0" in first
        assert isinstance(after, float)
