"""What several metrics look for in a clip is found once, and each gets the bytes that it would have found alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.choice import Choice
from bench.media.clip import Decoding
from bench.media.clip_file import ClipFile
from bench.scoring.measure import Measuring, MeasuringTask, measure
from metrics.base.sharing import once, shared_work
from metrics.video import face_mesh
from metrics.video.face_finder import FaceFinder
from metrics.video.face_mesh import FaceMeshTracker

FRAMES = np.zeros((2, 4, 4, 3), np.uint8)
NAMES = ("mouth-sync", "head-motion", "identity", "blink-rate", "eye-opening")
"""Of the mesh tracked in every frame (twice), in every fifth, and of eyes in every frame and in every fifth."""


def test_what_is_looked_for_twice_is_found_once_a_chunk() -> None:
    made = iter(range(100))

    def count() -> int:
        return next(made)

    assert [once("a", FRAMES[0], count) for _ in range(2)] == [0, 1]
    with shared_work():
        assert [once("a", FRAMES[0], count) for _ in range(2)] == [2, 2]
        assert [once("a", view, count) for view in (FRAMES[1], FRAMES[0, :2], FRAMES[0, ::-1], FRAMES[:1])] == [
            3,
            4,
            5,
            6,
        ]
        assert once("b", FRAMES[0], count) == 7
        with pytest.raises(ZeroDivisionError):
            once("c", FRAMES[0], lambda: 1 // 0)
        assert once("c", FRAMES[0], count) == 8
    with shared_work():
        assert once("a", FRAMES[0], count) == 9


def test_a_picture_that_lies_where_another_lay_is_another() -> None:
    with shared_work():
        assert [once("sum", np.full(1000, i), lambda i=i: i) for i in range(50)] == list(range(50))  # type: ignore[misc]


@pytest.fixture(scope="module")
def scored(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, bytes]]:
    clip, decoding = ClipFile(shared / "media" / "real" / "grid_bbaf2n.mpg"), Decoding(max_seconds=2.2)

    def score(*names: str) -> dict[str, bytes]:
        folder = tmp_path_factory.mktemp("kept")
        choices = tuple(Choice(name=name, plugin=name) for name in names)
        assert not measure(MeasuringTask(Measuring(folder, decoding, choices, "cpu"), {clip.identity(decoding): clip}))
        return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.stats")}

    return score


@pytest.mark.shared
@pytest.mark.weights
def test_metrics_together_are_the_metrics_alone_and_look_once(
    scored: Callable[..., dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = {"mesh": 0, "face": 0}

    def counted(kind: type, method: str, name: str) -> None:
        inner: Callable[..., Any] = getattr(kind, method)

        def call(*arguments: Any) -> Any:
            looks[name] += 1
            return inner(*arguments)

        monkeypatch.setattr(kind, method, call)

    counted(FaceMeshTracker, "_next", "mesh")
    counted(FaceFinder, "_find", "face")
    together = scored(*NAMES)
    assert looks == {"mesh": 55 + 10, "face": 55}  # the first look of every fifth frame is one of every frame
    alone: dict[str, bytes] = {}
    for name in NAMES:
        alone |= scored(name)
    assert together == alone

    def without_history(what: Any, frame: Any, compute: Callable[[], Any]) -> Any:
        return once(what[0] if isinstance(what, tuple) else what, frame, compute)

    monkeypatch.setattr(face_mesh, "once", without_history)
    wrong = scored("mouth-sync", "identity")
    assert wrong != {key: alone[key] for key in wrong}
