"""Preparation of the driving image: masks from landmarks, aligned identity crop, and what happens without a face."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from narrator.contract import GenerationFailed
from narrator.face import Face, FaceMesh
from narrator.video.config import FaceAnimatorConfig
from narrator.video.face_inputs import prepare_face, to_pixels
from narrator.video.identity import LANDMARKS, TEMPLATE, IdentityEmbedder, align, similarity
from narrator.video.masks import LIPS, SILHOUETTE

SMALL = FaceAnimatorConfig.small()


class Mesh(FaceMesh):
    """Finds given points instead of looking."""

    def __init__(self, points: NDArray[np.float32] | None) -> None:
        self.points = points

    def find(self, image: NDArray[np.uint8]) -> Face | None:
        return None if self.points is None else Face(self.points, 1.0)


def oval() -> NDArray[np.float32]:
    """Landmarks of a face in a picture of 200 x 160: an ellipse for the silhouette, a smaller one for the lips."""
    points = np.zeros((468, 3), np.float32)
    for indices, centre, radii in ((SILHOUETTE, (80, 100), (40, 50)), (LIPS, (80, 125), (14, 6))):
        angle = np.linspace(0, 2 * np.pi, len(indices), endpoint=False)
        points[list(indices), :2] = np.array(centre) + np.stack([np.cos(angle), np.sin(angle)], 1) * radii
    return points


@pytest.fixture
def image() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (200, 160, 3), dtype=np.uint8)


def test_shapes_and_ranges(image: NDArray[np.uint8]) -> None:
    face = prepare_face(image, Mesh(oval()), None, SMALL)
    assert face.pixels.shape == face.mask.shape == (3, 128, 128)
    assert face.pixels.min() >= -1
    assert face.pixels.max() <= 1
    assert set(face.mask.unique().tolist()) >= {0.0, 1.0}
    assert torch.equal(face.identity, torch.zeros(512))
    assert [mask.shape for mask in face.masks] == [(3, 1, 256), (3, 1, 64), (3, 1, 16), (3, 1, 4)]


def test_regions_lie_where_the_landmarks_are(image: NDArray[np.uint8]) -> None:
    full, face, lips = prepare_face(image, Mesh(oval()), None, SMALL).masks[0].reshape(3, 16, 16)
    rows = torch.arange(16.0)
    centre = (lips.sum(1) @ rows / lips.sum(), lips.sum(0) @ rows / lips.sum())
    assert centre[0] == pytest.approx(125 / 200 * 16 - 0.5, abs=0.5)
    assert centre[1] == pytest.approx(80 / 160 * 16 - 0.5, abs=0.5)
    assert full[0, 0] > 0.9
    assert face[6, 8] > full[6, 8]


def test_no_face(image: NDArray[np.uint8]) -> None:
    with pytest.raises(GenerationFailed, match=r"No face was found in the driving image \(160 x 200\)"):
        prepare_face(image, Mesh(None), None, SMALL)


def test_pixels_of_a_picture_of_the_right_size_are_its_values() -> None:
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3) * 20
    assert np.allclose(to_pixels(picture, 2).permute(1, 2, 0).numpy(), picture / 127.5 - 1)


points = st.lists(st.tuples(*[st.floats(-50, 50)] * 4), min_size=3, max_size=6)


@given(points)
def test_similarity_is_the_least_squares_one(quads: list[tuple[float, ...]]) -> None:
    source, target = np.array(quads)[:, :2], np.array(quads)[:, 2:]
    if np.ptp(source, axis=0).max() < 1:
        return
    x, y = source.T
    one, zero = np.ones_like(x), np.zeros_like(x)
    system = np.concatenate([np.stack([x, -y, one, zero], 1), np.stack([y, x, zero, one], 1)])
    a, b, tx, ty = np.linalg.lstsq(system, target.T.reshape(-1), rcond=None)[0]
    assert np.allclose(similarity(source, target), [[a, -b, tx], [b, a, ty]], atol=1e-6)


def drawn_face(angle: float, scale: float) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A picture with a bright dot at each of the five landmarks of a turned, scaled face, and its landmarks."""
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    placed = (TEMPLATE - 56) @ turn.T + 150
    landmarks, picture = np.zeros((468, 3), np.float32), np.zeros((300, 300, 3), np.uint8)
    for indices, (x, y) in zip(LANDMARKS, placed, strict=True):
        landmarks[list(indices), :2] = x, y
        cv2.circle(picture, (round(x), round(y)), round(2 * scale), (255, 255, 255), -1)
    return picture, landmarks


