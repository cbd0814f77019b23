"""Rendered frames: what a pose changes, and only that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.synthetic.flavours import FLAVOURS
from bench.synthetic.identity import CLOTHES, Identity
from bench.synthetic.mouth import LIP_DROP, LIP_RISE, lip_gap
from bench.synthetic.portrait import Portrait, rotation_matrix
from bench.synthetic.pose import Pose

REST = Pose()


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    return Portrait(Identity.draw(3, "man"), FLAVOURS["fakeavceleb"], scene=1)


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.abs(one.astype(float) - other.astype(float)).mean(axis=2)


def rows_around(portrait: Portrait, height: float, reach: float) -> slice:
    middle = portrait.centre[1] + height * portrait.scale
    return slice(int(middle - reach * portrait.scale), int(middle + reach * portrait.scale))


def test_equal_poses_give_equal_frames(portrait: Portrait) -> None:
    again = Portrait(Identity.draw(3, "man"), FLAVOURS["fakeavceleb"], scene=1)
    pose = Pose(yaw=0.1, opening=0.5, lids=0.7, brows=0.3)
    np.testing.assert_array_equal(portrait.render(pose), again.render(pose))


def test_opening_the_mouth_changes_the_lower_face_and_more_so_the_wider(portrait: Portrait) -> None:
    closed = portrait.render(REST)
    changes = [difference(portrait.render(Pose(opening=opening)), closed) for opening in (0.25, 0.5, 1.0)]
    face = portrait.identity.face
    mouth = rows_around(portrait, face.mouth_y + 0.1, 0.3)
    assert changes[0][mouth].sum() < changes[1][mouth].sum() < changes[2][mouth].sum()
    assert changes[2][rows_around(portrait, -0.3, 0.5)].max() <= 1, "eyes and brow stay"


def test_closing_the_lids_changes_the_eyes_alone(portrait: Portrait) -> None:
    change = difference(portrait.render(Pose(lids=0.05)), portrait.render(REST))
    eyes = rows_around(portrait, 0.0, 0.35)
    assert change[eyes].max() > 40
    change[eyes] = 0
    assert change.max() <= 1


def test_the_gap_between_the_lips_has_the_travel_that_the_mouth_module_states() -> None:
    face = Identity.draw(3, "man").face
    middle = np.zeros((1, 1), np.float32)
    upper, lower = lip_gap(face, middle, Pose(opening=0.5))
    assert float(lower[0, 0] - upper[0, 0]) == pytest.approx(0.5 * (LIP_DROP + LIP_RISE), abs=1e-5)
    upper, lower = lip_gap(face, middle, REST)
    assert float(lower[0, 0] - upper[0, 0]) == pytest.approx(0, abs=1e-6)


def test_turning_moves_the_nose_further_than_the_ears(portrait: Portrait) -> None:
    """Solving for the face under a rotation must agree with the rotation itself."""
    pose = Pose(yaw=0.15, pitch=0.05, roll=-0.04, shift_x=0.03)
    rotation, head = rotation_matrix(pose), portrait.head
    x, y = portrait._face_coordinates(rotation, pose)
    depth = head.canvas.sample(head.depth, x, y)
    pivot = np.array([0.0, 0.7, -0.3])
    points = np.dstack([x, y, depth]) - pivot
    turned = points @ rotation.T + pivot + np.array([0.03, 0, 0])
    near = np.hypot(x / 0.8, (y - 0.2) / 1.0) < 1
    assert np.abs(turned[..., 0] - portrait.window.x)[near].max() < 0.02
    assert np.abs(turned[..., 1] - portrait.window.y)[near].max() < 0.02


def test_rotations_are_rotations() -> None:
    rotation = rotation_matrix(Pose(yaw=0.3, pitch=-0.2, roll=0.1))
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-6)
    assert np.linalg.det(rotation) == pytest.approx(1, abs=1e-6)


def test_different_seeds_give_different_faces() -> None:
    faces = [Portrait(Identity.draw(seed, "woman"), FLAVOURS["fakeavceleb"], 1).render(REST) for seed in range(3)]
    for one in range(3):
        for other in range(one):
            assert difference(faces[one], faces[other]).mean() > 4


def test_clothes_change_nothing_but_clothes(portrait: Portrait) -> None:
    other = replace(portrait.identity, clothes=next(c for c in CLOTHES if c != portrait.identity.clothes))
    change = difference(Portrait(other, portrait.flavour, 1).render(REST), portrait.render(REST))
    face = rows_around(portrait, 0.0, 0.8)
    assert change[face].max() == 0
    assert change.max() > 10


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_frames_have_the_size_of_their_flavour(flavour: str) -> None:
    frame = Portrait(Identity.draw(5, "child"), FLAVOURS[flavour], 2).render(Pose(yaw=-0.2, pitch=0.1))
    assert frame.shape == (FLAVOURS[flavour].size, FLAVOURS[flavour].size, 3)
    assert frame.dtype == np.uint8
