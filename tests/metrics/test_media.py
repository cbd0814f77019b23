"""A batch of a wrong shape, type or scale is one sentence that names it and says what is expected."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from metrics import (
    FrechetAudioDistance,
    FrechetInceptionDistance,
    FrechetVideoDistance,
    FrechetVideoMotionDistance,
    MelCepstralDistortion,
    ShortTimeObjectiveIntelligibility,
    Unmeasurable,
)
from metrics.audio.functional import mel_cepstral_distortion, short_time_objective_intelligibility
from metrics.audio.waveform import LOUDEST, checked

VIDEO_METRICS = (FrechetInceptionDistance, FrechetVideoDistance, FrechetVideoMotionDistance)
PAIRED = (MelCepstralDistortion, ShortTimeObjectiveIntelligibility)
RATE = 16000


@pytest.mark.parametrize("kind", VIDEO_METRICS)
@pytest.mark.parametrize(
    ("shape", "hint"),
    [
        ((2, 20, 32, 40, 3), "move the channels in front of height and width"),
        ((2, 32, 40, 3), "move the channels in front of height and width"),
        ((2, 20, 1, 32, 40), "repeat the one channel three times"),
        ((2, 1, 32, 40), "repeat the one channel three times"),
        ((2, 20, 4, 32, 40), "leave out the fourth channel"),
        ((2, 3, 20, 32, 40), "exchange channels and time"),
        ((2, 0, 3, 32, 40), ""),
        ((2, 20, 3, 0, 40), ""),
        ((32, 40), ""),
        ((2,), ""),
        ((), ""),
    ],
)
def test_video_of_another_shape(kind: Any, shape: tuple[int, ...], hint: str) -> None:
    with pytest.raises(ValueError, match=r"takes uint8 video \[N, T, 3, H, W\] in 0..255") as refused:
        kind().update(torch.zeros(shape, dtype=torch.uint8), real=True)
    assert f"got uint8 {list(shape)}" in str(refused.value)
    assert hint in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", VIDEO_METRICS)
def test_video_of_another_type(kind: Any) -> None:
    with pytest.raises(ValueError, match=r"got float32 \[1, 20, 3, 8, 8\]: scale 0..1 to 0..255 and round to uint8"):
        kind().update(torch.zeros(1, 20, 3, 8, 8), real=True)
    with pytest.raises(ValueError, match=r"got int64 \[1, 20, 3, 8, 8\]"):
        kind().update(torch.zeros(1, 20, 3, 8, 8, dtype=torch.int64), real=True)
    with pytest.raises(TypeError, match=r"takes a tensor, uint8 video .*, got a ndarray"):
        kind().update(np.zeros((1, 20, 3, 8, 8), np.uint8), real=True)


def test_only_fid_takes_images() -> None:
    images = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
    with pytest.raises(ValueError, match=r"fvd takes uint8 video .*, got uint8 \[2, 3, 8, 8\]"):
        FrechetVideoDistance().update(images, real=True)
    with pytest.raises(ValueError, match=r"or uint8 images \[N, 3, H, W\], got uint8 \[8, 8\]"):
        FrechetInceptionDistance().update(images[0, 0], real=True)


@pytest.mark.parametrize("kind", PAIRED)
@pytest.mark.parametrize(
    ("sound", "words"),
    [
        (torch.zeros(RATE), r"float32 \[16000\]: add the axis of clips in front"),
        (torch.zeros(1, 2, RATE), r"float32 \[1, 2, 16000\]: average the channels"),
        (torch.zeros(1, RATE, dtype=torch.int16), r"int16 \[1, 16000\]: divide 16-bit samples by 32768"),
        (torch.zeros(1, 4, 3, 8, 8, dtype=torch.uint8), r"uint8 \[1, 4, 3, 8, 8\]"),
    ],
)
def test_sound_of_another_shape_or_type(kind: Any, sound: torch.Tensor, words: str) -> None:
    with pytest.raises(ValueError, match=r"takes floating-point audio \[N, S\] in -1..1, got " + words):
        kind().update(sound, sound, sample_rate=RATE)


@pytest.mark.parametrize("rate", [0, -16000, float("nan"), 16000.0, "16000", True, 999])
def test_sample_rates_that_are_none(voiced: NDArray[np.float32], rate: Any) -> None:
    least = "sample_rate must be a whole number of Hz of at least"
    for function in (mel_cepstral_distortion, short_time_objective_intelligibility):
        with pytest.raises(ValueError, match=least):
            function(voiced, voiced, rate)
    with pytest.raises(ValueError, match=least):
        FrechetAudioDistance("fad-ge2e").update(torch.from_numpy(voiced)[None], real=True, sample_rate=rate)


def test_sound_on_the_scale_of_integers_is_refused(voiced: NDArray[np.float32]) -> None:
    for sound in (voiced * 32768, (voiced * 32768).astype(np.float64), -np.abs(voiced) * 32768 - 1):
        for function in (mel_cepstral_distortion, short_time_objective_intelligibility):
            for pair in ((sound, voiced), (voiced, sound)):
                with pytest.raises(Unmeasurable, match="divide those of 16 bits by 32768"):
                    function(*pair, RATE)
    with pytest.raises(Unmeasurable, match=r"the audio reaches \d+, and samples lie in -1..1"):
        FrechetAudioDistance("fad-ge2e").update(torch.from_numpy(voiced * 32768)[None], real=True, sample_rate=RATE)
    metric = MelCepstralDistortion()
    metric.update(torch.from_numpy(voiced * 32768)[None], torch.from_numpy(voiced)[None], sample_rate=RATE)
    with pytest.raises(Unmeasurable, match="divide those of 16 bits by 32768"):
        metric.compute()


def test_sound_over_full_scale_is_measured(voiced: NDArray[np.float32]) -> None:
    loud = voiced / np.abs(voiced).max() * np.float32(LOUDEST)
    assert np.array_equal(checked(loud, RATE, 0.1), loud)
