"""PSNR, SSIM and LPIPS against torchmetrics; flicker, blinks and the head's turns by construction."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from metrics.base.metric import PairedMetric, Statistics, Unmeasurable
from metrics.builtin import make
from metrics.video.face_motion import BlinkRateConfig, _turn, blinks
from metrics.video.lpips import lpips

SEEN = np.random.default_rng(0).integers(0, 256, (11, 16, 16, 3), dtype=np.uint8).repeat(4, axis=1).repeat(4, axis=2)
NOISY = (SEEN + np.random.default_rng(1).normal(0, 20, SEEN.shape)).clip(0, 255).astype(np.uint8)


def kept(metric: PairedMetric, frames: NDArray[np.uint8]) -> Statistics:
    observer = metric.observe()
    for start in range(0, len(frames), 4):
        observer.frames(frames[start : start + 4])
    return observer.finish()()


def value(name: str, reference: NDArray[np.uint8], generated: NDArray[np.uint8], **options: Any) -> float:
    metric = make(name, **options)
    return float(metric.compare(kept(metric, reference), kept(metric, generated))["value"])


def tensors(*clips: NDArray[np.uint8]) -> list[torch.Tensor]:
    return [torch.from_numpy(clip).permute(0, 3, 1, 2).float() for clip in clips]


def test_psnr_and_ssim_are_torchmetrics() -> None:
    wanted, made = tensors(SEEN, NOISY)
    psnr = peak_signal_noise_ratio(made, wanted, data_range=255.0, dim=(1, 2, 3), reduction="elementwise_mean")
    assert value("psnr", SEEN, NOISY, side=64, stride=1) == pytest.approx(float(psnr), rel=1e-6)
    ssim = structural_similarity_index_measure(made.double(), wanted.double(), data_range=255.0)
    assert value("ssim", SEEN, NOISY, side=64, stride=1) == pytest.approx(float(ssim), rel=1e-12)


@pytest.mark.weights
def test_lpips_is_torchmetrics_on_the_same_alexnet(monkeypatch: pytest.MonkeyPatch) -> None:
    """torchmetrics takes AlexNet from torchvision, which is not here: ours stands in for it, its heads are its own."""
    ours = lpips("cpu")
    stages: list[torch.nn.Module] = []
    for number, layer in enumerate(ours.layers):
        stages += [torch.nn.MaxPool2d(3, 2)] if number in (1, 2) else []
        stages += [layer, torch.nn.ReLU()]
    features = torch.nn.Sequential(*stages)
    module: Any = importlib.import_module("torchmetrics.functional.image.lpips")
    monkeypatch.setattr(module, "_get_tv_model_features", lambda *_, **__: features)
    with torch.inference_mode():
        theirs = module._LPIPS(pretrained=True, net="alex").eval()
        wanted, made = (side / 127.5 - 1 for side in tensors(SEEN, NOISY))
        expected = theirs(wanted, made).reshape(-1)
    assert value("lpips", SEEN, NOISY, side=64, stride=1) == pytest.approx(float(expected.mean()), rel=1e-4)


@pytest.mark.weights
def test_equal_clips_are_perfect_and_the_frames_of_both_are_compared() -> None:
    assert value("psnr", SEEN, SEEN) == 100
    assert value("ssim", SEEN, SEEN) == pytest.approx(1)
    assert value("lpips", SEEN, SEEN) == pytest.approx(0, abs=1e-7)
    assert value("psnr", SEEN, SEEN[:6]) == 100
    assert value("psnr", SEEN, SEEN[:, ::2, ::2]) > 20
    metrics = [make(name) for name in ("psnr", "ssim", "lpips")]
    assert len({metric.statistics_id for metric in metrics}) == 1
    assert all(metric.aligned for metric in metrics)
    with pytest.raises(Unmeasurable, match="the clip has no frames"):
        make("psnr").observe().finish()()


def test_flicker_is_the_spread_of_independent_jumps() -> None:
    still = np.full((200, 32, 32, 3), 100, np.uint8)
    assert value("flicker", still, still) == 0
    jumps = np.random.default_rng(0).normal(0, 5, (200, 1, 1, 1))
    assert value("flicker", still, (still + jumps).round().clip(0, 255).astype(np.uint8)) == pytest.approx(5, rel=0.15)
    steady = (still + np.arange(0, 100, 0.5).round()[:, None, None, None]).astype(np.uint8)
    assert value("flicker", still, steady) < 0.5
    with pytest.raises(Unmeasurable, match="fewer than 3 frames"):
        kept(make("flicker"), still[:2])


@pytest.mark.parametrize(("lengths", "count"), [((3,), 1), ((3, 5), 2), ((1,), 0), ((30,), 0), ((), 0)])
def test_a_blink_is_short_and_not_too_short(lengths: tuple[int, ...], count: int) -> None:
    opening = np.full(120, 0.3)
    for number, length in enumerate(lengths):
        opening[10 + 50 * number : 10 + 50 * number + length] = 0.05
    opening[90] = np.nan
    assert blinks(opening, BlinkRateConfig()) == count


@given(st.lists(st.floats(-40, 40), min_size=3, max_size=3))
@settings(max_examples=30, deadline=None)
def test_a_turn_is_found_in_degrees(degrees: list[float]) -> None:
    import cv2

    points = np.random.default_rng(0).normal(size=(16, 3))
    matrix = cv2.Rodrigues(np.radians(degrees))[0]
    assert np.allclose(_turn(points, points @ matrix.T + 3), degrees, atol=1e-3)  # OpenCV takes 1e-5 rad for none
