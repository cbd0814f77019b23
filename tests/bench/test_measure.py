"""Measuring and scoring with a stranger's metrics: one pass, kept on disk, failures counted with their reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bench.scoring.measure as measuring
from bench.choice import Choice
from bench.files import Damaged
from bench.media.clip import Decoding
from bench.media.clip_file import ClipFile
from bench.scoring.cells import Pairing, Scoring
from bench.scoring.measure import CLIPS_PER_TASK, QUICK_SOUNDS, Measuring, MeasuringTask, _batches, measure, measure_all
from bench.scoring.pairs import Pair
from bench.scoring.store import load, save
from bench.workers.pool import WorkerPool
from metrics.audio.waveform import WaveformObserver
from metrics.base.metric import ClipMetric, ClipObserver, PairedMetric, Statistics, Unmeasurable
from metrics.base.score import Score


class Brightness(ClipObserver):
    """Mean grey level of the clip; refuses dark clips, breaks on bright ones."""

    def __init__(self) -> None:
        self.means: list[float] = []

    def frames(self, frames: np.ndarray) -> None:
        self.means += [float(frame.mean()) for frame in frames]

    def finish(self) -> Callable[[], Statistics]:
        def statistics() -> Statistics:
            mean = float(np.mean(self.means))
            if mean < 40:
                raise Unmeasurable("too dark")
            if mean > 200:
                raise ZeroDivisionError("a bug of the metric")
            return {"mean": np.float64(mean)}

        return statistics


class BrightnessDifference(PairedMetric):
    """|mean - mean|, a stranger's metric."""

    name = title = "brightness"
    modalities = frozenset({"video"})
    higher_is_better = False
    signature = "brightness|v1"
    statistics_id = "brightness|v1"

    def observe(self) -> ClipObserver:
        return Brightness()

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        return {"value": np.abs(np.float64(reference["mean"] - generated["mean"]))}

    def update(self, *_: Any) -> None: ...

    def compute(self) -> None: ...


