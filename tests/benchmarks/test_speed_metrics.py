"""Speed of what the metrics spend their time in; `make bench` runs it, see CONTRIBUTING.md."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from support.seeded_pips import seeded_frames, seeded_tracks

from metrics.audio.dtw import exact_dtw, fast_dtw_path
from metrics.audio.fad import FrechetAudioDistance
from metrics.audio.functional import short_time_objective_intelligibility
from metrics.audio.mcd import MelCepstralDistortion
from metrics.frechet.distance import frechet_distance
from metrics.motion.histograms import motion_histograms
from metrics.motion.lucas_kanade import LucasKanade
from metrics.video import i3d, inception
from metrics.video.resize import RESIZES

RATE = 16000


@pytest.fixture(scope="module")
def syllables() -> np.ndarray:
    """Three seconds of a gliding pitch under a syllabic envelope, 16 kHz."""
    t = np.arange(3 * RATE) / RATE
    phase = 2 * np.pi * (120 * t + 5 * t**2)
    sound = sum(np.sin(k * phase) / k for k in range(1, 20)) * (1.1 + np.sin(6 * np.pi * t))
    return (0.05 * (sound + np.random.default_rng(0).normal(size=len(t)) * 0.01)).astype(np.float32)


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    """Sixteen frames float32 [16, 3, 256, 256], 0..255."""
    return seeded_frames()


@pytest.mark.parametrize(("dimension", "vectors"), [(2048, 200), (400, 1000)])
def test_frechet_distance(benchmark: BenchmarkFixture, dimension: int, vectors: int) -> None:
    generator = np.random.default_rng(0)
    spread = np.logspace(0, -2, dimension)
    x, y = (generator.normal(size=(vectors, dimension)) * spread * scale for scale in (1.0, 1.2))
    assert benchmark(frechet_distance, x, y) > 0


def test_inception(benchmark: BenchmarkFixture) -> None:
    """A block of frames."""
    frames = torch.rand(inception.BLOCK, 3, 299, 299, generator=torch.Generator().manual_seed(0)) * 2 - 1
    network = inception.inception(2048, "cpu")
    with torch.inference_mode():
        assert benchmark(network, frames).shape == (inception.BLOCK, 2048)


def test_i3d(benchmark: BenchmarkFixture) -> None:
    """A window of 16 frames."""
    window = torch.rand(1, 3, 16, 224, 224, generator=torch.Generator().manual_seed(0)) * 2 - 1
    network = i3d.i3d("cpu")
    with torch.inference_mode():
        assert benchmark(network, window).shape == (1, 400)


def test_resize(benchmark: BenchmarkFixture, pictures: torch.Tensor) -> None:
    """Sixteen frames as FID's original resizes them."""
    assert benchmark(RESIZES["tf1"], pictures, 299).shape == (16, 3, 299, 299)


def test_motion_histograms(benchmark: BenchmarkFixture) -> None:
    """The tracks of a window of PIPs++."""
    benchmark(motion_histograms, seeded_tracks(0, windows=1)[0])


def test_lucas_kanade(benchmark: BenchmarkFixture, pictures: torch.Tensor) -> None:
    """Sixteen frames, a window."""
    images = [*pictures.permute(0, 2, 3, 1).numpy().astype(np.uint8)]

    def window() -> None:
        tracker = LucasKanade().start(torch.device("cpu"))
        for image in images:
            tracker.track(image)

    benchmark(window)


@pytest.mark.parametrize("align", [exact_dtw, fast_dtw_path])
def test_alignment(benchmark: BenchmarkFixture, align: object) -> None:
    """Five seconds against five seconds: 1001 frames of 5 ms."""
    x, y = np.random.default_rng(0).normal(size=(2, 1001, 13))
    benchmark(align, x, y)


@pytest.mark.parametrize("name", ["mcd", "mcd-pymcd-dtw", "mcd-80"])
def test_mel_cepstra(benchmark: BenchmarkFixture, name: str, syllables: np.ndarray) -> None:
    metric = MelCepstralDistortion(name)

    def analysis() -> None:
        observer = metric.observe()
        observer.waveform(syllables, RATE)
        observer.finish()()

    benchmark(analysis)


@pytest.mark.parametrize("name", ["stoi", "stoi-dtw"])
def test_intelligibility(benchmark: BenchmarkFixture, name: str, syllables: np.ndarray) -> None:
    noisy = syllables + np.random.default_rng(1).normal(size=len(syllables)).astype(np.float32) * 0.02
    benchmark(short_time_objective_intelligibility, noisy, syllables, RATE, name)


def test_voice_embedding(benchmark: BenchmarkFixture, syllables: np.ndarray) -> None:
    metric = FrechetAudioDistance("fad-ge2e")
    embedding = metric.config.embedding
    embedding.vectors(syllables, RATE, metric.device)  # builds the network
    benchmark(partial(embedding.vectors, syllables, RATE, metric.device))
