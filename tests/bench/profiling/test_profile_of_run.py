"""Profiles of runs: rounds, the profile that a study asks for, and where it is shown."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from support.gated_runs import gated_run
from support.made_profiles import made_profile
from support.simulated import Simulated, SimulatedClock, session

from bench import plugins
from bench.errors import UserMistake
from bench.profiling.calls import Call
from bench.profiling.of_run import profile_of_run
from bench.profiling.single import profiled
from bench.run.folder import RunFolder
from bench.study import ProfileRequest, Study, parse_study
from reports import render
from reports.profiles import ProfileReport
from reports.results import ResultsError

Cli = Callable[..., Any]
REQUEST = ProfileRequest(prompts=4, rounds=2)


def shown(calls: Iterable[Call], total: int, doing: str) -> Iterable[Call]:
    return calls


@pytest.fixture
def text(clips: Path) -> str:
    return (
        f"name: s\nseed: 3\ndatasets: [{{name: made, plugin: folder, root: {clips}}}]\ngenerators: [still]\n"
        "metrics: [mcd]\n"
    )


@pytest.fixture
def study(text: str) -> Study:
    return parse_study(text, "study", Path())


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of all prompts that a made-up generator was asked in the place of `still`."""
    generator = Simulated(SimulatedClock())
    monkeypatch.setattr(plugins, "build_generator", lambda choice, folder: generator)
    return generator.calls


def test_rounds_go_through_all_prompts_and_the_quickest_of_each_counts() -> None:
    clock = SimulatedClock()
    took = iter([9.0, 9.0, 1.0, 1.0, 5.0, 4.0, 3.0, 2.0, 6.0, 7.0, *[1.0] * 20])  # two warm-up calls and the cold one
    generator = Simulated(clock, speech=lambda n, p: next(took), drawing=lambda n, p: 0.0)
    told = profiled(generator.subject(), session(2, rounds=3))
    warm = 1 + len(told.warm_up.seconds) if told.warm_up else 0
    rounds = generator.calls[warm : warm + 6]
    assert rounds == ["p0", "p1"] * 3
    assert told.latency is not None
    assert told.quickest is not None
    assert len(told.latency.samples) == 2
    assert told.rounds == 3
    assert all(told.quickest.wall[key] <= seconds for key, seconds in zip(told.keys, told.latency.samples, strict=True))
    assert told.quickest.wall == told.quickest.processor


def test_a_prompt_that_fails_in_any_round_has_no_quickest_call() -> None:
    generator = Simulated(SimulatedClock(), fails=lambda n, prompt: prompt.key == "p1" and n > 8)
    told = profiled(generator.subject(), session(3, rounds=4))
    assert told.quickest is not None
    assert set(told.quickest.wall) == {"p0", "p2"}
    assert told.failed == {"p1": "it had to fail"}


def test_a_profile_is_kept_until_it_is_older_than_a_clip_or_another_is_asked_for(
    study: Study, made: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, cost = RunFolder(tmp_path), RunFolder(tmp_path).cost("still", "made", "clip0")
    report = profile_of_run(study, REQUEST, run, shown)
    assert [told.generator for told in report.generators] == ["still"]
    assert (report.prompts["seed"], report.environment["threads"]) == (3, 1)
    again = report.model_copy(update={"prompts": {}})
    monkeypatch.setattr("bench.profiling.of_run.profile_report", lambda *_: again)
    assert profile_of_run(study, REQUEST, run, shown) is again
    report.write(tmp_path / "profile.json")
    assert profile_of_run(study, REQUEST, run, shown) == report
    cost.parent.mkdir(parents=True)
    cost.write_text("{}")
    os.utime(cost, (0, 0))
    assert profile_of_run(study, REQUEST, run, shown) == report
    for other in ({"rounds": 1}, {"prompts": 3}, {"scenario": "stream"}):
        assert profile_of_run(study, REQUEST.model_copy(update=other), run, shown) is again
    run.environment.write_text(json.dumps(report.environment | {"git": {"revision": "another"}}))
    assert profile_of_run(study, REQUEST, run, shown) is again
    run.environment.write_text(json.dumps(report.environment))
    assert profile_of_run(study, REQUEST, run, shown) == report
    os.utime(cost)
    assert profile_of_run(study, REQUEST, run, shown) is again
    (tmp_path / "profile.json").write_text("{")
    assert profile_of_run(study, REQUEST, run, shown) is again


def test_a_run_folder_is_profiled_by_name_and_its_page_shows_it(
    cli: Cli, text: str, made: list[str], tmp_path: Path
) -> None:
    gated_run(0).write(tmp_path / "results.json")
    (tmp_path / "study.yaml").write_text(text)
    before = (tmp_path / "results.json").read_bytes()
    outcome = cli("profile", "--into", tmp_path, "--prompts", "4", "--rounds", "2")
    assert outcome.code == 0, outcome.err
    report = ProfileReport.read(tmp_path / "profile.json")
    assert [(told.generator, told.rounds) for told in report.generators] == [("still", 2)]
    assert (report.prompts["dataset"], report.prompts["seed"]) == ("made", 3)
    page = (tmp_path / "report/index.html").read_text()
    assert '<section id="profile">' in page
    assert page.count("data:image/svg+xml") == 2
    assert (tmp_path / "results.json").read_bytes() == before


def test_a_page_without_a_profile_has_no_such_section(tmp_path: Path) -> None:
    gated_run(0).write(tmp_path / "results.json")
    assert "profile" not in render(tmp_path).read_text()
    made_profile(0).write(tmp_path / "profile.json")
    page = render(tmp_path).read_text()
    assert "Profile" in page
    assert render(tmp_path).read_text() == page
    (tmp_path / "profile.json").write_text("[]")
    with pytest.raises(ResultsError, match="is not a profile file"):
        render(tmp_path)


@pytest.mark.parametrize(
    ("request_text", "says"),
    [
        ("{prompts: 0}", "'profile.prompts' must be greater than or equal to 1, got 0"),
        ("{round: 3}", "unknown key 'profile.round'. Did you mean: rounds"),
        ("{scenario: bach}", "'profile.scenario' must be 'single', 'batch' or 'stream'"),
        ("{generators: [stil]}", "profile names the generator 'stil'. Did you mean: still?"),
        ("{generators: [ceiling]}", "profile names the generator 'ceiling'."),
    ],
)
def test_wrong_requests_are_answered_in_one_sentence(text: str, request_text: str, says: str) -> None:
    with pytest.raises(UserMistake) as mistake:
        parse_study(f"{text}profile: {request_text}\n", "s.yaml", Path())
    assert says in str(mistake.value)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--into", "nowhere"), "nowhere holds no results.json"),
        (("--into", "nowhere", "--out", "there"), "leave out --out"),
        (("still", "--rounds", "0"), "--rounds"),
    ],
)
def test_wrong_uses_of_into(cli: Cli, arguments: tuple[str, ...], says: str) -> None:
    outcome = cli("profile", *arguments)
    assert outcome.code == 2
    assert says in outcome.err
