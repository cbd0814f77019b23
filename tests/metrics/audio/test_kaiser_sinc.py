"""The resamplers of the packages that FAD follows, against resampy and against what any resampler owes."""

from __future__ import annotations

import numpy as np
import pytest

from metrics.audio.embeddings.kaiser_sinc import RESAMPY, TORCHAUDIO, KaiserSinc


@pytest.mark.parametrize("rate", [8000, 22050, 24000, 48000])
def test_samples_are_resampys(rate: int, voiced: np.ndarray) -> None:
    resampy = pytest.importorskip("resampy")
    ours, theirs = RESAMPY(voiced[:rate], rate, 16000), resampy.resample(voiced[:rate], rate, 16000)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < 5e-4 * np.abs(theirs).max()


@pytest.mark.parametrize("filter_", [RESAMPY, TORCHAUDIO], ids=["resampy", "torchaudio"])
def test_tones_pass_below_and_vanish_above(filter_: KaiserSinc) -> None:
    t = np.arange(44100) / 44100
    low, high = (np.sin(2 * np.pi * hertz * t).astype(np.float32) for hertz in (1000, 9500))
    middle = slice(1000, 15000)
    expected = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    np.testing.assert_allclose(filter_(low, 44100, 16000)[middle], expected[middle], atol=1e-4)
    assert np.abs(filter_(high, 44100, 16000)[middle]).max() < 1e-4


def test_lengths_and_equal_rates(voiced: np.ndarray) -> None:
    assert RESAMPY(voiced, 16000, 16000) is voiced
    assert len(RESAMPY(voiced[:1001], 22050, 16000)) == 726  # 726.4 samples
    assert len(TORCHAUDIO(voiced[:1001], 22050, 16000)) == 727
