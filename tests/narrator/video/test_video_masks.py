"""Rectangles and soft masks against the public code's, and their bounds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import Tensor

from narrator.video.masks import (
    LIPS,
    SILHOUETTE,
    Rectangle,
    face_and_lips,
    location_mask,
    region,
    region_images,
    soft_masks,
)


@pytest.fixture(scope="module")
def stored(shared: Path) -> dict[str, Tensor]:
    return load_file(shared / "fixtures" / "hallo_masks" / "io.safetensors")


@pytest.fixture(scope="module")
def rectangles(stored: dict[str, Tensor]) -> tuple[Rectangle, Rectangle]:
    height, width = stored["hw"].tolist()
    return face_and_lips(stored["landmarks"].numpy(), height, width)


@pytest.mark.shared
def test_landmark_indices(shared: Path) -> None:
    config = json.loads((shared / "fixtures" / "hallo_masks" / "config.json").read_text())
    assert list(LIPS) == config["lip_ids"]
    assert list(SILHOUETTE) == config["silhouette_ids"]


@pytest.mark.shared
def test_rectangles(stored: dict[str, Tensor], rectangles: tuple[Rectangle, Rectangle]) -> None:
    for ours, name in zip(rectangles, ("face_rect", "lip_rect"), strict=True):
        assert [ours.x0, ours.x1 - 1, ours.y0, ours.y1 - 1] == stored[name].tolist()


@pytest.mark.shared
def test_location_mask(stored: dict[str, Tensor], rectangles: tuple[Rectangle, Rectangle]) -> None:
    height, width = stored["hw"].tolist()
    mask = location_mask(rectangles[0], height, width, 512)
    for channel in mask:
        assert torch.equal((channel * 255).round().byte(), stored["face_mask_512_png_uint8"])


@pytest.mark.shared
def test_soft_masks(stored: dict[str, Tensor], rectangles: tuple[Rectangle, Rectangle]) -> None:
    images = region_images(*rectangles, *stored["hw"].tolist())
    for image, name in zip(images, ("background", "face", "lip"), strict=True):
        assert np.array_equal(image, stored[f"sep_{name}_png"].numpy())
    for level, mask in enumerate(soft_masks(images, 64, 4)):
        for row, name in zip(mask, ("full", "face", "lip"), strict=True):
            assert torch.allclose(row, stored[f"{name}_mask_{level}"], rtol=0, atol=1e-6)


@given(
    st.lists(st.tuples(st.floats(0, 319), st.floats(0, 199)), min_size=2, max_size=8),
    st.sampled_from([1.2, 2.0]),
)
def test_regions_stay_within_the_picture(points: list[tuple[float, float]], ratio: float) -> None:
    box = region(np.array(points), ratio, 200, 320)
    assert 0 <= box.x0 <= box.x1 <= 320
    assert 0 <= box.y0 <= box.y1 <= 200


def test_a_region_over_the_edge_is_shifted_not_cut() -> None:
    points = np.array([[0.0, 90.0], [40.0, 110.0]])
    assert region(points, 2.0, 200, 320) == Rectangle(0, 80, 80, 120)
    assert region(points + np.array([280, 0]), 2.0, 200, 320) == Rectangle(240, 320, 80, 120)


def test_a_region_larger_than_the_picture_is_the_picture() -> None:
    assert region(np.array([[1.0, 1.0], [99.0, 49.0]]), 2.0, 50, 100) == Rectangle(0, 100, 0, 50)


def test_masks_of_a_small_network_have_its_levels() -> None:
    images = region_images(Rectangle(20, 80, 20, 90), Rectangle(40, 60, 60, 80), 100, 100)
    masks = soft_masks(images, 16, 4)
    assert [mask.shape for mask in masks] == [(3, 1, 256), (3, 1, 64), (3, 1, 16), (3, 1, 4)]
    assert all(mask.min() >= 0 and mask.max() <= 1 for mask in masks)
