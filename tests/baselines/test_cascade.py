"""The cascade on real portraits, its frames measured with the face mesh."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from baselines.animation import Motion
from baselines.cascade import Cascade
from baselines.puppet.rig import FaceRig
from baselines.visemes import MouthTrack
from narrator.contract import GenerationFailed, Generator, Prompt, Voice
from narrator.face import FaceMesh

pytestmark = [pytest.mark.weights, pytest.mark.shared]

TEXT = "Pepper and paper. Everybody, the best thing you can do is let go of the rope!"
RATE = 24_000


@pytest.fixture(scope="module")
def mesh_paths() -> dict[str, Path]:
    from metrics.weights import fetch

    return {name: fetch(name) for name in FaceMesh.weights}


@pytest.fixture(scope="module")
def mesh(mesh_paths: dict[str, Path]) -> FaceMesh:
    return FaceMesh(mesh_paths)


@pytest.fixture(scope="module")
def cascade(mesh_paths: dict[str, Path]) -> Cascade:
    return Cascade(mesh_paths, size=256)


def portrait(shared: Path, name: str, size: int = 256) -> NDArray[np.uint8]:
    image = Image.open(shared / "media/images" / name).convert("RGB")
    image.thumbnail((size, size))
    return np.asarray(image)


def shape(mesh: FaceMesh, frame: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mesh points in units of the distance of the outer eye corners, eyes level, from between the eyes."""
    face = mesh.find(frame)
    assert face is not None
    across = face.points[263, :2] - face.points[33, :2]
    x, y = across / np.linalg.norm(across) ** 2
    return (face.points[:, :2] - face.points[[33, 263], :2].mean(axis=0)) @ np.array([[x, -y], [y, x]])


def opening(points: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(points[13] - points[14]))


def pose(opening: float = 0.0, width: float = 0.0, activity: float = 1.0, **head: float) -> Motion:
    def one(value: float) -> NDArray[np.float64]:
        return np.array([value])

    mouth = MouthTrack(one(opening), one(width), one(0.0), one(0.0), one(activity))
    return Motion(mouth, *(one(head.get(name, 0.0)) for name in ("blink", "brow", "yaw", "pitch", "roll")))


