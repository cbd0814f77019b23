"""The audio metrics over two processes give what one process gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed
import torch.multiprocessing
from torchmetrics import Metric

from metrics.audio.mcd import MelCepstralDistortion
from metrics.audio.stoi import ShortTimeObjectiveIntelligibility

RATE = 16000


def pairs() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    clean = torch.randn(5, 12000, generator=generator) * 0.1
    return clean + torch.randn(5, 12000, generator=generator) * 0.05, clean


def updated(metric: Metric, rank: int, processes: int) -> Metric:
    generated, reference = pairs()
    metric.update(generated[rank::processes], reference[rank::processes], sample_rate=RATE)
    return metric


def one_of_two(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    rendezvous = f"file://{folder}/rendezvous"
    torch.distributed.init_process_group("gloo", init_method=rendezvous, rank=rank, world_size=2)
    metrics = [updated(metric(), rank, 2) for metric in (MelCepstralDistortion, ShortTimeObjectiveIntelligibility)]
    np.save(f"{folder}/{rank}.npy", [metric.compute().item() for metric in metrics])
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_agree_with_one(tmp_path: Path) -> None:
    torch.multiprocessing.spawn(one_of_two, (str(tmp_path),), nprocs=2)
    metrics = [updated(metric(), 0, 1) for metric in (MelCepstralDistortion, ShortTimeObjectiveIntelligibility)]
    alone = [metric.compute().item() for metric in metrics]
    for rank in range(2):
        np.testing.assert_allclose(np.load(tmp_path / f"{rank}.npy"), alone, rtol=1e-12)
