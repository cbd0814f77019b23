"""Where the largest face in an image is, by BlazeFace (Bazarevsky et al. 2019, arXiv 1907.05047; Google's networks).

The steps around the networks are written from their model cards: a letterboxed square in -1..1 goes in, a box relative
to each anchor and a logit come out. The bundled generator has its own detector, since this package stands alone.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from metrics.base.sharing import once
from metrics.weights import fetch

WEIGHTS = ("face-detector", "face-detector-full-range")
"""For faces of portraits, and for small ones, which is asked where the first finds none."""

_GRIDS = {"face-detector": ((16, 2), (8, 6)), "face-detector-full-range": ((48, 1),)}
"""Cells per side and anchors per cell of each network's feature maps."""
_SAME_FACE_OVERLAP = 0.3


class FaceFinder:
    """Finds faces in images, on one thread; not to be shared between threads.

    Raises:
        WeightsError: the networks' weights cannot be had.
    """

    def __init__(self) -> None:
        self._networks = [_Detector(fetch(name), _GRIDS[name]) for name in WEIGHTS]

    def find(self, image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Left, top, right and bottom of the largest face of an RGB image, uint8 [H, W, 3], in pixels; or None."""
        return once("face", image, lambda: self._find(image))

    def _find(self, image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        for detector in self._networks:
            boxes = detector.find(image)
            if len(boxes):
                sides: NDArray[np.float32] = boxes[:, 2:] - boxes[:, :2]
                box: NDArray[np.float32] = boxes[sides.prod(axis=1).argmax()]
                box.setflags(write=False)
                return box
        return None


class _Detector:
    def __init__(self, path: Path, grids: tuple[tuple[int, int], ...]) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        # without XNNPACK: it prints to the terminal and picks its arithmetic by processor
        plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        self._network = Interpreter(str(path), num_threads=1, experimental_op_resolver_type=plain)
        self._network.allocate_tensors()
        (self._input,) = self._network.get_input_details()
        self._anchors = np.concatenate([_centres(*grid) for grid in grids])

    def find(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The boxes of all faces, float32 [N, 4], in pixels of the image, whose borders they may cross."""
        size = int(self._input["shape"][1])
        height, width = image.shape[:2]
        scale = size / max(height, width)
        inside = (max(1, round(width * scale)), max(1, round(height * scale)))
        corner = np.array([(size - inside[0]) // 2, (size - inside[1]) // 2], np.float32)
        shrunk = cv2.resize(image, inside, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        left, top = corner.astype(int)
        letterbox = np.zeros((1, size, size, 3), np.float32)
        letterbox[0, top : top + inside[1], left : left + inside[0]] = shrunk / np.float32(127.5) - 1
        regression, logits = self._run(letterbox)
        sure = logits > 0  # more likely a face than not
        centres = regression[sure, :2] + self._anchors[sure] * size - corner
        sides = regression[sure, 2:4]
        boxes = (np.concatenate([centres - sides / 2, centres + sides / 2], axis=1) / scale).astype(np.float32)
        return np.asarray(boxes[_best(boxes, logits[sure])])

    def _run(self, letterbox: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Box and key points of each anchor, float32 [A, 16] in pixels of the input, and their logits [A]."""
        self._network.set_tensor(self._input["index"], letterbox)
        self._network.invoke()
        outputs = (self._network.get_tensor(output["index"]) for output in self._network.get_output_details())
        regression, logits = sorted(outputs, key=lambda output: -output.size)
        return regression.reshape(-1, 16), logits.reshape(-1)


def _centres(cells: int, anchors: int) -> NDArray[np.float32]:
    """Cell centres x, y in 0..1, float32 [cells * cells * anchors, 2], row by row, as often as a cell has anchors."""
    axis = (np.arange(cells, dtype=np.float32) + 0.5) / cells
    y, x = np.meshgrid(axis, axis, indexing="ij")
    return np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), anchors, axis=0)


def _best(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> list[int]:
    """Which boxes overlap no better one: non-maximum suppression."""
    sizes = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    return [int(i) for i in cv2.dnn.NMSBoxes(sizes.tolist(), scores.tolist(), 0.0, _SAME_FACE_OVERLAP)]