@pytest.mark.parametrize("name", ["sadtalker_people_0.png", "nfy_Woman.png"])
def test_mouth_moves_in_time_with_the_speech(
    cascade: Cascade, mesh: FaceMesh, shared: Path, make_prompt: Callable[..., Prompt], name: str
) -> None:
    narration = cascade(make_prompt(text=TEXT, image=portrait(shared, name), seed=3))
    mouth = np.array([opening(shape(mesh, frame)) for chunk in narration.chunks() for frame in chunk])
    hop = round(RATE / narration.fps)
    padded = np.pad(narration.waveform, (hop // 2, 2 * hop))
    power = [np.square(padded[i * hop : (i + 2) * hop]).mean() for i in range(len(mouth))]
    loudness = np.log(np.sqrt(power) + 1e-3)
    inner = slice(8, -8)
    follows = {lag: np.corrcoef(np.roll(mouth, -lag)[inner], loudness[inner])[0, 1] for lag in range(-8, 9)}
    best = max(follows, key=lambda lag: follows[lag])
    assert abs(best) <= 1
    assert follows[best] > 0.35


def test_same_prompt_same_bytes(
    cascade: Cascade, mesh_paths: dict[str, Path], shared: Path, make_prompt: Callable[..., Prompt]
) -> None:
    prompt = make_prompt(text="Let it go.", image=portrait(shared, "nfy_kid_2.jpg"), seed=9)
    one, other = cascade(prompt), Cascade(mesh_paths, size=256)(prompt)
    frames = [np.concatenate(list(narration.chunks())) for narration in (one, other)]
    assert frames[0].tobytes() == frames[1].tobytes()
    assert one.waveform.tobytes() == other.waveform.tobytes()
    assert 0 <= len(frames[0]) / one.fps - len(one.waveform) / one.sample_rate < 1 / one.fps
    assert set(one.seconds) == {"mesh", "speech", "voice", "animate", "render"}


def test_the_voice_is_the_profile_s(
    cascade: Cascade, shared: Path, make_prompt: Callable[..., Prompt], listen: Callable[[Path], Voice]
) -> None:
    image = portrait(shared, "nfy_man.jpg")
    low, high = (
        cascade(make_prompt(text=TEXT, image=image, voice=listen(shared / "media" / clip))).waveform
        for clip in ("real/grid_pwij3p.mpg", "speech/LJ001-0002.wav")
    )

    def pitch(waveform: NDArray[np.float32]) -> float:
        """Median lag of the strongest autocorrelation from 60 to 400 Hz over the loud 40 ms frames, as Hz."""
        frames = waveform[: len(waveform) // 960 * 960].reshape(-1, 960).astype(np.float64)
        loud = frames[np.square(frames).mean(axis=1) > np.square(frames).mean()]
        power = np.abs(np.fft.rfft(loud, 4096)) ** 2
        lags = np.fft.irfft(power)[:, RATE // 400 : RATE // 60]
        return RATE / float(np.median(lags.argmax(axis=1) + RATE // 400))

    assert pitch(low) == pytest.approx(86, rel=0.15)
    assert pitch(high) > 170


@pytest.mark.parametrize("name", ["sadtalker_people_0.png", "vasa1_12_ref.jpg", "nfy_kid_2.jpg"])
def test_a_pose_without_motion_is_the_image(mesh: FaceMesh, shared: Path, name: str) -> None:
    image = portrait(shared, name)
    face = mesh.find(image)
    assert face is not None
    assert np.abs(FaceRig(image, face).pose(pose(), 0).astype(int) - image).max() <= 1


def test_opening_widening_and_turning_do_what_they_say(mesh: FaceMesh, shared: Path) -> None:
    image = portrait(shared, "sadtalker_people_0.png", 512)
    face = mesh.find(image)
    assert face is not None
    rig = FaceRig(image, face)

    def measured(**values: float) -> NDArray[np.float32]:
        return shape(mesh, rig.pose(pose(**values), 0))

    openings = [opening(measured(opening=value)) for value in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert openings == sorted(openings)
    assert openings[-1] - openings[0] > 0.12
    rest, open_, pursed, spread = (
        measured(), measured(opening=0.9), measured(opening=0.2, width=-1.0), measured(opening=0.2, width=1.0)
    )  # fmt: skip
    assert open_[152, 1] - rest[152, 1] > 0.06  # the chin drops with the jaw
    narrow, wide = (float(points[291, 0] - points[61, 0]) for points in (pursed, spread))
    assert narrow < 0.96 * wide
    nose = [float(measured(yaw=angle)[4, 0]) for angle in (-6.0, 0.0, 6.0)]
    assert nose[0] < nose[1] - 0.01 < nose[1] + 0.01 < nose[2]


def test_a_blink_covers_the_eye_with_the_skin_above_it(mesh: FaceMesh, shared: Path) -> None:
    """The mesh hardly sees blinks, so pixels tell: iris, left of the eye's middle to right of it, against the lid."""
    image = portrait(shared, "sadtalker_people_0.png", 512)
    face = mesh.find(image)
    assert face is not None
    shut = FaceRig(image, face).pose(pose(blink=1.0), 0)
    for upper, lower, brow in ((159, 145, 52), (386, 374, 282)):
        x, y = face.points[[upper, lower], :2].mean(axis=0).astype(int)
        skin_y = int(face.points[upper, 1] * 0.6 + face.points[brow, 1] * 0.4)
        skin = image[skin_y - 1 : skin_y + 2, x - 4 : x + 5].mean()
        iris = [frame[y - 1 : y + 2, x - 4 : x + 5].mean() for frame in (image, shut)]
        assert abs(iris[1] - skin) < 0.4 * abs(iris[0] - skin)


def test_the_person_and_the_background_stay(mesh: FaceMesh, cascade: Cascade, shared: Path,
                                            make_prompt: Callable[..., Prompt]) -> None:  # fmt: skip
    image = portrait(shared, "nfy_man.jpg")
    frames = np.concatenate(list(cascade(make_prompt(text=TEXT, image=image)).chunks()))
    for edge in (np.s_[:, :2], np.s_[:, :, :2], np.s_[:, :, -2:]):  # the neck may move at the lower one
        assert np.abs(frames[edge].astype(int) - image[None][edge]).mean() < 0.5
    corners = np.abs(frames[:, :40, :40].astype(int) - image[:40, :40]).mean()
    assert corners < 1.0
    person = shape(mesh, image)
    upper_face = person[:, 1] < 0.35
    drift = [np.abs(shape(mesh, frame) - person)[upper_face].mean() for frame in frames[::15]]
    assert max(drift) < 0.05


def test_frames_come_as_they_are_read(cascade: Cascade, shared: Path, make_prompt: Callable[..., Prompt]) -> None:
    narration = cascade(make_prompt(text=TEXT, image=portrait(shared, "nfy_man.jpg")))
    assert "render" not in narration.seconds
    first = next(narration.chunks())
    assert 1 <= len(first) <= 32
    assert "render" in narration.seconds


@pytest.mark.parametrize(("width", "height", "expected"), [(301, 257, (218, 256)), (200, 133, (132, 200))])
def test_frames_are_even_and_not_larger_than_asked(
    cascade: Cascade,
    shared: Path,
    make_prompt: Callable[..., Prompt],
    width: int,
    height: int,
    expected: tuple[int, int],
) -> None:
    image = cv2.resize(portrait(shared, "nfy_oldMan.jpg", 512), (width, height), interpolation=cv2.INTER_AREA)
    frames = next(cascade(make_prompt(text="Hi.", image=image)).chunks())
    assert frames.shape[1:3] == expected


@pytest.mark.parametrize("cut", [(slice(60, None), slice(None)), (slice(None, 200), slice(None)),
                                 (slice(None), slice(90, None)), (slice(None), slice(None, 160))])  # fmt: skip
def test_faces_that_leave_the_image_are_animated_all_the_same(
    cascade: Cascade, mesh: FaceMesh, shared: Path, make_prompt: Callable[..., Prompt], cut: tuple[slice, slice]
) -> None:
    image = np.ascontiguousarray(portrait(shared, "nfy_man.jpg")[cut])
    if mesh.find(image) is None:
        pytest.skip("too little of the face is left to be found")
    frames = np.concatenate(list(cascade(make_prompt(text="Hello you.", image=image)).chunks()))
    assert frames.std(axis=0).max() > 0


def test_no_face_is_a_failure_with_a_reason(cascade: Cascade, make_prompt: Callable[..., Prompt]) -> None:
    with pytest.raises(GenerationFailed, match=r"no face found in the driving image \(64 x 48 pixels\)"):
        cascade(make_prompt())


def test_options_are_checked_and_described(mesh_paths: dict[str, Path], cascade: Cascade) -> None:
    assert isinstance(cascade, Generator)
    assert cascade.describe()["size"] == 256
    with pytest.raises(ValueError, match=r"size .pixels. must be"):
        Cascade(mesh_paths, size=5)
    with pytest.raises(ValueError, match="fps must be"):
        Cascade(mesh_paths, fps=0)
