"""The named resizes against slow oracles of their definitions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from metrics.video.resize import RESIZES, antialias, bilinear, pil_bicubic, short_side, tf1


def frames(height: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (2, 3, height, width), generator=generator).float()


@pytest.mark.parametrize(("height", "width"), [(5, 9), (30, 17), (12, 12)])
def test_tf1_is_tensorflows_definition(height: int, width: int) -> None:
    image, size = frames(height, width)[0, 0].numpy(), 12
    expected = np.zeros((size, size))
    for row in range(size):
        for column in range(size):
            y, x = row * height / size, column * width / size
            top, left = int(y), int(x)
            bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
            upper = image[top, left] + (image[top, right] - image[top, left]) * (x - left)
            lower = image[bottom, left] + (image[bottom, right] - image[bottom, left]) * (x - left)
            expected[row, column] = upper + (lower - upper) * (y - top)
    np.testing.assert_allclose(tf1(frames(height, width), size)[0, 0].numpy(), expected, atol=2e-4)


def test_pil_bicubic_is_pillows_on_floats() -> None:
    image = frames(40, 30)
    expected = np.asarray(Image.fromarray(image[1, 2].numpy(), mode="F").resize((12, 12), Image.Resampling.BICUBIC))
    assert np.array_equal(pil_bicubic(image, 12)[1, 2].numpy(), expected.clip(0, 255))


def test_antialias_agrees_with_pillows_bilinear() -> None:
    image = frames(40, 30)
    expected = np.asarray(Image.fromarray(image[0, 1].numpy(), mode="F").resize((12, 12), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(antialias(image, 12)[0, 1].numpy(), expected, atol=1e-2)


def test_they_differ_and_leave_the_right_size_alone() -> None:
    image = frames(40, 30)
    resized = [resize(image, 12) for resize in RESIZES.values()]
    for i, one in enumerate(resized):
        assert one.shape == (2, 3, 12, 12)
        assert one.min() >= 0
        assert one.max() <= 255
        assert all((one - other).abs().max() > 1 for other in resized[:i])
    same = frames(12, 12)
    assert all(torch.equal(resize(same, 12), same) for resize in RESIZES.values())


def test_short_side_keeps_the_centre_and_the_aspect() -> None:
    wide = torch.zeros(1, 3, 24, 48)
    wide[..., 12:36] = 200
    assert torch.equal(short_side(wide, 24, antialias=False), torch.full((1, 3, 24, 24), 200.0))
    square = frames(30, 30)
    assert torch.equal(short_side(square, 12, antialias=False), bilinear(square, 12))
    tall = frames(60, 30)
    assert short_side(tall, 12, antialias=True).shape == (2, 3, 12, 12)


def test_short_side_rounds_the_longer_one_up() -> None:
    """As cd-fvd and common_metrics do, down to a square side whose product of floats lies above a whole number."""
    for side, shape in (((127, 97), (336, 256)), ((240, 320), (256, 342))):
        resized = torch.nn.functional.interpolate(frames(*side), shape, mode="bilinear")
        top, left = (shape[0] - 256) // 2, (shape[1] - 256) // 2
        expected = resized[:, :, top : top + 256, left : left + 256]
        assert torch.equal(short_side(frames(*side), 256, antialias=False), expected)
    resized = torch.nn.functional.interpolate(frames(50, 50), (225, 224), mode="bilinear")
    assert torch.equal(short_side(frames(50, 50), 224, antialias=False), resized[:, :, :224])
