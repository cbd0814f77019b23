"""`narrator-bench profile`: what it writes, and wrong uses answered in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.simulated import Simulated, SimulatedClock

from bench import plugins
from reports.profiles import ProfileReport
from reports.results import ResultsError

Cli = Callable[..., Any]


@pytest.fixture
def study(clips: Path, tmp_path: Path) -> Path:
    """Prompts from four made clips."""
    path = tmp_path / "study.yaml"
    path.write_text(
        f"name: s\ndatasets: [{{name: made, plugin: folder, root: {clips}}}]\n"
        "generators: [{name: small, plugin: still, options: {fps: 5}}]\nmetrics: [mcd]\n"
    )
    return path


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put made-up generators where `still` would be built."""

    def put(**fields: Any) -> None:
        monkeypatch.setattr(plugins, "build_generator", lambda choice, folder: Simulated(SimulatedClock(), **fields))

    return put


@pytest.mark.weights
def test_still_is_profiled_and_written(cli: Cli, study: Path, tmp_path: Path) -> None:
    outcome = cli("profile", "small", "--study", study, "--prompts", "6", "--scenario", "stream", "--out", tmp_path)
    assert outcome.code == 0, outcome.err
    assert "Streaming" in outcome.out
    assert "needs 36" in outcome.out
    report = ProfileReport.read(tmp_path / "profile.json")
    (told,) = report.generators
    assert (told.generator, told.plugin, told.options) == ("small", "still", {"fps": 5})
    assert told.latency is not None
    assert told.output is not None
    assert not told.output.different
    assert [stage.name for stage in told.stages] == ["speech", "elsewhere"]
    assert told.stages[0].calls == 1
    assert report.prompts["dataset"] == "made"
    for ending in ("md", "tex", "csv"):
        assert (tmp_path / f"report/tables/profile.{ending}").stat().st_size > 200


def test_two_generators_are_compared_and_told_apart(cli: Cli, study: Path, simulated: Callable[..., None]) -> None:
    simulated()
    outcome = cli("profile", "still:fps=5", "still:fps=10", "--study", study, "--prompts", "6", "--json")
    assert outcome.code == 0, outcome.err
    report = json.loads(outcome.out)
    assert [told["generator"] for told in report["generators"]] == ["still-fps-5", "still-fps-10"]
    comparison = report["comparisons"][0]
    assert (comparison["first"], comparison["second"]) == ("still-fps-5", "still-fps-10")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("stil",), "Unknown generator 'stil'. Did you mean: still?"),
        (("still", "--scenario", "singel"), "--scenario 'singel' is unknown. Did you mean: single?"),
        (("still", "--percentiles", "50,99", "--prompts", "8"), "--percentiles 99 takes at least 368 prompts"),
        (("still", "--percentiles", "half"), "--percentiles 'half' is no number between 0 and 100"),
        (("still", "--device", "cuda:7"), "--device 'cuda:7' cannot be used here"),
        (("ceiling",), "hands over clips of a dataset: it computes nothing to time"),
        (("still:fps=[",), "'fps=[' is not valid YAML"),
        (("still", "still"), "GENERATOR names still twice"),
        (("still", "--vary", "step=1,2,3"), "The generator 'still' has no option 'step'"),
        (("still", "--vary", "fps=1,2"), "--vary 'fps=1,2' is not NAME=V,V,V"),
        (("still:fp=3",), "The generator 'still' has no option 'fp'. Did you mean: fps?"),
        (("still", "--study", "nowhere.yaml"), "Cannot read the study nowhere.yaml"),
    ],
)
def test_wrong_uses_are_answered_in_one_sentence(cli: Cli, arguments: tuple[str, ...], says: str) -> None:
    outcome = cli("profile", *arguments)
    assert outcome.code == 2, outcome
    assert says in " ".join(outcome.err.split())
    assert "Traceback" not in outcome.err
    assert len(outcome.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"fails": lambda n, prompt: n % 2 == 1}, "failed at 4 of 8 prompts (it had to fail): its times are"),
        ({"fails": lambda n, prompt: True}, "narrated none of the prompts that it was tried with (it had to fail)"),
        ({"forgetful": True}, "made other output when it was not timed"),
    ],
)
def test_profiles_that_do_not_hold_end_with_exit_code_1(
    cli: Cli, study: Path, simulated: Callable[..., None], fields: dict[str, Any], says: str
) -> None:
    simulated(**fields)
    outcome = cli("profile", "still", "--study", study)
    assert outcome.code == 1
    assert says in " ".join(outcome.err.split())


def test_a_program_that_is_slower_than_the_limit(cli: Cli, study: Path) -> None:
    generator = "command:template='sh -c \"sleep 60\" {out}'"
    outcome = cli("profile", generator, "--study", study, "--prompts", "2", "--time-limit", "0.3")
    assert outcome.code == 1
    assert "the generator took longer than time_limit = 0.3 s" in " ".join(outcome.err.split())


def test_profiles_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="Cannot read the profile"):
        ProfileReport.read(tmp_path / "none.json")
    (tmp_path / "other.json").write_text('{"schema": 9}')
    with pytest.raises(ResultsError, match="is not a profile file: schema"):
        ProfileReport.read(tmp_path / "other.json")
