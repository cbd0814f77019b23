"""Timing by a clock that stands still unless a generator moves it: every second is where it belongs."""

from __future__ import annotations

import gc
import time
from pathlib import Path

import numpy as np
import pytest
from support.simulated import Simulated, SimulatedClock, session

from bench.media.writing import write_clip
from bench.profiling.calls import timed_call
from bench.profiling.single import profiled
from bench.profiling.timing import DeviceClock, garbage_kept
from bench.profiling.warm_up import MOST_CALLS, MOST_SECONDS, warmed_up
from narrator.contract import FinishedClip, Prompt, StageClock, watched_stages
from reports.profiles import GeneratorProfile, WarmUp


def test_a_call_is_timed_to_its_sound_first_frames_and_end() -> None:
    clock = SimulatedClock()
    generator = Simulated(clock, chunks=3)
    call = timed_call(generator, session(1).prompts[0], DeviceClock(now=clock, worked=clock))
    assert call.error is None
    assert (call.first_audio, call.first_frame, call.seconds) == pytest.approx((0.2, 0.6, 1.4))
    assert call.worked == pytest.approx(1.4)
    assert (call.audio_seconds, call.video_seconds, call.frames) == (3.0, 3.0, 75)
    assert (call.height, call.width) == (4, 6)
    assert call.stages == pytest.approx({"speech": 0.2, "drawing": 1.2})
    assert call.playable == pytest.approx(0.6)  # drawn faster than played: only the first chunk is waited for


def test_a_slow_generator_is_playable_once_its_last_chunk_comes_in_time() -> None:
    clock = SimulatedClock()
    call = timed_call(
        Simulated(clock, drawing=lambda n, p: 3.0, chunks=4), session(1).prompts[0], DeviceClock("cpu", clock, clock)
    )
    assert call.playable == pytest.approx(0.2 + 4 * 3.0 - 3.0)  # the fourth chunk is due 3 s after the start of play


