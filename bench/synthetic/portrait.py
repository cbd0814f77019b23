"""Frames of one speaker in one scene."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.synthetic.backdrop import draw_light, paint_backdrop
from bench.synthetic.body import shade_body
from bench.synthetic.canvas import Canvas, Plane, vector
from bench.synthetic.eyes import open_eye
from bench.synthetic.flavours import Flavour
from bench.synthetic.glasses import PLANE, paint_glasses
from bench.synthetic.head import model_head, shade_behind
from bench.synthetic.identity import Identity
from bench.synthetic.light import encode, shade
from bench.synthetic.mouth import part_lips
from bench.synthetic.overlay import Overlay
from bench.synthetic.pose import Pose

PIVOT = vector(0.0, 0.7, -0.3)
"""The point that the head turns about, in face units."""


@dataclass(frozen=True, eq=False)
class _Window:
    """The rectangle of the frame that the head may occupy; x, y are its pixels in face units."""

    rows: slice
    columns: slice
    x: Plane
    y: Plane


class Portrait:
    """Renders one speaker before one background.

    The head is a relief that is turned by inverting its rotation pixel by pixel; lids and lips move in the plane of
    the turned face; everything is then lit with the turned normals. Neck and clothes are one flat layer behind it.

    Args:
        identity: the speaker.
        flavour: format and framing.
        scene: seed of light and background.
    """

    def __init__(self, identity: Identity, flavour: Flavour, scene: int) -> None:
        rng = np.random.default_rng([scene, 0x5E])
        self.identity, self.flavour = identity, flavour
        self.scale = flavour.zoom * flavour.size
        self.light = draw_light(flavour, rng)
        self.backdrop = paint_backdrop(flavour, rng)
        self.centre = (flavour.size * (0.5 + 0.02 * rng.uniform(-1, 1)), flavour.size * flavour.eyes_at)
        self.head = model_head(identity, self.light, self.scale * 1.15)
        self.body = shade_body(identity, self.light, self.scale)
        self.behind = shade_behind(identity, self.light, self.scale)
        self.glasses = paint_glasses(identity, max(self.scale * 1.3, 110))
        self.window = self._window()

    def render(self, pose: Pose) -> NDArray[np.uint8]:
        """One frame, uint8 [size, size, 3], RGB."""
        frame = self.backdrop.copy()
        sway = vector(0.35 * pose.shift_x, 0.3 * pose.shift_y)
        self._lay(frame, *self.body, np.eye(2, dtype=np.float32), sway)
        rotation = rotation_matrix(pose)
        if self.behind is not None:
            self._lay(frame, *self.behind, *self._plane(rotation, pose, -0.4))
        self._lay_head(frame, rotation, pose)
        if self.glasses is not None:
            self._lay(frame, *self.glasses, *self._plane(rotation, pose, PLANE))
        return encode(frame)

    def _plane(self, rotation: Plane, pose: Pose, depth: float) -> tuple[Plane, Plane]:
        """Where the rotation takes the plane z = depth: matrix [2, 2] and offset [2]."""
        turn = rotation[:2, :2]
        offset = rotation[:2, 2] * (depth - PIVOT[2]) + PIVOT[:2] - turn @ PIVOT[:2]
        return turn, offset + vector(pose.shift_x, pose.shift_y)

    def _lay(self, frame: Plane, canvas: Canvas, layer: Plane, turn: Plane, offset: Plane) -> None:
        """Lay a flat premultiplied layer on the frame, in place."""
        inverse = np.linalg.inv(turn)
        centre = vector(*self.centre)
        # Frame pixel q -> plane point inverse @ ((q - centre) / scale - offset) -> canvas pixel.
        matrix = inverse * (canvas.density / self.scale)
        start = inverse @ (-centre / self.scale - offset) - vector(canvas.left, canvas.top)
        start *= canvas.density
        height, width = layer.shape[:2]
        ends = np.array([[0, width, 0, width], [0, 0, height, height]], np.float32)
        corners = (self.scale / canvas.density) * turn @ (ends - start[:, None])
        left, top = np.clip(np.floor(corners.min(axis=1)), 0, self.flavour.size).astype(int)
        right, bottom = np.clip(np.ceil(corners.max(axis=1)), 0, self.flavour.size).astype(int)
        if left == right or top == bottom:
            return
        affine = np.column_stack([matrix, start + matrix @ vector(left, top)]).astype(np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        warped = cv2.warpAffine(layer, affine, (int(right - left), int(bottom - top)), flags=flags)
        patch = frame[top:bottom, left:right]
        patch *= 1 - warped[..., 3:]
        patch += warped[..., :3]

    def _lay_head(self, frame: Plane, rotation: Plane, pose: Pose) -> None:
        head, window = self.head, self.window
        x, y = self._face_coordinates(rotation, pose)
        y += 0.05 * pose.brows * _brow_region(self.identity, x, y)
        overlays = self._open(x, y, pose)
        colour = head.canvas.sample(head.colour, x, y)
        surface = head.canvas.sample(head.surface, x, y)
        reach = head.canvas.sample(head.reach, x, y)
        for place, overlay in overlays:
            overlay.lay_on(colour[place], surface[place], reach[place])
        normal = surface[..., :3] @ rotation.T
        radiance = shade(colour[..., :3], normal, surface[..., 3], reach[..., 0], reach[..., 1], self.light)
        patch = frame[window.rows, window.columns]
        patch += (radiance - patch) * colour[..., 3:]

    def _face_coordinates(self, rotation: Plane, pose: Pose) -> tuple[Plane, Plane]:
        """For every pixel of the window the point (x, y) of the face that the rotation brings there.

        Solves turn @ (x, y) + lean * depth(x, y) = (u, v) by fixed-point steps on every third pixel; the depth is
        smooth, so interpolation between them is exact enough.
        """
        window, head = self.window, self.head
        u = window.x[::3, ::3] - PIVOT[0] - pose.shift_x
        v = window.y[::3, ::3] - PIVOT[1] - pose.shift_y
        inverse = np.linalg.inv(rotation[:2, :2])
        lean = rotation[:2, 2]
        depth = np.full_like(u, 0.7)
        for _ in range(4):
            across, down = u - lean[0] * (depth - PIVOT[2]), v - lean[1] * (depth - PIVOT[2])
            x = inverse[0, 0] * across + inverse[0, 1] * down + PIVOT[0]
            y = inverse[1, 0] * across + inverse[1, 1] * down + PIVOT[1]
            depth = head.canvas.sample(head.depth, x, y)
        height, width = window.x.shape
        grid_x, grid_y = np.meshgrid(np.arange(width, dtype=np.float32) / 3, np.arange(height, dtype=np.float32) / 3)
        fine = cv2.remap(np.dstack([x, y]), grid_x, grid_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.ascontiguousarray(fine[..., 0]), np.ascontiguousarray(fine[..., 1])

    def _open(self, x: Plane, y: Plane, pose: Pose) -> list[tuple[tuple[slice, slice], Overlay]]:
        """Move the skin around eyes and mouth (x, y in place) and return what shows through them."""
        face, pixel, overlays = self.identity.face, 1 / self.scale, []
        for side in (-1, 1):
            place = _around(x, y, side * face.eye_x, 0.0, 1.35 * face.eye_width, 0.32)
            y[place], eye = open_eye(self.identity, x[place], y[place], pose, side, pixel)
            overlays.append((place, eye))
        place = _around(x, y, 0.0, (face.mouth_y + face.chin) / 2, 1.05, face.chin - face.nose_y)
        x[place], y[place], between = part_lips(face, x[place], y[place], pose, pixel)
        return [*overlays, (place, between)]

    def _window(self) -> _Window:
        canvas, size = self.head.canvas, self.flavour.size
        margin = 0.15
        height, width = canvas.x.shape
        low_x = max(0, int(self.centre[0] + (canvas.left - margin) * self.scale))
        low_y = max(0, int(self.centre[1] + (canvas.top - margin) * self.scale))
        high_x = min(size, int(self.centre[0] + (canvas.left + width / canvas.density + margin) * self.scale))
        high_y = min(size, int(self.centre[1] + (canvas.top + height / canvas.density + margin) * self.scale))
        columns = (np.arange(low_x, high_x, dtype=np.float32) - self.centre[0]) / self.scale
        rows = (np.arange(low_y, high_y, dtype=np.float32) - self.centre[1]) / self.scale
        x, y = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
        return _Window(slice(low_y, high_y), slice(low_x, high_x), x, y)


def rotation_matrix(pose: Pose) -> Plane:
    """Rotation [3, 3] of the pose: yaw first, then pitch, then roll."""
    cy, sy, cp, sp, cr, sr = (f(a) for a in (pose.yaw, pose.pitch, pose.roll) for f in (np.cos, np.sin))
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    pitch = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(roll @ pitch @ yaw, np.float32)


def _around(x: Plane, y: Plane, at_x: float, at_y: float, reach_x: float, reach_y: float) -> tuple[slice, slice]:
    """The smallest block of pixels that holds the rectangle around (at_x, at_y)."""
    near = (np.abs(x - at_x) < reach_x) & (np.abs(y - at_y) < reach_y)
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _brow_region(identity: Identity, x: Plane, y: Plane) -> Plane:
    face = identity.face
    return np.exp(-0.5 * (((np.abs(x) - face.eye_x) / 0.35) ** 2 + ((y - face.brow_y + 0.02) / 0.13) ** 2))
