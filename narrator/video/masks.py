"""Where the face and the lips are: rectangles around landmarks, and the soft masks of the audio attention.

Rounding follows `hallo.utils.util.get_mask` (fudan-generative-vision/hallo 8fd7c572).
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

# Indices into MediaPipe's face mesh.
SILHOUETTE = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 146, 91, 181, 84, 17, 314, 405, 321, 375)

FACE_EXPANSION, LIP_EXPANSION = 1.2, 2.0
FACE_BLUR, LIP_BLUR = 51, 31  # kernel sizes at 64 x 64
SOFT_SIZE = 64


class Rectangle(NamedTuple):
    """Pixels x0 <= x < x1, y0 <= y < y1."""

    x0: int
    x1: int
    y0: int
    y1: int

    def drawn(self, height: int, width: int) -> NDArray[np.uint8]:
        """uint8 [height, width]: 255 inside, 0 outside."""
        mask = np.zeros((height, width), np.uint8)
        mask[self.y0 : self.y1, self.x0 : self.x1] = 255
        return mask


def _expanded(values: NDArray[np.floating], ratio: float, limit: int) -> tuple[int, int]:
    """One axis: the range of the values, stretched about its floored centre and shifted back into 0..limit."""
    low, high = float(values.min()), float(values.max())
    centre, half = (low + high) // 2, (high - low) * ratio // 2
    start, stop = int(centre - half), int(centre + half)
    shift = max(-start, 0) - max(stop - limit, 0)
    return max(start + shift, 0), min(stop + shift, limit)


def region(points: NDArray[np.floating], ratio: float, height: int, width: int) -> Rectangle:
    """Bounding box of landmarks [N, 2] (x, y in pixels), expanded by `ratio` within the picture."""
    return Rectangle(*_expanded(points[:, 0], ratio, width), *_expanded(points[:, 1], ratio, height))


def face_and_lips(landmarks: NDArray[np.floating], height: int, width: int) -> tuple[Rectangle, Rectangle]:
    """The rectangles of the face and of the lips.

    Args:
        landmarks: [468 or more, 2 or more], x and y in pixels of a picture of `height` x `width`.
    """
    xy = landmarks[:, :2].astype(np.float64)
    face = region(xy[list(SILHOUETTE)], FACE_EXPANSION, height, width)
    return face, region(xy[list(LIPS)], LIP_EXPANSION, height, width)


def location_mask(face: Rectangle, height: int, width: int, size: int) -> Tensor:
    """The face locator's input: float32 [3, size, size], 1 inside the face, 0 outside."""
    mask = Image.fromarray(face.drawn(height, width)).resize((size, size), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.asarray(mask, np.float32) / 255).expand(3, -1, -1).contiguous()


def _blurred(mask: NDArray[np.uint8], kernel: int) -> NDArray[np.uint8]:
    """At 64 x 64, Gaussian blur, stretched to 0..255."""
    small = cv2.resize(mask, (SOFT_SIZE, SOFT_SIZE))
    blurred = cv2.GaussianBlur(small, (kernel, kernel), 0)
    stretched = cv2.normalize(blurred, np.empty_like(blurred), 0, 255, cv2.NORM_MINMAX)
    return np.asarray(stretched, np.uint8)


def region_images(face: Rectangle, lips: Rectangle, height: int, width: int) -> NDArray[np.uint8]:
    """uint8 [3, 64, 64]: weight of the surroundings (`full`), of the face without the lips, and of the lips."""
    soft_face = _blurred(face.drawn(height, width), FACE_BLUR)
    soft_lips = _blurred(lips.drawn(height, width), LIP_BLUR)
    surroundings = ((1 - soft_face / 255) * 255).astype(np.uint8)  # truncated, so some values are one below 255 - face
    return np.stack([surroundings, cv2.subtract(soft_face, soft_lips), soft_lips])


def soft_masks(images: NDArray[np.uint8], latent_size: int, levels: int) -> tuple[Tensor, ...]:
    """The regions' weights at each resolution of the denoising UNet.

    Args:
        images: uint8 [3, 64, 64] from `region_images`.
        latent_size: height and width of the latents; halved from level to level.

    Returns:
        For each level float32 [3, 1, L] in 0..1, rows full, face, lip; the middle axis stands for the frames.
    """
    pyramid = []
    for level in range(levels):
        side = latent_size >> level
        rows = [Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR) for image in images]
        pyramid.append(
            torch.from_numpy(np.stack([np.asarray(row, np.float32) for row in rows]) / 255).reshape(3, 1, -1)
        )
    return tuple(pyramid)
