"""Seconds per clip of the audio metrics, with pytest-benchmark; NARRATOR_BENCH_WEIGHTS names the folder with mn04.

`pytest -o python_files=bench_*.py -o python_functions=bench_* tests/benchmarks/bench_audio_metrics.py`
"""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from metrics.audio.dtw import exact_dtw, fast_dtw_path
from metrics.audio.fad import FrechetAudioDistance
from metrics.audio.functional import short_time_objective_intelligibility
from metrics.weights import WeightsMissing

RATE = 16000


@pytest.fixture
def ten_seconds() -> np.ndarray:
    return (np.random.default_rng(0).normal(size=10 * RATE) * 0.1).astype(np.float32)


@pytest.mark.parametrize("name", ["fad", "fad-ge2e", "fad-speech", "fad-mn04"])
def bench_embedding(benchmark: BenchmarkFixture, name: str, ten_seconds: np.ndarray) -> None:
    try:
        embedding = FrechetAudioDistance(name).config.embedding
    except WeightsMissing as error:
        pytest.skip(str(error))
    metric = FrechetAudioDistance(name)
    benchmark(embedding.vectors, ten_seconds, RATE, metric.device)


@pytest.mark.parametrize("name", ["stoi", "estoi", "stoi-dtw"])
def bench_intelligibility(benchmark: BenchmarkFixture, name: str, ten_seconds: np.ndarray) -> None:
    noisy = ten_seconds + np.random.default_rng(1).normal(size=len(ten_seconds)).astype(np.float32) * 0.05
    benchmark(short_time_objective_intelligibility, noisy, ten_seconds, RATE, name)


@pytest.mark.parametrize("align", [exact_dtw, fast_dtw_path])
def bench_alignment(benchmark: BenchmarkFixture, align: object) -> None:
    """Ten seconds against ten seconds: 2001 frames of 5 ms."""
    x, y = np.random.default_rng(0).normal(size=(2, 2001, 13))
    benchmark(align, x, y)