@pytest.mark.parametrize(("angle", "scale"), [(0.0, 1.0), (0.4, 1.5), (-0.7, 2.0)])
def test_alignment_puts_the_landmarks_on_the_template(angle: float, scale: float) -> None:
    crop = align(*drawn_face(angle, scale))
    assert crop.shape == (112, 112, 3)
    for x, y in TEMPLATE.round().astype(int):
        assert crop[y, x].min() > 200
    assert (crop > 128).mean() < 0.02


def field(number: int, value: int | bytes) -> bytes:
    """One field of a protocol buffer."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


def mosaic_network(side: int = 112) -> bytes:
    """An ONNX network that answers with the means of 4 x 4 tiles of each channel, [1, 48]."""

    def tensor(name: bytes, shape: tuple[int, ...]) -> bytes:
        dimensions = b"".join(field(1, field(1, size)) for size in shape)
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, dimensions)))

    def sizes(name: bytes) -> bytes:
        return field(5, field(1, name) + field(8, 28) + field(8, 28) + field(20, 7))

    pool = field(1, b"in") + field(2, b"tiles") + field(4, b"AveragePool") + sizes(b"kernel_shape") + sizes(b"strides")
    flatten = field(1, b"tiles") + field(2, b"out") + field(4, b"Flatten")
    graph = field(1, pool) + field(1, flatten) + field(2, b"mosaic")
    graph += field(11, tensor(b"in", (1, 3, side, side))) + field(12, tensor(b"out", (1, 3 * (side // 28) ** 2)))
    return field(1, 8) + field(7, graph) + field(8, field(2, 13))


def test_identity_network_sees_the_aligned_crop(tmp_path: Path, image: NDArray[np.uint8]) -> None:
    file = tmp_path / "mosaic.onnx"
    file.write_bytes(mosaic_network())
    _, landmarks = drawn_face(0.2, 0.8)
    embedding = IdentityEmbedder(file)(image, landmarks)
    tiles = align(image, landmarks).reshape(4, 28, 4, 28, 3).mean((1, 3)) / 127.5 - 1
    assert embedding.dtype == np.float32
    assert np.allclose(embedding, tiles.transpose(2, 0, 1).reshape(-1), atol=1e-5)


def test_a_missing_identity_network(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"give the path of glintr100\.onnx"):
        IdentityEmbedder(tmp_path / "glintr100.onnx")


def test_a_damaged_identity_network(tmp_path: Path) -> None:
    file = tmp_path / "damaged.onnx"
    file.write_bytes(mosaic_network()[:40])
    with pytest.raises(ValueError, match="is not an ArcFace network"):
        IdentityEmbedder(file)
    file.write_bytes(mosaic_network(side=224))
    with pytest.raises(ValueError, match="is not an ArcFace network"):
        IdentityEmbedder(file)


@pytest.mark.shared
@pytest.mark.weights
@pytest.mark.parametrize("name", ["astronaut.png", "nfy_man.jpg", "nfy_Woman.png", "sadtalker_people_0.png"])
def test_a_real_portrait(shared: Path, name: str) -> None:
    """In ArcFace's crop, the mesh finds the five landmarks again where the template has them."""
    from metrics.weights import fetch

    mesh = FaceMesh({weights: fetch(weights) for weights in FaceMesh.weights})
    picture = np.asarray(Image.open(shared / "media" / "images" / name).convert("RGB"))
    found = mesh.find(picture)
    assert found is not None
    face = prepare_face(picture, mesh, None, FaceAnimatorConfig())
    x, y = (found.points[1, :2] / picture.shape[1::-1] * 512).astype(int)
    assert face.mask[0, y, x] == 1
    assert face.mask[0, 0, 0] == 0
    crop = cv2.resize(align(picture, found.points), (448, 448), interpolation=cv2.INTER_CUBIC)
    again = mesh.find(cv2.copyMakeBorder(crop, 100, 100, 100, 100, cv2.BORDER_REPLICATE))
    assert again is not None
    seen = np.array([again.points[list(indices), :2].mean(0) for indices in LANDMARKS])
    assert np.abs((seen - 100) / 4 - TEMPLATE).max() < 8


@pytest.mark.weights
def test_a_picture_without_a_face() -> None:
    from metrics.weights import fetch

    mesh = FaceMesh({weights: fetch(weights) for weights in FaceMesh.weights})
    with pytest.raises(GenerationFailed, match="No face"):
        prepare_face(np.full((240, 320, 3), 127, np.uint8), mesh, None, FaceAnimatorConfig())
