"""FVD under each name against cd-fvd, whole or in parts: goldens by tests/reference/fvd_goldens.py."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from support.reference_goldens import Goldens, deviation
from support.reference_inputs import digest, projected, videos
from torch import Tensor

from metrics import FrechetVideoDistance, weights
from metrics.base.metric import Statistics
from metrics.restricted_pickle import numpy_tree
from metrics.video import fvd
from metrics.video.i3d import I3D, WEIGHTS
from metrics.video.resize import bilinear

pytestmark = pytest.mark.weights

GOLDENS = Goldens("fvd")
FEATURES = 2e-5
"""Relative; float32 networks that sum in another order differ by 3e-6."""
DISTANCE = 1e-5
"""Relative."""

# Where StyleGAN-V's way differs from that of TATS it is in the ddof alone.
EXPECTED = {
    "fvd": ("fvd", "distance"),
    "fvd-tats": ("fvd-tats", "distance"),
    "fvd-stylegan-v": ("fvd-tats", "distance_ddof_0"),
    "fvd-cd": ("fvd-cd", "distance"),
    "fvd-common-metrics": ("fvd-common-metrics", "distance"),
}

Sides = list[list[Statistics]]


@pytest.fixture(scope="module")
def measured() -> Callable[[str], Sides]:
    """The statistics of the reference and of the generated clips by convention, each measured once."""
    known: dict[str, Sides] = {}

    def measure(name: str) -> Sides:
        metric = FrechetVideoDistance(name)
        if metric.statistics_id not in known:
            sides = []
            for generated in (False, True):
                observers = [(metric.observe(), clip) for clip in videos(generated)]
                for observer, clip in observers:
                    observer.frames(clip)
                sides.append([observer.finish() for observer, _ in observers])
            known[metric.statistics_id] = [[pending() for pending in side] for side in sides]
        return known[metric.statistics_id]

    return measure


@pytest.fixture(scope="module")
def network() -> I3D:
    return I3D(numpy_tree(weights.fetch(WEIGHTS)))


def logits(sides: Sides) -> np.ndarray:
    return projected(np.concatenate([clip["features"] for side in sides for clip in side]))


def test_the_clips_are_those_that_the_packages_saw() -> None:
    assert digest(videos(False) + videos(True)) == GOLDENS.inputs["videos"]


@pytest.mark.parametrize("name", fvd.CONVENTIONS)
def test_logits_and_distance_are_the_packages(name: str, measured: Callable[[str], Sides]) -> None:
    record, distance = EXPECTED[name]
    sides = measured(name)
    assert deviation(logits(sides), GOLDENS.features[record]) < FEATURES
    expected = GOLDENS.records[record][distance]
    assert FrechetVideoDistance(name).reduce(*sides) == pytest.approx(expected, rel=DISTANCE)


def test_whoever_takes_one_convention_for_another_misses(measured: Callable[[str], Sides]) -> None:
    """Each way of fitting frames and each ddof gives a distance far from that of every other."""
    for name in fvd.CONVENTIONS:
        distance = FrechetVideoDistance(name).reduce(*measured(name))
        for other in set(fvd.CONVENTIONS) - {name}:
            record, key = EXPECTED[other]
            assert abs(distance / GOLDENS.records[record][key] - 1) > 100 * DISTANCE


def rounded_crop(frames: Tensor) -> Tensor:
    """As `crop-256`, but the longer side rounded to the nearest pixel and grey levels cut in 0..255."""
    height, width = frames.shape[2:]
    scale = 256 / min(height, width)
    shape = round(height * scale), round(width * scale)
    resized = torch.nn.functional.interpolate(frames, shape, mode="bilinear", antialias=True).floor()
    top, left = (shape[0] - 256) // 2, (shape[1] - 256) // 2
    return bilinear(resized[:, :, top : top + 256, left : left + 256], 224)


def test_a_crop_off_by_a_pixel_misses(network: I3D) -> None:
    frames = torch.from_numpy(videos(False)[0][:16]).permute(0, 3, 1, 2).float()
    for fit, missed in ((fvd.FITS["crop-256"], False), (rounded_crop, True)):
        with torch.inference_mode():
            seen = network((fit(frames) * (2 / 255) - 1).permute(1, 0, 2, 3)[None]).numpy()
        assert (deviation(projected(seen), GOLDENS.features["fvd-cd"][:1]) > 500 * FEATURES) == missed


def test_cd_fvd_with_the_variances_as_they_are_is_another_network() -> None:
    """What its graph's smaller epsilon would do to the score, were it not made up for in its weight file."""
    folded, plain = (GOLDENS.records[name]["distance"] for name in ("fvd-cd", "fvd-cd, variances as they are"))
    assert 1e-3 < abs(plain / folded - 1) < 5e-3


def test_black_against_white_is_what_tensorflow_gives(network: I3D) -> None:
    """JunyaoHu/common_metrics at 5f751734 prints 151.39244 for 30 frames by the original TensorFlow network."""
    clips = torch.tensor([-1.0, 1.0]).reshape(2, 1, 1, 1, 1).expand(2, 3, 30, 224, 224)
    with torch.inference_mode():
        black, white = network(clips).double()
    assert float((black - white).square().sum()) == pytest.approx(151.39244, abs=1e-3)
