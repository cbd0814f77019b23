"""The face mesh on real portraits, against Google's newer landmark network as an independent witness."""

from __future__ import annotations

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from narrator.face import FaceDetector, FaceMesh
from narrator.face.network import Network

pytestmark = pytest.mark.weights

PORTRAITS = ["astronaut.png", "fr_obama_small.jpg", "nfy_Woman.png", "nfy_kid_2.jpg", "nfy_man.jpg", "nfy_oldMan.jpg",
             "sadtalker_people_0.png", "vasa1_12_ref.jpg"]  # fmt: skip
EYE_CORNERS = [33, 263]


def portrait(shared: Path, name: str) -> NDArray[np.uint8]:
    return np.asarray(Image.open(shared / "media/images" / name).convert("RGB"))


def eye_distance(points: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(points[33, :2] - points[263, :2]))


@pytest.fixture(scope="module")
def witness(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Network:
    """MediaPipe's face landmarker v2 (256 x 256 input, 478 points), a network of its own."""
    folder = tmp_path_factory.mktemp("landmarker")
    with zipfile.ZipFile(shared / "weights/mp_face_landmarker_v2_with_blendshapes.task") as task:
        return Network(Path(task.extract("face_landmarks_detector.tflite", folder)))


@pytest.mark.shared
@pytest.mark.parametrize("name", PORTRAITS)
def test_points_agree_with_another_network(face_mesh: FaceMesh, witness: Network, shared: Path, name: str) -> None:
    """Mean difference below 4 % of the distance of the outer eye corners; the witness gets an upright square crop."""
    image = portrait(shared, name)
    face = face_mesh.find(image)
    assert face is not None
    assert face.score > 0.9
    left, top, right, bottom = face.box
    side = 1.5 * max(right - left, bottom - top)
    x, y = (left + right) / 2 - side / 2, (top + bottom) / 2 - side / 2
    affine = np.array([[side / 256, 0, x], [0, side / 256, y]])
    crop = cv2.warpAffine(image, affine, (256, 256), flags=cv2.INTER_AREA | cv2.WARP_INVERSE_MAP)
    seen = witness(crop.astype(np.float32) / 255)[0].reshape(-1, 3)[:468, :2] * side / 256 + [x, y]
    error = np.linalg.norm(seen - face.points[:, :2], axis=1) / eye_distance(face.points)
    assert error.mean() < 0.04
    assert error.max() < 0.15


@pytest.mark.shared
@pytest.mark.parametrize("degrees", [-35, -15, 20, 40])
def test_mesh_turns_with_the_head(face_mesh: FaceMesh, shared: Path, degrees: float) -> None:
    image = portrait(shared, "nfy_oldMan.jpg")
    straight = face_mesh.find(image)
    affine = cv2.getRotationMatrix2D((256, 256), degrees, 0.8)
    turned = face_mesh.find(cv2.warpAffine(image, affine, (512, 512), borderMode=cv2.BORDER_REPLICATE))
    assert straight is not None
    assert turned is not None
    expected = straight.points[:, :2] @ affine[:, :2].T + affine[:, 2]
    error = np.linalg.norm(expected - turned.points[:, :2], axis=1) / eye_distance(turned.points)
    assert error.mean() < 0.04


@pytest.mark.shared
@pytest.mark.parametrize(("width", "height"), [(1600, 1600), (300, 900), (97, 131)])
def test_mesh_does_not_depend_on_size_and_frame(face_mesh: FaceMesh, shared: Path, width: int, height: int) -> None:
    image = portrait(shared, "nfy_man.jpg")
    scale = min(width, height) / 512
    canvas = np.full((height, width, 3), 90, np.uint8)
    small = cv2.resize(image, (min(width, height),) * 2, interpolation=cv2.INTER_AREA)
    canvas[: small.shape[0], : small.shape[1]] = small
    face, here = face_mesh.find(image), face_mesh.find(canvas)
    assert face is not None
    assert here is not None
    error = np.linalg.norm(face.points[:, :2] * scale - here.points[:, :2], axis=1) / eye_distance(here.points)
    assert error.mean() < 0.03


@pytest.mark.shared
def test_the_largest_of_two_faces_is_taken(face_mesh: FaceMesh, shared: Path) -> None:
    image = portrait(shared, "fr_two_people.jpg")
    face, mirrored = face_mesh.find(image), face_mesh.find(np.ascontiguousarray(image[:, ::-1]))
    assert face is not None
    assert mirrored is not None
    assert face.box[0] > image.shape[1] / 2  # the man on the right stands nearer to the camera
    assert mirrored.box[2] < image.shape[1] / 2


@pytest.mark.shared
def test_a_face_too_small_for_the_short_range_is_found(face_mesh: FaceMesh, shared: Path) -> None:
    image = cv2.resize(portrait(shared, "nfy_man.jpg"), (150, 150), interpolation=cv2.INTER_AREA)
    scene = np.full((1000, 1000, 3), 128, np.uint8)
    scene[300:450, 600:750] = image
    face = face_mesh.find(scene)
    assert face is not None
    assert 600 < face.box[0] < face.box[2] < 750
    assert 300 < face.box[1] < face.box[3] < 450


@pytest.mark.parametrize("value", [0, 128, 255])
def test_no_face_is_none(face_mesh: FaceMesh, value: int) -> None:
    assert face_mesh.find(np.full((120, 160, 3), value, np.uint8)) is None
    assert face_mesh.find(np.full((1, 1, 3), value, np.uint8)) is None
    assert face_mesh.find(np.random.default_rng(value).integers(0, 256, (256, 256, 3), np.uint8)) is None


@pytest.mark.shared
def test_same_image_same_bytes(face_mesh: FaceMesh, shared: Path) -> None:
    image = portrait(shared, "nfy_kid_2.jpg")
    one, other = face_mesh.find(image), face_mesh.find(image.copy())
    assert one is not None
    assert other is not None
    assert one.points.tobytes() == other.points.tobytes()


def test_wrong_input_and_wrong_files_are_told(face_mesh: FaceMesh, tmp_path: Path) -> None:
    from metrics.weights import fetch

    with pytest.raises(ValueError, match="needs an RGB image"):
        face_mesh.find(np.zeros((8, 8), np.uint8))
    with pytest.raises(ValueError, match="needs the weights face-detector-full-range, face-mesh"):
        FaceMesh({"face-detector": tmp_path})
    with pytest.raises(ValueError, match="not the full range face detector"):
        FaceDetector(fetch("face-detector"), "full")
    (tmp_path / "broken.tflite").write_bytes(b"not a network")
    with pytest.raises(ValueError, match="is not a TensorFlow Lite network"):
        FaceDetector(tmp_path / "broken.tflite", "short")
