"""Mel-cepstra against SPTK, mel filters against librosa and torchvggish."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.audio.mel_cepstrum import mel_cepstrum, mel_warping
from metrics.audio.mel_filters import htk_mel_filters, slaney_mel_filters

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pysptk = pytest.importorskip("pysptk")


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([64, 256, 512, 1024]), st.integers(1, 30), st.floats(0, 0.8))
def test_mel_cepstra_are_sptks(seed: int, fft_size: int, order: int, alpha: float) -> None:
    power = np.random.default_rng(seed).exponential(size=(3, fft_size // 2 + 1)) + 1e-6
    expected = pysptk.sptk.mcep(power, order=order, alpha=alpha, maxiter=0, etype=1, eps=1e-8, min_det=0.0, itype=4)
    np.testing.assert_allclose(mel_cepstrum(power + 1e-8, order, alpha), expected, atol=1e-10)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 44100, 48000])
def test_warping_is_the_usual_one(rate: int) -> None:
    assert mel_warping(rate) == pytest.approx(pysptk.util.mcepalpha(rate), abs=1e-9)


def test_a_gain_changes_only_the_first_coefficient() -> None:
    power = np.random.default_rng(0).exponential(size=(4, 513)) + 0.01
    quiet, loud = mel_cepstrum(power, 13, 0.41), mel_cepstrum(power * 100, 13, 0.41)
    np.testing.assert_allclose(quiet[:, 1:], loud[:, 1:], atol=1e-12)
    np.testing.assert_allclose(loud[:, 0] - quiet[:, 0], np.log(100) / 2, atol=1e-3)


@pytest.mark.parametrize(("rate", "fft_size", "bands"), [(16000, 400, 40), (16000, 1024, 80), (22050, 2048, 128)])
def test_slaney_filters_are_librosas(rate: int, fft_size: int, bands: int) -> None:
    librosa = pytest.importorskip("librosa")
    expected = librosa.filters.mel(sr=rate, n_fft=fft_size, n_mels=bands, dtype=np.float64)
    np.testing.assert_allclose(slaney_mel_filters(rate, fft_size, bands), expected, atol=1e-12)


def test_htk_filters_are_vggishs() -> None:
    mel_features = pytest.importorskip("torchvggish.mel_features")
    expected = mel_features.spectrogram_to_mel_matrix(64, 257, 16000, 125, 7500)
    np.testing.assert_allclose(htk_mel_filters(16000, 512, 64, 125, 7500), expected.T, atol=1e-12)
