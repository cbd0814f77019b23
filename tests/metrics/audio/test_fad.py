"""Frechet audio distance: the whole way against an independent computation, and its behaviour on sets of clips."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics import MetricCollection

from metrics.audio.embeddings.embedding import Embedding, Network
from metrics.audio.fad import CONVENTIONS, FrechetAudioDistance, FrechetAudioDistanceConfig
from metrics.base.metric import Statistics, Unmeasurable
from metrics.weights import WeightsMissing

RATE = 16000


@dataclass(frozen=True)
class Bands(Embedding):
    """Log energies of four bands per tenth of a second: no weights, and easy to follow."""

    weights: ClassVar[tuple[str, ...]] = ()
    sample_rate: ClassVar[int] = RATE
    dimension: ClassVar[int] = 4
    shortest: ClassVar[float] = 0.2

    def network(self, weights: object, device: torch.device) -> Network:
        def embed(waveform: np.ndarray) -> np.ndarray:
            frames = waveform[: len(waveform) // 1600 * 1600].reshape(-1, 1600)
            power = np.abs(np.fft.rfft(frames)[:, 1:]) ** 2
            return np.log(power.reshape(len(frames), 4, -1).mean(axis=2) + 1e-9).astype(np.float32)

        return embed


def fad() -> FrechetAudioDistance:
    return FrechetAudioDistance("fad-bands", FrechetAudioDistanceConfig(Bands()))


def noise(seed: int, clips: int, scale: float = 0.1) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=(clips, 16000)) * scale).astype(np.float32)


def observed(metric: FrechetAudioDistance, waveform: np.ndarray) -> Statistics:
    observer = metric.observe()
    observer.waveform(waveform, RATE)
    return observer.finish()()


def clips(metric: FrechetAudioDistance, waveforms: np.ndarray) -> dict[str, Statistics]:
    return {f"clip{index}": observed(metric, waveform) for index, waveform in enumerate(waveforms)}


def test_the_distance_is_the_textbooks() -> None:
    metric = fad()
    reference, generated = noise(0, 8), noise(1, 6, 0.2)
    x, y = (np.concatenate([observed(metric, clip)["features"] for clip in each]) for each in (reference, generated))
    sigma_x, sigma_y = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    shift = x.mean(axis=0, dtype=np.float64) - y.mean(axis=0, dtype=np.float64)
    root = scipy.linalg.sqrtm(sigma_x @ sigma_y).real
    expected = shift @ shift + np.trace(sigma_x + sigma_y - 2 * root)
    assert metric.score(clips(metric, reference), clips(metric, generated)).value == pytest.approx(expected, rel=1e-9)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1), st.permutations(range(6)))
def test_neither_order_nor_batches_matter(seed: int, order: list[int]) -> None:
    reference, generated = noise(seed, 6), noise(seed + 1, 6, 0.15)
    plain, shuffled = fad(), fad()
    for metric, indices, size in ((plain, list(range(6)), 6), (shuffled, order, 2)):
        for start in range(0, 6, size):
            chosen = indices[start : start + size]
            metric.update(torch.from_numpy(reference[chosen]), real=True, sample_rate=RATE)
            metric.update(torch.from_numpy(generated[chosen]), real=False, sample_rate=RATE)
    assert plain.compute().item() == pytest.approx(shuffled.compute().item(), rel=1e-9)
    scored = plain.score(clips(plain, reference), clips(plain, generated)).value
    assert plain.compute().item() == pytest.approx(scored, rel=1e-7)


def test_a_set_is_at_distance_zero_from_itself_and_the_distance_is_symmetric() -> None:
    metric = fad()
    here, there = clips(metric, noise(0, 5)), clips(metric, noise(1, 5, 0.3))
    assert metric.score(here, here).value == 0
    assert metric.score(here, there).value == pytest.approx(metric.score(there, here).value, rel=1e-9)


def test_too_few_vectors_are_a_reason_not_a_number() -> None:
    metric = fad()
    score = metric.score({}, clips(metric, noise(0, 2)))
    assert score.value is None
    assert "two reference feature vectors" in str(score.missing)
    with pytest.raises(Unmeasurable), pytest.warns(UserWarning, match="before the ``update``"):
        fad().compute()


def test_few_clips_are_said() -> None:
    metric = fad()
    assert any("below the sensible minimum" in note for note in metric.score(*[clips(metric, noise(0, 3))] * 2).notes)


def test_pickles_and_collects() -> None:
    collection = MetricCollection({"fad": fad()})
    audio = torch.from_numpy(noise(0, 3))
    collection.update(audio, real=True, sample_rate=RATE)
    collection.update(audio * 2, real=False, sample_rate=RATE)
    value = collection.compute()["fad"]
    copy = pickle.loads(pickle.dumps(collection["fad"]))
    assert copy.compute() == value > 0
    assert copy.higher_is_better is False


def test_weights_that_no_registry_carries_are_asked_for_on_first_use(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NARRATOR_BENCH_CACHE", str(tmp_path))
    monkeypatch.delenv("NARRATOR_BENCH_WEIGHTS", raising=False)
    for name in ("fad", "fad-gudgud96", "fad-fadtk"):
        metric = FrechetAudioDistance(name)
        with pytest.raises(WeightsMissing, match=r"download https://.*vggish-10086976\.pth"):
            observed(metric, noise(0, 1)[0])


def test_an_unknown_convention_is_answered_with_the_list() -> None:
    with pytest.raises(ValueError, match=r"Did you mean: fad-ge2e.*\? Available: fad, fad-clap"):
        FrechetAudioDistance("fad-gee2e")
    assert len(CONVENTIONS) == 9


def test_what_is_named_after_a_package_hears_the_files_own_rate() -> None:
    native = {name for name in CONVENTIONS if FrechetAudioDistance(name).native_audio}
    assert native == {"fad-gudgud96", "fad-fadtk", "fad-clap", "fad-pann", "fad-encodec"}
    clap = FrechetAudioDistance("fad-clap")
    assert clap.signature.partition("|ddof")[2].startswith(":1|native_audio:True|")
    assert clap.statistics_id != FrechetAudioDistance("x", replace(clap.config, native_audio=False)).statistics_id


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000, 192000])
@pytest.mark.parametrize("name", [name for name in CONVENTIONS if name != "fad-fadtk"])
def test_any_sample_rate_reaches_the_network_at_its_own(name: str, rate: int) -> None:
    embedding = CONVENTIONS[name].embedding
    tone = np.sin(2 * np.pi * 440 * np.arange(rate) / rate).astype(np.float32)
    heard = embedding.resampled(tone, rate)
    assert heard.dtype == np.float32
    assert abs(len(heard) - embedding.sample_rate) <= 1
    middle = slice(len(heard) // 4, 3 * len(heard) // 4)
    expected = np.sin(2 * np.pi * 440 * np.arange(len(heard)) / embedding.sample_rate)
    np.testing.assert_allclose(heard[middle], expected[middle], atol=2e-3)


@pytest.mark.weights
def test_signature_and_cache_name_the_embedding() -> None:
    names = ("fad-ge2e", "fad-speech")
    metrics = [FrechetAudioDistance(name) for name in names]
    assert len({metric.statistics_id for metric in metrics}) == 2
    assert "ge2e@39373b86598f" in metrics[0].signature


@pytest.mark.weights
@pytest.mark.shared
def test_voices_are_told_apart(speech: Callable) -> None:
    """On the voice embedding another half of one reader is nearer than four other readers are."""
    metric = FrechetAudioDistance("fad-ge2e")
    lj = [speech(f"speech/LJ001-000{n}.wav", 5) for n in (1, 3, 4, 5, 6, 7)]
    files = ("arctic_a0009.wav", "libri_2412-153948-0000.flac", "ami_ES2011a_headset_40-46s.wav")
    others = [speech(f"speech/{file}", 5) for file in files]
    same = metric.score(clips(metric, lj[:3]), clips(metric, lj[3:])).value
    different = metric.score(clips(metric, lj[:3]), clips(metric, others)).value
    assert same < 0.5 * different
