"""FID against the TorchScript network it takes its weights from, torchmetrics and torchmetrics' published numbers."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from torch import Tensor
from torchmetrics.image.fid import FrechetInceptionDistance as TorchmetricsFID
from torchmetrics.image.kid import KernelInceptionDistance

from metrics import FrechetInceptionDistance, weights
from metrics.base.metric import Statistics, Unmeasurable
from metrics.batching import Blocks
from metrics.restricted_pickle import torchscript_tensors
from metrics.video.fid import CONVENTIONS, FIDConfig, FrameObserver
from metrics.video.inception import BLOCK, WEIGHTS, Inception, Width, inception
from metrics.video.resize import RESIZES

pytestmark = pytest.mark.weights

TORCHMETRICS_NETWORK_SIZE = 23_816_528
"""Random numbers that torchmetrics' own network draws for its initial weights before the example draws its images."""


class Extractor(torch.nn.Module):
    """Our network as torchmetrics wants one."""

    def __init__(self, width: Width) -> None:
        super().__init__()
        self.num_features = width
        self.networks = [inception(width, "cpu")]  # no submodule: torchmetrics would make it float64 for everybody

    def forward(self, images: Tensor) -> Tensor:
        blocks = Blocks(self.networks[0], BLOCK)
        blocks.add((images.float() - 128) / 128)
        return torch.from_numpy(blocks.results())