def test_what_the_caller_does_between_chunks_is_not_charged(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimulatedClock()
    monkeypatch.setattr("bench.profiling.calls._bytes", lambda array: clock.pass_by(5) or b"")
    call = timed_call(Simulated(clock), session(1).prompts[0], DeviceClock(now=clock, worked=clock), digest=True)
    assert call.seconds == pytest.approx(1.0)


def test_a_finished_clip_is_there_at_once_and_its_folder_goes(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    write_clip(folder / "clip.mp4", [np.zeros((25, 32, 32, 3), np.uint8)], 25, np.zeros(16000, np.float32), 16000)
    clock = SimulatedClock()

    class Program:
        name = "program"

        def __call__(self, prompt: Prompt) -> FinishedClip:
            clock.pass_by(2.0)
            return FinishedClip(folder / "clip.mp4", temporary=folder, seconds={"program": 2.0})

        def describe(self) -> dict[str, str]:
            return {}

    call = timed_call(Program(), session(1).prompts[0], DeviceClock(now=clock, worked=clock), digest=True)
    assert (call.seconds, call.first_frame, call.frames, call.video_seconds) == (2.0, 2.0, 25, 1.0)
    assert call.digest
    assert not folder.exists()


def test_failures_and_slowness_are_calls_with_a_reason() -> None:
    clock, prompt = SimulatedClock(), session(1).prompts[0]
    assert timed_call(Simulated(clock, fails=lambda n, p: True), prompt, DeviceClock()).error == "it had to fail"
    slow = Simulated(clock, speech=lambda n, p: time.sleep(5) or 0.0)
    assert "longer than time_limit = 0.05 s" in (timed_call(slow, prompt, DeviceClock(), time_limit=0.05).error or "")
    late = Simulated(clock, drawing=lambda n, p: time.sleep(5) or 0.0)
    assert "longer than time_limit" in (timed_call(late, prompt, DeviceClock(), time_limit=0.05).error or "")


def warm(*seconds: float) -> tuple[WarmUp, Simulated]:
    clock = SimulatedClock()
    generator = Simulated(clock, speech=lambda n, p: seconds[min(n, len(seconds) - 1)], drawing=lambda n, p: 0.0)
    subject = generator.subject()
    told, failed = warmed_up(subject.call, session(1).prompts, subject.build_seconds)
    assert told is not None
    assert not failed
    return told, generator


def test_warm_up_ends_when_three_calls_agree() -> None:
    told, generator = warm(9.0, 3.0, 2.0, 1.04, 1.0, 1.0)
    assert told.cold_seconds == 9.0
    assert told.seconds == pytest.approx((3.0, 2.0, 1.04, 1.0, 1.0))
    assert told.stable
    assert told.spread == pytest.approx(0.04)
    assert told.build_seconds == 0.5
    assert len(generator.calls) == 6


def test_warm_up_that_never_agrees_ends_and_says_so() -> None:
    told, generator = warm(*(1.0 + number % 2 for number in range(99)))
    assert not told.stable
    assert len(generator.calls) == 1 + MOST_CALLS
    told, generator = warm(MOST_SECONDS, MOST_SECONDS * 2)
    assert (len(generator.calls), told.stable, told.spread) == (2, False, None)


def test_a_profile_holds_every_second_where_it_belongs() -> None:
    clock = SimulatedClock()
    generator = Simulated(clock, speech=lambda n, p: 5.0 if n == 0 else 0.2)
    told = profiled(generator.subject("fast"), session(8))
    assert told.warm_up is not None
    assert told.latency is not None
    assert told.video_rate is not None
    assert told.audio_rate is not None
    assert told.frames_per_second is not None
    assert told.warm_up.cold_seconds == pytest.approx(5.8)
    assert told.latency.samples == pytest.approx([1.0] * 8)
    assert [p.value for p in told.latency.percentiles] == pytest.approx([1.0, None, None, None])
    assert (told.video_rate.value, told.audio_rate.value, told.frames_per_second.value) == pytest.approx((0.5, 0.5, 50))
    assert {stage.name: stage.seconds for stage in told.stages} == pytest.approx({"speech": 0.2, "drawing": 0.8})
    assert sum(stage.share for stage in told.stages) == pytest.approx(1.0)
    assert told.harness_seconds == pytest.approx(0.0)
    assert told.output is not None
    assert (told.output.compared, told.output.different) == (2, ())
    assert told.work is not None
    assert told.work.parameters.value == 7
    assert told.work.operations.missing
    assert told.memory_mib["host"] > 0
    assert (told.joules.value is None) != (told.joules.missing is None)
    assert GeneratorProfile.model_validate_json(told.model_dump_json()) == told


def test_seconds_of_no_stage_are_elsewhere() -> None:
    clock = SimulatedClock()

    class Unmarked(Simulated):
        def __call__(self, prompt: Prompt):  # type: ignore[no-untyped-def]
            self.clock.pass_by(1.0)
            return super().__call__(prompt)

    told = profiled(Unmarked(clock).subject(), session(3))
    assert {s.name: s.seconds for s in told.stages} == pytest.approx({"speech": 0.2, "drawing": 0.8, "elsewhere": 1.0})


def test_output_that_timing_changes_is_told() -> None:
    told = profiled(Simulated(SimulatedClock(), forgetful=True).subject(), session(3))
    assert told.output is not None
    assert told.output.different == ("p0", "p1")


def test_a_generator_that_fails_half_the_time() -> None:
    generator = Simulated(SimulatedClock(), fails=lambda n, prompt: int(prompt.key[1:]) % 2 == 1)
    told = profiled(generator.subject(), session(8))
    assert told.failed == dict.fromkeys(("p1", "p3", "p5", "p7"), "it had to fail")
    assert told.latency is not None
    assert len(told.latency.samples) == len(told.keys) == 4
    assert told.latency.percentiles[0].value is None


def test_warm_up_survives_failures_here_and_there() -> None:
    generator = Simulated(SimulatedClock(), fails=lambda n, prompt: n % 2 == 0 or prompt.key == "p0")
    told = profiled(generator.subject(), session(8))
    assert told.warm_up is not None
    assert told.warm_up.seconds == pytest.approx([1.0] * 3)
    assert "while it warmed up" in told.notes[0]


def test_a_generator_that_always_fails_is_not_asked_for_ever() -> None:
    generator = Simulated(SimulatedClock(), fails=lambda n, p: True)
    told = profiled(generator.subject(), session(50))
    assert len(generator.calls) == len(told.failed) == 3
    assert told.latency is None


def test_garbage_is_left_alone_and_given_back() -> None:
    with garbage_kept():
        assert not gc.isenabled()
        assert gc.get_freeze_count() > 0
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_watchers_see_stages_and_are_not_in_their_seconds() -> None:
    seen: list[str] = []

    class Slow:
        def __init__(self, name: str) -> None:
            seen.append(name)

        def __enter__(self) -> None:
            time.sleep(0.02)

        def __exit__(self, *_: object) -> None:
            time.sleep(0.02)

    clock = StageClock()
    with watched_stages(Slow), clock.stage("one"), clock.stage("two"):
        pass
    with clock.stage("one"):
        pass
    assert seen == ["one", "two"]
    assert clock.seconds["two"] < 0.02
