"""The 468 points of MediaPipe's Face Mesh (Kartynnik et al. 2019, arXiv 1907.06724) on the face of a clip, tracked.

The face is found once; from then on each frame's crop stands where the last frame's points were, as the network's own
pipeline has it, and the face is looked for again where it is lost. The bundled generator has its own mesh, since this
package stands alone.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from metrics.base.sharing import once
from metrics.video.face_finder import WEIGHTS as FINDER_WEIGHTS
from metrics.video.face_finder import FaceFinder
from metrics.weights import fetch

WEIGHTS = (*FINDER_WEIGHTS, "face-mesh")

_LEAST_PRESENCE = 0.5
_MARGIN = 1.5
"""Side of the crop that the network was trained on, relative to the longer side of the face's box."""
_EYE_CORNERS = (33, 263)
"""Outer corners of the person's right and left eye."""

Points = NDArray[np.float32]


class FaceMeshTracker:
    """The mesh of the largest face of a clip, frame after frame, on one thread; not to be shared between threads.

    Raises:
        WeightsError: the networks' weights cannot be had.
    """

    def __init__(self) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        self._finder = FaceFinder()
        # without XNNPACK: it prints to the terminal and picks its arithmetic by processor
        plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        self._network = Interpreter(str(fetch("face-mesh")), num_threads=1, experimental_op_resolver_type=plain)
        self._network.allocate_tensors()
        (self._input,) = self._network.get_input_details()
        self._last: Points | None = None

    def track(self, frame: NDArray[np.uint8]) -> Points | None:
        """The points of the next frame, RGB uint8 [H, W, 3]; None where there is no face.

        Returns:
            float32 [468, 3] in pixels, x to the right, y down, z away from the camera.
        """
        last = self._last
        before = None if last is None else last.tobytes()  # trackers that have come as far go on as one
        self._last = once(("mesh", before), frame, lambda: self._next(frame, last))
        return self._last

    def _next(self, frame: NDArray[np.uint8], last: Points | None) -> Points | None:
        found = None if last is None else self._fit(frame, *_around(last))
        if found is None and (box := self._finder.find(frame)) is not None:
            centre, side = (box[:2] + box[2:]) / 2, _MARGIN * float((box[2:] - box[:2]).max())
            if (found := self._fit(frame, centre, side, 0.0)) is not None:
                # the mesh locates the face better than the detector does, and says how it is turned
                found = self._again(frame, found)
        if found is not None:
            found.setflags(write=False)
        return found

    def _again(self, frame: NDArray[np.uint8], points: Points) -> Points:
        better = self._fit(frame, *_around(points))
        return points if better is None else better

    def _fit(self, frame: NDArray[np.uint8], centre: NDArray[np.floating], side: float, angle: float) -> Points | None:
        size = int(self._input["shape"][1])
        shrink = min(1.0, 1.5 * size / side)  # the crop samples bilinearly, so that large faces are reduced first
        image = frame if shrink == 1 else cv2.resize(frame, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        turn = _rotation(angle) * (side * shrink / size)
        corner = centre * shrink - turn @ np.array([size / 2, size / 2])
        affine = np.column_stack([turn, corner - 0.5 + turn @ np.array([0.5, 0.5])])
        crop = cv2.warpAffine(image, affine, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        self._network.set_tensor(self._input["index"], crop[None].astype(np.float32) / np.float32(255))
        self._network.invoke()
        outputs = (self._network.get_tensor(output["index"]) for output in self._network.get_output_details())
        points, presence = sorted(outputs, key=lambda output: -output.size)
        if 1 / (1 + np.exp(-np.clip(presence.item(), -80, 80))) < _LEAST_PRESENCE:
            return None
        points = points.reshape(-1, 3) / size
        plane = (points[:, :2] - 0.5) * side @ _rotation(angle).T + centre
        return np.column_stack([plane, points[:, 2] * side]).astype(np.float32)


def _around(points: Points) -> tuple[NDArray[np.floating], float, float]:
    """Centre, side and turn in radians (clockwise) of the square around a mesh in which its eyes lie level."""
    right, left = points[list(_EYE_CORNERS), :2].astype(np.float64)
    angle = float(np.arctan2(*(left - right)[::-1]))
    turn = _rotation(angle)
    level = points[:, :2] @ turn
    low, high = level.min(axis=0), level.max(axis=0)
    return turn @ ((low + high) / 2), _MARGIN * float((high - low).max()), angle


def _rotation(angle: float) -> NDArray[np.float64]:
    """[2, 2], turns x towards y (clockwise on the screen)."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
