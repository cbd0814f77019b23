"""FVD against the number that the original TensorFlow network gives, and its windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from metrics import FrechetVideoDistance
from metrics.base.metric import Unmeasurable
from metrics.batching import Blocks
from metrics.frechet.distance import frechet_distance
from metrics.video.fvd import CONVENTIONS, FVDConfig, WindowObserver
from metrics.video.i3d import BLOCK, i3d

pytestmark = pytest.mark.weights

FIRST_LOGITS = [2.67542, 2.51825, 0.11293, 1.68124, -1.82258, 2.76933]


def noise_logits(seed: int, clips: int) -> np.ndarray:
    """Logits of the first of the 128 clips of uniform noise that fvd-comparison measures, values 0..1 as they are."""
    generator = np.random.RandomState(seed)
    logits = Blocks(i3d("cpu"), BLOCK)
    for _ in range(clips):
        window = torch.from_numpy(generator.rand(16, 224, 224, 3).astype(np.float32))
        logits.add(window.permute(3, 0, 1, 2)[None])
    return logits.results()


@pytest.mark.slow
def test_fvd_of_noise_is_the_published_number() -> None:
    """universome/fvd-comparison: 10.1380854 by TensorFlow, 10.1380848 by StyleGAN-V's TorchScript."""
    one, other = noise_logits(1, 128), noise_logits(2, 128)
    assert frechet_distance(one, other, ddof=1) == pytest.approx(10.1380854, abs=1e-5)
    assert frechet_distance(one, other, ddof=0) == pytest.approx(10.0628, abs=1e-4)


def test_logits_of_noise() -> None:
    """The first logits behind the published number, so that a break shows without its four minutes."""
    np.testing.assert_allclose(noise_logits(1, 1)[0, :6], FIRST_LOGITS, atol=1e-4)


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
