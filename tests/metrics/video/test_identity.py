"""Identity: dlib's numbers from its own weights, faces cut out as dlib does, and who is who."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from support.reference_goldens import Goldens

from metrics.base.asked import Asked
from metrics.base.metric import Statistics, Unmeasurable
from metrics.builtin import make
from metrics.video.dlib_face import dlib_face, loaded
from metrics.video.face_chip import DLIB, similarity
from metrics.video.identity import Identity
from metrics.weights import WeightsError, WeightsMissing, fetch

GOLDENS = Goldens("beyond")
pytestmark = pytest.mark.weights


def picture(shared: Path, name: str) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(cv2.imread(str(shared / "media" / "images" / name)), cv2.COLOR_BGR2RGB), np.uint8)


def seen(frames: NDArray[np.uint8], **options: Any) -> Statistics:
    observer = make("identity", **options).observe()
    for start in range(0, len(frames), 7):
        observer.frames(frames[start : start + 7])
    return observer.finish()()


def embedded(chip: NDArray[np.uint8]) -> NDArray[np.float32]:
    with torch.inference_mode():
        return dlib_face("cpu")(torch.from_numpy(chip).permute(2, 0, 1)[None].float())[0].numpy()


def test_the_network_is_dlibs() -> None:
    chip = np.random.RandomState(0).randint(0, 256, (150, 150, 3)).astype(np.uint8)
    theirs = np.array(GOLDENS.records["noise"]["embedding"])
    assert np.abs(embedded(chip) - theirs).max() < 1e-5
    wrong = loaded(fetch("dlib-face"))  # off by a hundredth in one layer
    with torch.no_grad():
        wrong.blocks[0].first.gamma *= 1.01
        off = np.abs(wrong(torch.from_numpy(chip).permute(2, 0, 1)[None].float())[0].numpy() - theirs).max()
    assert off > 1e-4


@pytest.mark.parametrize("name", ["astronaut.png", "nfy_man.jpg"])
def test_faces_are_cut_out_as_dlib_does(shared: Path, name: str) -> None:
    """Dlib shrinks by another filter, so that faces differ a little, far less than two persons do."""
    record = GOLDENS.records[name]
    mesh = np.zeros((468, 2))
    mesh[[263, 362, 33, 133, 2]] = record["landmarks"]
    ours, theirs = embedded(DLIB.cut(picture(shared, name), mesh)), np.array(record["embedding"])
    assert np.linalg.norm(ours - theirs) < 0.1
    other = GOLDENS.records["nfy_man.jpg" if name == "astronaut.png" else "astronaut.png"]["embedding"]
    assert np.linalg.norm(ours - np.array(other)) > 0.6


def test_a_similarity_is_found_again() -> None:
    points = np.random.default_rng(0).normal(size=(5, 2))
    turn = np.array([[0.6, -0.8, 3.0], [0.8, 0.6, -1.0]]) * [[2, 2, 1]] * 1.0
    moved = points @ turn[:, :2].T + turn[:, 2]
    assert np.allclose(similarity(points, moved), turn)


def test_a_person_is_himself_and_a_face_that_changes_drifts(shared: Path) -> None:
    man, woman = (cv2.resize(picture(shared, name), (256, 256)) for name in ("nfy_man.jpg", "astronaut.png"))
    weights = np.linspace(0, 1, 26)[:, None, None, None]
    kept = seen(np.repeat(man[None], 11, axis=0))
    swapped = seen(np.concatenate([np.repeat(man[None], 6, axis=0), np.repeat(woman[None], 5, axis=0)]))
    metric, worst, drift = (make(name) for name in ("identity", "identity-worst", "identity-drift"))
    assert metric.statistics_id == worst.statistics_id == drift.statistics_id
    assert float(metric.compare(kept, kept)["value"]) == pytest.approx(1, abs=1e-3)
    assert float(worst.compare(kept, swapped)["value"]) < float(metric.compare(kept, swapped)["value"]) < 0.98
    blended = seen(((1 - weights) * man + weights * woman).astype(np.uint8))
    assert float(drift.compare(kept, blended)["value"]) < -0.05
    wanted = metric.asked(Asked(image=woman))
    asked, reference = (float(metric.compare({**kept, **more}, kept)["value"]) for more in (wanted, {}))
    assert asked < 0.95 < reference  # the driving image goes before the reference


def test_frames_without_a_face_are_counted_and_a_clip_of_them_has_no_score(shared: Path) -> None:
    man = cv2.resize(picture(shared, "nfy_man.jpg"), (256, 256))
    grey = np.full((5, 256, 256, 3), 90, np.uint8)
    kept = seen(np.concatenate([man[None], grey[:1], man[None], grey[:1]]), stride=1)
    assert (len(kept["faces"]), int(kept["faceless"]), kept["times"].tolist()) == (2, 2, [0, 2])
    metric = Identity()
    score = metric.score({"a": metric.compare(kept, kept)})
    assert score.details == {"frames_with_a_face": 2.0, "frames_without_a_face": 2.0}
    with pytest.raises(Unmeasurable, match="no face found in any of 1 frames"):
        seen(grey)
    with pytest.raises(Unmeasurable, match="no face found in the driving image"):
        metric.asked(Asked(image=grey[0]))
    with pytest.raises(Unmeasurable, match="neither a driving image nor a reference with a face"):
        metric.compare({}, kept)


def test_a_file_that_is_not_the_network_is_refused(tmp_path: Path) -> None:
    content = fetch("dlib-face").read_bytes()
    for number, damaged in enumerate((b"", b"\x00" * 100, content[:-2000], content[: len(content) // 2])):
        path = tmp_path / f"{number}.dat"
        path.write_bytes(damaged)
        with pytest.raises(WeightsError, match="fetch it again"):
            loaded(path)


def test_arcface_is_the_users_to_bring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NARRATOR_BENCH_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsMissing, match=r"'arcface' are in no package registry: download .*antelopev2\.zip"):
        make("identity-arcface").prepare()
