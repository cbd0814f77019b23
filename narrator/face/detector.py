"""Faces in an image, by BlazeFace (Bazarevsky et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from narrator.face.network import Network

_LEAST_SCORE = 0.5
_SAME_FACE_OVERLAP = 0.3

Range = Literal["short", "full"]
_GRIDS: dict[Range, tuple[tuple[int, int], ...]] = {"short": ((16, 2), (8, 6)), "full": ((48, 1),)}
"""Cells per side and anchors per cell of each network's feature maps."""


@dataclass(frozen=True, eq=False)
class Detection:
    """One face in pixels of the image, x to the right and y down, image borders not respected.

    Attributes:
        box: float32 [4], left, top, right, bottom.
        keypoints: float32 [6, 2]: the person's right eye, left eye, nose tip, mouth, right and left ear.
        score: 0..1.
    """

    box: NDArray[np.float32]
    keypoints: NDArray[np.float32]
    score: float

    @property
    def area(self) -> float:
        """Of the box, in square pixels."""
        return float(np.prod(self.box[2:] - self.box[:2]))


class FaceDetector:
    """Finds upright faces: "short" for portraits (input 128 x 128), "full" for faces that are small (192 x 192)."""

    def __init__(self, path: Path, reach: Range) -> None:
        self._network = Network(path)
        self._anchors = _anchors(_GRIDS[reach])
        if (found := self._network.output_sizes) != (wanted := (len(self._anchors) * 16, len(self._anchors))):
            raise ValueError(f"{path} is not the {reach} range face detector: its outputs hold {found}, not {wanted}.")

    def find(self, image: NDArray[np.uint8]) -> list[Detection]:
        """All faces in an RGB image, uint8 [H, W, 3], largest first."""
        size = self._network.input_size
        height, width = image.shape[:2]
        scale = size / max(height, width)
        inside = (max(1, round(width * scale)), max(1, round(height * scale)))
        left, top = (size - inside[0]) // 2, (size - inside[1]) // 2
        letterbox = np.zeros((size, size, 3), np.float32)
        shrunk = cv2.resize(image, inside, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        letterbox[top : top + inside[1], left : left + inside[0]] = shrunk / np.float32(127.5) - 1
        regression, logits = self._network(letterbox)
        logits = np.clip(logits.reshape(-1), -80, 80)
        score = (1 / (1 + np.exp(-logits))).astype(np.float32)
        sure = score > _LEAST_SCORE
        # each row holds box centre, box size and six key points, in input pixels relative to the anchor
        points = regression.reshape(-1, 8, 2)[sure]
        points[:, [0, *range(2, 8)]] += self._anchors[sure, None] * size - np.array([left, top], np.float32)
        return _merge(points / np.float32(scale), score[sure])


def _anchors(grids: tuple[tuple[int, int], ...]) -> NDArray[np.float32]:
    """Cell centres, float32 [anchors, 2] in 0..1, row by row, as often as a cell has anchors."""
    centres = []
    for cells, repeats in grids:
        axis = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        y, x = np.meshgrid(axis, axis, indexing="ij")
        centres.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), repeats, axis=0))
    return np.concatenate(centres)


def _merge(points: NDArray[np.float32], score: NDArray[np.float32]) -> list[Detection]:
    """Weighted non-maximum suppression: overlapping boxes become their mean, weighted by score."""
    corners = np.concatenate([points[:, 0] - points[:, 1] / 2, points[:, 0] + points[:, 1] / 2], axis=1)
    left = list(np.argsort(-score, kind="stable"))
    faces = []
    while left:
        same = [i for i in left if _overlap(corners[left[0]], corners[i]) > _SAME_FACE_OVERLAP or i == left[0]]
        weight = score[same] / score[same].sum()
        faces.append(
            Detection(
                box=np.einsum("i,ij->j", weight, corners[same]).astype(np.float32),
                keypoints=np.einsum("i,ijk->jk", weight, points[same, 2:]).astype(np.float32),
                score=float(score[left[0]]),
            )
        )
        left = [i for i in left if i not in same]
    return sorted(faces, key=lambda face: -face.area)


def _overlap(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Intersection over union of two boxes."""
    sides = np.clip(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0, None)
    common = float(np.prod(sides))
    union = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])) - common
    return common / union if union > 0 else 0.0
