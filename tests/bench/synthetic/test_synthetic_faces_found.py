"""Real face networks on the encoded clips: they find the face, and its lips follow the sound."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from scipy.io import wavfile

from bench.synthetic import FLAVOURS, load
from narrator.face import Face, FaceMesh

pytestmark = pytest.mark.weights

UPPER_LIP, LOWER_LIP, BROW, CHIN = 13, 14, 10, 152


@pytest.fixture(scope="module")
def mesh() -> FaceMesh:
    from metrics.weights import fetch

    return FaceMesh({name: fetch(name) for name in FaceMesh.weights})


def lip_gap(face: Face) -> float:
    """Distance of the inner lips over the length of the face."""
    points = face.points[:, :2]
    return float(np.linalg.norm(points[LOWER_LIP] - points[UPPER_LIP]) / np.linalg.norm(points[CHIN] - points[BROW]))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_mesh_finds_the_face_and_sees_the_lips_follow_the_sound(
    corpus: dict[str, Path], mesh: FaceMesh, flavour: str
) -> None:
    clip = load(corpus[flavour])[0]
    with av.open(str(clip.path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    found = [mesh.find(frame) for frame in frames]
    assert sum(face is not None for face in found) >= 0.95 * len(frames)
    gap = np.array([lip_gap(face) if face is not None else 0.0 for face in found])
    rate, sound = wavfile.read(clip.path.with_suffix(".wav"))
    blocks = sound[: len(frames) * (rate // 25)].astype(float).reshape(len(frames), -1)
    loud = np.sqrt(np.square(blocks).mean(axis=1))
    lags = {lag: np.corrcoef(loud[4:-4], np.roll(gap, -lag)[4:-4])[0, 1] for lag in range(-4, 5)}
    assert lags[0] > 0.4
    assert abs(max(lags, key=lags.__getitem__)) <= 1