@dataclass(frozen=True)
class FakeClip(ClipFile):
    """A clip without a file: its name is its content."""

    def identity(self, decoding: Decoding) -> str:
        return self.video.name


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replaces decoding: a clip named after its grey level. Returns the names of the decode passes made."""
    passes: list[str] = []

    def frames(path: Path, decoding: Decoding) -> Any:
        passes.append(path.name)
        if path.name == "damaged":
            raise measuring.UnreadableClip(path, "it is cut short")
        for _ in range(3):
            yield np.full((16, 8, 8, 3), int(path.name), np.uint8)

    monkeypatch.setattr(FakeClip, "frames", lambda self, decoding: frames(self.video, decoding))
    monkeypatch.setattr(Measuring, "built", lambda self: [BrightnessDifference(), self.length("video")])
    return passes


def measuring_in(folder: Path) -> Measuring:
    return Measuring(folder, Decoding(), (Choice(name="brightness", plugin="brightness"),), "cpu")


def task(folder: Path, *names: str, pairs: tuple[tuple[str, str], ...] = ()) -> MeasuringTask:
    return MeasuringTask(
        measuring_in(folder), {name: FakeClip(Path(name)) for name in names}, tuple(Pair(*pair) for pair in pairs)
    )


def cell(folder: Path, generated: Mapping[str, str], errors: Mapping[str, str], **rules: Any) -> Score:
    scoring = Scoring(measuring_in(folder), errors, **{"max_failed": 1.0, **rules})
    return scoring.score(BrightnessDifference(), Pairing({k: "100" for k in "abcd"}, generated, {}))


def test_each_clip_is_decoded_once_and_kept(tmp_path: Path, reads: list[str]) -> None:
    assert measure(task(tmp_path, "100", "120", pairs=(("100", "120"),))) == {}
    assert measure(task(tmp_path, "100", "120", pairs=(("100", "120"),))) == {}
    assert reads == ["100", "120"]
    assert cell(tmp_path, {"a": "120"}, {}).value == 20.0


def test_failures_are_counted_with_their_reasons_and_bugs_are_not_kept(tmp_path: Path, reads: list[str]) -> None:
    pairs = (("100", "120"), ("100", "10"), ("100", "damaged"), ("100", "250"))
    errors = measure(task(tmp_path, "100", "120", "10", "damaged", "250", pairs=pairs))
    found = cell(tmp_path, {"a": "120", "b": "10", "c": "damaged", "d": "250"}, errors)
    assert (found.value, found.n) == (20.0, 1)
    assert found.failed["b"] == "generated: too dark"
    assert "it is cut short" in found.failed["c"]
    assert "could not be measured" in found.failed["d"]
    assert "ZeroDivisionError: a bug of the metric" in errors.values()
    measure(task(tmp_path, "250"))
    assert reads.count("250") == 2


def test_a_cell_without_any_clip_is_missing_with_the_reason(tmp_path: Path, reads: list[str]) -> None:
    errors = measure(task(tmp_path, "100", "10", pairs=(("100", "10"),)))
    found = cell(tmp_path, {"a": "10"}, errors)
    assert found.value is None
    assert found.missing == "none of 1 clips could be measured: generated: too dark"


def test_too_many_failures_make_a_cell_missing_and_both_conventions_stand_in_its_details(
    tmp_path: Path, reads: list[str]
) -> None:
    pairs = (("100", "120"), ("100", "130"), ("100", "10"))
    measure(task(tmp_path, "100", "120", "130", "10", pairs=pairs))
    made = {"a": "120", "b": "130", "c": "10"}
    found = cell(tmp_path, made, {}, max_failed=0.5)
    assert found.value == 25.0
    assert found.details == {"failed_left_out": 25.0, "failed_as_worst": pytest.approx(80 / 3)}
    beyond = cell(tmp_path, made, {}, max_failed=0.1)
    assert beyond.value is None
    assert beyond.missing == ("1 of 3 clips have no score, more than max_failed = 0.1 allows (generated: too dark)")
    assert beyond.details == found.details


@pytest.mark.parametrize("damage", [b"", b"{", b"PK", bytes(range(256))])
def test_a_damaged_statistics_file_is_measured_again_and_counted(
    tmp_path: Path, reads: list[str], damage: bytes
) -> None:
    clips = {name: FakeClip(Path(name)) for name in ("100", "120")}
    pairs = [Pair("100", "120")]

    def pass_over() -> int:
        return measure_all(measuring_in(tmp_path), clips, pairs, WorkerPool(1), lambda r, *_: r).damaged

    assert pass_over() == 0
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*.stats")}
    assert len(kept) == 5  # two clips, their lengths, one pair
    for path in kept:
        path.write_bytes(damage)
        with pytest.raises(Damaged, match=path.name):
            load(path)
    assert pass_over() == 5
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.stats")} == kept
    flipped = bytearray(next(iter(kept.values())))
    flipped[-30] ^= 4
    next(iter(kept)).write_bytes(flipped)
    assert pass_over() == 1


def test_a_metric_hears_the_rate_it_asks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Rate(ClipObserver):
        def waveform(self, waveform: np.ndarray, sample_rate: int) -> None:
            self.heard = sample_rate, len(waveform)

        def finish(self) -> Callable[[], Statistics]:
            return lambda: {"heard": np.array(self.heard)}

    class Heard(BrightnessDifference):
        modalities = frozenset({"audio"})

        def observe(self) -> ClipObserver:
            return Rate()

    class AtItsOwn(Heard):
        native_audio = True
        statistics_id = "native"

    decoded: list[str] = []

    def native(path: Path, seconds: float) -> tuple[np.ndarray, int]:
        decoded.append(path.name)
        return np.zeros(44100, np.float32), 44100

    monkeypatch.setattr(measuring, "native_waveform", native)
    built: list[ClipMetric] = [Heard(), AtItsOwn()]
    monkeypatch.setattr(Measuring, "built", lambda self: built)
    measure(task(tmp_path, "a"))
    heard = sorted(load(path)["heard"].tolist() for path in tmp_path.rglob("*.stats"))
    assert heard == [[16000, 16000], [44100, 44100]]
    assert decoded == ["a"]


def test_a_soundtrack_that_is_too_long_is_told_and_its_pictures_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: list[str]
) -> None:
    class Loudness(BrightnessDifference):
        modalities = frozenset({"audio"})
        statistics_id = "loudness"
        name = "loud"

        def observe(self) -> ClipObserver:
            return WaveformObserver(lambda sound, rate: {"mean": np.float64(sound.mean())})

    class Patient(Loudness):
        statistics_id = "patient"
        longest_sound = 3600.0

    asked: list[float] = []

    def native(path: Path, seconds: float) -> tuple[np.ndarray, int]:
        asked.append(seconds)
        return np.zeros(int(min(seconds, float(path.name)) * 100), np.float32), 100

    monkeypatch.setattr(measuring, "native_waveform", native)
    built: list[ClipMetric] = [BrightnessDifference(), Loudness(), Patient()]
    monkeypatch.setattr(Measuring, "built", lambda self: [*built, self.length("audio")])
    long = Measuring(tmp_path, Decoding(max_seconds=5000.0), (), "cpu")
    lengths = ["600", "601", "3600", "4000"]
    measure(MeasuringTask(long, {name: FakeClip(Path("100"), Path(name)) for name in lengths}))
    assert asked == [measuring.LONGEST_SOUND + 1] * 4  # no more than that is ever held

    def told(metric: ClipMetric, name: str) -> str:
        try:
            return str(sorted(load(measuring.StatisticsStore(tmp_path, metric).clip(name))))
        except Unmeasurable as reason:
            return str(reason)

    assert {told(built[0], name) for name in lengths} == {"['mean']"}
    refused = "its soundtrack is longer than the 600 s that loud takes: set max_seconds to 600 or less"
    assert [told(built[1], name) == refused for name in lengths] == [False, True, True, False]
    assert refused not in [told(built[2], name) for name in lengths]
    held = "its soundtrack is longer than the 3600 s that are held as a whole: set max_seconds to 3600 or less"
    assert [told(metric, "4000") for metric in built[1:]] == [held, held]
    timed = measuring.StatisticsStore(tmp_path, long.length("audio"))
    assert [float(load(timed.clip(name))["seconds"]) for name in ("601", "3600")] == [601, 3600]


def test_statistics_round_trip(tmp_path: Path) -> None:
    save(tmp_path / "a.stats", {"x": np.arange(3.0)})
    save(tmp_path / "b.stats", Unmeasurable("why"))
    assert np.array_equal(load(tmp_path / "a.stats")["x"], np.arange(3.0))
    with pytest.raises(Unmeasurable, match="why"):
        load(tmp_path / "b.stats")


def test_equal_statistics_are_equal_bytes(tmp_path: Path) -> None:
    for name in ("a.stats", "b.stats"):
        save(tmp_path / name, {"x": np.arange(3.0), "y": np.ones(2)})
    assert (tmp_path / "a.stats").read_bytes() == (tmp_path / "b.stats").read_bytes()


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_worker_gets_as_much(workers: int) -> None:
    for count in range(60):
        parts = list(_batches(range(count), workers))
        assert sorted(item for part in parts for item in part) == list(range(count))
        assert all(len(part) <= CLIPS_PER_TASK for part in parts)
        assert max((len(part) for part in parts), default=0) <= -(-count // workers)


def test_parts_of_items_that_come_longest_first_are_about_equally_long() -> None:
    lengths = sorted((3.0 + (7 * number) % 40 for number in range(64)), reverse=True)
    sums = [sum(part) for part in _batches(lengths, 4)]
    assert max(sums) - min(sums) < 0.05 * sum(sums) / len(sums)
    in_rows = [sum(lengths[start : start + 8]) for start in range(0, 64, 8)]
    assert max(in_rows) - min(in_rows) > 0.5 * sum(sums) / len(sums)


class SoundOnly(BrightnessDifference):
    """The same of sound."""

    modalities = frozenset({"audio"})


@pytest.mark.parametrize(
    ("metric", "clips", "started"),
    [
        (SoundOnly(), QUICK_SOUNDS, False),
        (SoundOnly(), QUICK_SOUNDS + 1, True),
        (BrightnessDifference(), 2, True),
    ],
)
def test_processes_start_only_when_the_work_is_worth_it(
    metric: ClipMetric, clips: int, started: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Watched(WorkerPool):
        def _hand_over(self, *_: Any) -> None:
            raise InterruptedError("a process would have started")

    monkeypatch.setattr(Measuring, "built", lambda self: [metric])
    monkeypatch.setattr(measuring, "measure", lambda *_: {})
    files = {str(grey): FakeClip(Path(str(grey))) for grey in range(clips)}
    try:
        measure_all(measuring_in(tmp_path), files, (), Watched(2), lambda results, *_: results)
    except InterruptedError:
        assert started
    else:
        assert not started
