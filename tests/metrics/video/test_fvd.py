"""FVD against the number that the original TensorFlow network gives, and its windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support.published_noise import KEPT, PUBLISHED, SEEDS, noise_logits
from support.reference_goldens import Goldens, deviation

from metrics import FrechetVideoDistance
from metrics.base.metric import Unmeasurable
from metrics.batching import Blocks
from metrics.video.fvd import CONVENTIONS, FVDConfig, WindowObserver

pytestmark = pytest.mark.weights

GOLDENS = Goldens("fvd_noise")
LOGITS = 3e-6
"""Relative; what float32 networks differ by that sum in another order."""
FIRST_LOGITS = [2.67542, 2.51825, 0.11293, 1.68124, -1.82258, 2.76933]


@pytest.mark.slow
def test_logits_behind_the_published_number() -> None:
    """universome/fvd-comparison publishes 10.1380854 by TensorFlow, 10.1380848 by StyleGAN-V's TorchScript.

    tests/reference/published_fvd.py gets it from all 256 clips of noise, and keeps these logits only if it does.
    """
    for name, (_, number, tolerance) in PUBLISHED.items():
        assert GOLDENS.records[name]["ours"] == pytest.approx(number, abs=tolerance)
    for seed in SEEDS:
        logits = noise_logits(seed, KEPT)
        if seed == SEEDS[0]:
            np.testing.assert_allclose(logits[0, :6], FIRST_LOGITS, atol=1e-4)
        assert deviation(logits, GOLDENS.features[f"seed {seed}"]) < LOGITS
        assert deviation(noise_logits(seed + 2, 1), logits[:1]) > 1000 * LOGITS


def clip(frames: int, seed: int = 0, height: int = 32, width: int = 48) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def windows(config: FVDConfig, frames: np.ndarray, chunk: int = 64) -> np.ndarray:
    """What the observer feeds to the network: the first, second and last pixel of each window stand for its logits."""
    blocks = Blocks(lambda block: block.flatten(1)[:, [0, 1, -1]], 4)
    observer = WindowObserver(config, blocks, torch.device("cpu"))
    for start in range(0, len(frames), chunk):
        observer.frames(frames[start : start + chunk])
    return np.asarray(observer.finish()()["features"])


@pytest.mark.parametrize("chunk", [1, 5, 64])
def test_windows_do_not_depend_on_how_frames_arrive(chunk: int) -> None:
    frames = clip(40, height=224, width=224)
    scaled = frames.astype(np.float32) * np.float32(2 / 255) - 1
    for config, starts in (
        (FVDConfig(), [0, 16]),
        (FVDConfig(frames=9, step=6), [0, 6, 12, 18, 24, 30]),
        (FVDConfig(step=4, windows="first"), [0]),
    ):
        ends = [start + config.frames - 1 for start in starts]
        expected = [
            [scaled[i, 0, 0, 0], scaled[i, 0, 1, 0], scaled[j, -1, -1, 2]] for i, j in zip(starts, ends, strict=True)
        ]
        np.testing.assert_allclose(windows(config, frames, chunk), expected, atol=1e-6)


def test_a_window_has_the_same_logits_in_any_company() -> None:
    metric = FrechetVideoDistance("fvd-short", FVDConfig(frames=9, step=9))
    together, alone = metric.observe(), metric.observe()
    together.frames(clip(18))
    alone.frames(clip(18)[9:])
    crowded = together.finish()()["features"]
    assert crowded.shape == (2, 400)
    assert alone.finish()()["features"].tobytes() == crowded[1:].tobytes()


def test_short_clips_are_unmeasurable_and_short_windows_refused() -> None:
    with pytest.raises(Unmeasurable, match="15 frames are fewer than the 16 of one FVD window"):
        windows(FVDConfig(), clip(15))
    with pytest.raises(ValueError, match="frames must be a whole number from 9 to 1024, got 8"):
        FVDConfig(frames=8, step=8)
    with pytest.raises(ValueError, match="step must be at most the 16 frames of a window, got 17"):
        FVDConfig(step=17)


def test_conventions_share_statistics_where_only_the_reduction_differs() -> None:
    ids = {name: FrechetVideoDistance(name).statistics_id for name in CONVENTIONS}
    assert ids["fvd-stylegan-v"] == ids["fvd-tats"]
    assert len(set(ids.values())) == len(ids) - 1
    assert len({FrechetVideoDistance(name).signature for name in CONVENTIONS}) == len(CONVENTIONS)
    assert FrechetVideoDistance().signature.startswith(
        "fvd|fit:tf1|frames:16|step:16|windows:all|ddof:1|region:frame|weights:i3d"
    )
