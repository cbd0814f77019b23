"""Eyes: open and shut, looking left and right, beside Google's newer network; a reason where there is no face."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from metrics import Statistics, Unmeasurable
from metrics.builtin import make
from metrics.video.eye_finder import EyeFinder
from metrics.video.eyes import EyeOpening, GazeSpread
from narrator.face.network import Network

PORTRAITS = ["astronaut.png", "fr_obama_small.jpg", "nfy_Woman.png", "nfy_man.jpg", "nfy_oldMan.jpg", "nfy_kid_2.jpg"]


def portrait(shared: Path, name: str) -> NDArray[np.uint8]:
    return np.asarray(Image.open(shared / "media" / "images" / name).convert("RGB"))


@pytest.fixture(scope="module")
def finder() -> EyeFinder:
    return EyeFinder()


@pytest.mark.weights
@pytest.mark.shared
def test_openings_agree_with_another_network(shared: Path, finder: EyeFinder, tmp_path: Path) -> None:
    """MediaPipe's landmarker v2, 478 points, fed an upright square: eye aspect ratios within 0.08 of its own."""
    import cv2

    with zipfile.ZipFile(shared / "weights/mp_face_landmarker_v2_with_blendshapes.task") as task:
        witness = Network(Path(task.extract("face_landmarks_detector.tflite", tmp_path)))
    for name in PORTRAITS:
        image = portrait(shared, name)
        box = finder._faces.find(image)
        assert box is not None
        middle, side = (box[:2] + box[2:]) / 2, 1.5 * float((box[2:] - box[:2]).max())
        affine = np.array([[side / 256, 0, middle[0] - side / 2], [0, side / 256, middle[1] - side / 2]])
        crop = cv2.warpAffine(image, affine, (256, 256), flags=cv2.INTER_AREA | cv2.WARP_INVERSE_MAP)
        points = witness(crop.astype(np.float32) / 255)[0].reshape(-1, 3)[:, :2]

        def gap(a: int, b: int, points: NDArray[np.float32] = points) -> float:
            return float(np.linalg.norm(points[a] - points[b]))

        seen = np.mean([(gap(160, 144) + gap(158, 153)) / 2 / gap(33, 133),
                        (gap(385, 380) + gap(387, 373)) / 2 / gap(362, 263)])  # fmt: skip
        found = finder.find(image)
        assert found is not None
        assert found.opening == pytest.approx(seen, abs=0.08), name


@pytest.mark.weights
@pytest.mark.shared
def test_a_mirrored_face_looks_the_other_way(shared: Path, finder: EyeFinder) -> None:
    for name in PORTRAITS:
        image = portrait(shared, name)
        one, other = finder.find(image), finder.find(np.ascontiguousarray(image[:, ::-1]))
        assert one is not None
        assert other is not None
        assert one.across == pytest.approx(-other.across, abs=4), name
        assert one.opening == pytest.approx(other.opening, abs=0.05), name


@pytest.mark.weights
def test_no_face_is_a_reason() -> None:
    metric = make("eye-opening", stride=1)
    observer = metric.observe()
    observer.frames(np.zeros((3, 64, 64, 3), np.uint8))
    with pytest.raises(Unmeasurable, match="a face is found in 0 of 3 frames"):
        metric.compare({}, observer.finish()())  # type: ignore[attr-defined]


def statistics(opening: list[float], across: list[float]) -> Statistics:
    return {"opening": np.array(opening), "gaze": np.stack([np.array(across), np.zeros(len(across))], axis=1)}


def test_the_spread_is_of_open_eyes_only() -> None:
    wandering = statistics([0.3] * 8, [-3.0, 3.0] * 4)
    assert GazeSpread().compare({}, wandering)["value"] == pytest.approx(3)
    assert GazeSpread().compare({}, statistics([0.3] * 8, [5.0] * 8))["value"] == 0
    blinking = statistics([0.3] * 8 + [0.05] * 2, [-3.0, 3.0] * 4 + [60.0, -60.0])
    assert GazeSpread().compare({}, blinking)["value"] == pytest.approx(3)
    with pytest.raises(Unmeasurable, match="the eyes are open in 0 frames, at least 5 are needed"):
        GazeSpread().compare({}, statistics([0.05] * 8, [0.0] * 8))


def test_frames_without_a_face_are_left_out_and_too_many_are_a_reason() -> None:
    half = statistics([0.3, 0.2, np.nan, np.nan], [0.0] * 4)
    assert EyeOpening().compare({}, half)["value"] == pytest.approx(0.25)
    with pytest.raises(Unmeasurable, match="a face is found in 1 of 4 frames"):
        EyeOpening().compare({}, statistics([0.3, np.nan, np.nan, np.nan], [0.0] * 4))
