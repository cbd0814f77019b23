"""Driving images as people have them: blurred, dark, small, turned, of nobody, of two people.

Each function takes an RGB image, uint8 [H, W, 3], and a strength.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def blurred(image: Image, sigma: float) -> Image:
    """Gaussian blur.

    Args:
        sigma: pixels.
    """
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), dtype=np.uint8)


def darkened(image: Image, stops: float) -> Image:
    """Exposed by so many stops less: the light of every pixel is divided by 2 ** stops, in sRGB's own curve.

    Args:
        stops: at least 0.
    """
    levels = np.arange(256) / 255
    light = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4) / 2**stops
    seen = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * seen), np.uint8)[image]


def shrunk(image: Image, side: float) -> Image:
    """Reduced to so many pixels along its longer side, by area; an image that is smaller stays as it is."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = max(2, round(width * scale)), max(2, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def turned(image: Image, degrees: float) -> Image:
    """Rolled clockwise around its middle, its size kept; the edge's colours fill the corners."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1.0)
    flags, border = cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), flags=flags, borderMode=border), np.uint8)


def faceless(image: Image) -> Image:
    """Of the same size, with nobody in it: the colours of the image's four corners flow into each other."""
    height, width = image.shape[:2]
    rows, columns = max(1, height // 10), max(1, width // 10)
    corners = [
        [image[:rows, :columns], image[:rows, -columns:]],
        [image[-rows:, :columns], image[-rows:, -columns:]],
    ]
    means = np.array([[part.reshape(-1, 3).mean(axis=0) for part in row] for row in corners])
    down, across = np.linspace(0, 1, height)[:, None, None], np.linspace(0, 1, width)[None, :, None]
    top, bottom = (means[i, 0] * (1 - across) + means[i, 1] * across for i in (0, 1))
    return np.asarray(np.rint(top * (1 - down) + bottom * down), np.uint8)


def doubled(image: Image) -> Image:
    """The person beside his or her own mirror image, each at the size that it had."""
    return np.concatenate([image, image[:, ::-1]], axis=1)