def example_images() -> tuple[Tensor, Tensor]:
    """The images of torchmetrics' documented examples (seed 42, as its documentation tests set it)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(42)
        torch.empty(TORCHMETRICS_NETWORK_SIZE).uniform_()
        return (
            torch.randint(0, 200, (100, 3, 299, 299), dtype=torch.uint8),
            torch.randint(100, 255, (100, 3, 299, 299), dtype=torch.uint8),
        )


@pytest.mark.slow
def test_fid_of_torchmetrics_example() -> None:
    """torchmetrics 1.9.0 documents tensor(12.6388); its class gives the same as ours with our network."""
    real, fake = example_images()
    ours = FrechetInceptionDistance("fid-64", FIDConfig(width=64))
    theirs = TorchmetricsFID(feature=Extractor(64)).set_dtype(torch.float64)
    for images, side in ((real, True), (fake, False)):
        ours.update(images[None], real=side)  # as the frames of one clip: each alone would fill a block of the network
        theirs.update(images, real=side)
    assert round(float(ours.compute()), 4) == 12.6388
    assert float(ours.compute()) == pytest.approx(float(theirs.compute()), rel=1e-4)


def test_images_are_clips_of_one_frame() -> None:
    images = torch.randint(0, 256, (2, 3, 40, 56), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    distances = []
    for reference in (images, images[:, None]):
        metric = FrechetInceptionDistance("fid-64", FIDConfig(width=64))
        metric.update(reference, real=True)
        metric.update(images.flip(-1), real=False)
        distances.append(metric.compute())
    assert distances[0] == distances[1] > 0


@pytest.mark.slow
def test_kid_of_torchmetrics_example() -> None:
    """torchmetrics 1.9.0 documents (tensor(0.0312), tensor(0.0025)) with all 2048 features."""
    kid = KernelInceptionDistance(feature=Extractor(2048), subset_size=50)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(42)
        torch.empty(TORCHMETRICS_NETWORK_SIZE).uniform_()
        kid.update(torch.randint(0, 200, (100, 3, 299, 299), dtype=torch.uint8), real=True)
        kid.update(torch.randint(100, 255, (100, 3, 299, 299), dtype=torch.uint8), real=False)
        mean, deviation = kid.compute()
    assert (round(float(mean), 4), round(float(deviation), 4)) == (0.0312, 0.0025)


def test_network_is_the_torchscript_one() -> None:
    path = weights.fetch(WEIGHTS)
    oracle = torch.jit.load(str(path)).eval()
    images = torch.rand(2, 3, 299, 299, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        ours, theirs = Inception(torchscript_tensors(path))(images), oracle(images)
    assert (ours - theirs).norm() < 1e-5 * theirs.norm()


def clip(frames: int, seed: int = 0, height: int = 40, width: int = 56) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def observed(metric: FrechetInceptionDistance, frames: np.ndarray, chunk: int) -> Statistics:
    observer = metric.observe()
    for start in range(0, len(frames), chunk):
        observer.frames(frames[start : start + chunk])
    return observer.finish()()


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("chunk", [1, 7, 20])
def test_frames_do_not_depend_on_how_they_arrive(stride: int, chunk: int) -> None:
    frames = clip(20)
    blocks = Blocks(lambda block: block.mean(dim=(2, 3)), 16)
    observer = FrameObserver(FIDConfig(stride=stride), blocks, torch.device("cpu"))
    for start in range(0, len(frames), chunk):
        observer.frames(frames[start : start + chunk])
    pixels = torch.from_numpy(frames[::stride]).permute(0, 3, 1, 2).float()
    expected = (RESIZES["tf1"](pixels, 299) - 128).div(128).mean(dim=(2, 3))
    np.testing.assert_allclose(observer.finish()()["features"], expected.numpy(), atol=1e-6)


def test_features_are_those_of_the_clip_alone() -> None:
    """Of a clip of no whole number of blocks, measured after another, between others, or with its frames in pieces."""
    metric = FrechetInceptionDistance("fid-64", FIDConfig(width=64))
    alone = observed(metric, clip(11, 7), 11)["features"].tobytes()
    observed(metric, clip(5, 1), 5)
    assert observed(metric, clip(11, 7), 11)["features"].tobytes() == alone
    first, second = metric.observe(), metric.observe()
    first.frames(clip(3, 1))
    for start in (0, 4, 8):
        second.frames(clip(11, 7)[start : start + 4])
        first.frames(clip(3, start))
    assert second.finish()()["features"].tobytes() == alone


def test_score_does_not_depend_on_the_order_of_clips() -> None:
    metric = FrechetInceptionDistance("fid-64", FIDConfig(width=64))
    observers = {}
    for name, seed in (("a", 1), ("b", 2), ("c", 3), ("d", 4)):  # all clips in flight at once
        observers[name] = metric.observe()
        observers[name].frames(clip(5, seed))
    pending = {name: observer.finish() for name, observer in observers.items()}
    crowded = {name: pending[name]() for name in "dbca"}
    alone = {name: observed(metric, clip(5, seed), 2) for name, seed in (("a", 1), ("b", 2), ("c", 3), ("d", 4))}
    for name in "abcd":
        assert crowded[name]["features"].tobytes() == alone[name]["features"].tobytes()
    split = [{name: side[name] for name in names} for side in (crowded, alone) for names in ("ab", "cd")]
    assert metric.score(*split[:2]) == metric.score(*split[2:])
    assert metric.score(*split[:2]).value > 0


def test_conventions_see_different_pixels() -> None:
    features = []
    for config in CONVENTIONS.values():
        narrow = FrechetInceptionDistance("fid-64", FIDConfig(resize=config.resize, offset=config.offset, width=64))
        features.append(observed(narrow, clip(2), 2)["features"])
    for i, one in enumerate(features):
        assert all(np.abs(one - other).max() > 1e-3 for other in features[:i])


def test_an_empty_clip_is_unmeasurable_and_an_unknown_name_explained() -> None:
    with pytest.raises(Unmeasurable, match="no frames"):
        FrechetInceptionDistance("fid-64", FIDConfig(width=64)).observe().finish()()
    with pytest.raises(ValueError, match="Did you mean: fid-clean"):
        FrechetInceptionDistance("fid-claen")


@pytest.mark.shared
def test_more_noise_on_real_faces_is_further_away(shared: Path) -> None:
    path = sorted((shared / "media" / "real").glob("*.mp4"))[0]
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in islice(container.decode(video=0), 32)]
    real, other = np.array(frames[::2]), np.array(frames[1::2])
    noise = np.random.default_rng(0).normal(size=other.shape)
    metric = FrechetInceptionDistance("fid-64", FIDConfig(width=64))
    reference = [observed(metric, real, 16)]
    distances = [
        metric.reduce(reference, [observed(metric, (other + level * noise).clip(0, 255).astype(np.uint8), 16)])
        for level in (0, 5, 20)
    ]
    assert distances == sorted(distances)
    assert distances[2] > 10 * distances[0]
