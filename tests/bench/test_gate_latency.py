"""Gates that judge latencies: each verdict and its reason, on profiles whose seconds are made up."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from support.gated_runs import gated_run
from support.made_profiles import ENVIRONMENT, made_profile

from bench.errors import UserMistake
from bench.gating.judge import judge
from bench.gating.reference import Reference, changes
from bench.gating.rules import Rules
from reports.gate import GateResult, Judged
from reports.profiles import ProfileReport

RUN = gated_run(0, clips=20, environment=ENVIRONMENT)
RULES = {"latency": {"slower": "10%"}, "metrics": ["mcd"], "datasets": ["hdtf"]}
Cli = Callable[..., Any]


def judged(
    now: ProfileReport | None, then: ProfileReport | None = None, rules: Mapping[str, Any] | None = None
) -> GateResult:
    told = Rules.model_validate(rules or RULES)
    return judge(RUN, Reference.of(RUN, told, "rules", then or made_profile(0)), told, "reference.json", "rules", now)


def latency(found: GateResult, generator: str = "mine") -> Judged:
    return next(cell for cell in found.cells if (cell.metric, cell.generator) == ("latency", generator))


@pytest.mark.parametrize(
    ("slower", "verdict", "reason"),
    [
        (1.0, "holds", "faster by|slower by 0"),
        (1.05, "holds", "slower by .*, within the tolerance of 10.0%."),
        (1.2, "regression", "slower by (19|20|21).*, beyond the tolerance of 10.0%."),
        (0.8, "holds", "faster by (19|20|21)"),
    ],
)
def test_each_verdict_by_how_much_slower_every_prompt_is(slower: float, verdict: str, reason: str) -> None:
    told = latency(judged(made_profile(1, slower)))
    assert told.verdict == verdict
    assert re.search(reason, told.reason), told.reason
    assert (told.unit, told.n, told.dataset) == ("s", 12, "hdtf")
    assert told.worse is not None
    assert told.low is not None
    assert told.high is not None
    assert told.low < told.worse < told.high


def test_equal_profiles_seldom_trip_and_a_fifth_slower_always_does() -> None:
    rules = RULES | {"latency": {"slower": 0.02}}
    assert sum(latency(judged(made_profile(s), rules=rules)).verdict == "regression" for s in range(1, 30)) <= 1
    assert {latency(judged(made_profile(s, 1.2), rules=rules)).verdict for s in range(1, 10)} == {"regression"}


def test_one_prompt_that_was_disturbed_is_no_regression() -> None:
    told = latency(judged(made_profile(0, disturbed=8.0)))
    assert told.verdict == "holds"
    assert "which may be noise" in told.reason


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (None, "the run has no profile"),
        (made_profile(1, prompts={"dataset": "hdtf", "count": 12, "hash": "b"}), "other prompts of other content"),
        (made_profile(1, count=11), "other prompts: 11, 12 in the reference"),
        (made_profile(1, environment=ENVIRONMENT | {"processor": "486"}), "another machine: processor 486, AMD EPYC"),
        (made_profile(1, environment=ENVIRONMENT | {"threads": 4}), "another machine: threads 4, 1 in the reference"),
        (made_profile(1, environment=ENVIRONMENT | {"gpu": {"name": "H100"}}), "another machine: gpu H100, None in"),
        (made_profile(1, device="cuda"), "another device: cuda, cpu in the reference"),
        (made_profile(1, rounds=5), "5 rounds, 3 in the reference"),
        (made_profile(1, environment=ENVIRONMENT | {"packages": {"torch": "9"}}), "of another version than the run"),
        (made_profile(1, generators=("other",)), "no latencies of it in the run"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_not_measured(now: ProfileReport | None, reason: str) -> None:
    told = latency(judged(now))
    assert told.verdict == "not measured"
    assert reason in told.reason
    assert judged(now).verdict == "not measured"


def test_what_the_reference_lacks_is_not_measured() -> None:
    rules = Rules.model_validate(RULES)
    found = judge(RUN, Reference.of(RUN, Rules(), "rules"), rules, "r", "rules", made_profile(0))
    assert "no latencies in the reference: `gate --update` adds them" in latency(found).reason
    told = latency(judged(made_profile(1, generators=("mine", "new"))), "new")
    assert "no latencies of it in the reference" in told.reason


def test_a_machine_of_another_speed_makes_no_regression_and_lets_nothing_hold() -> None:
    slow, quick = made_profile(1, 1.3, yardstick=1.3), made_profile(1, 1.0, yardstick=0.7)
    assert latency(judged(slow)).verdict == latency(judged(quick)).verdict == "not measured"
    assert "the machine itself is 30.0% slower at the same work" in latency(judged(slow)).reason
    assert latency(judged(made_profile(1, 1.0, yardstick=1.3))).verdict == "holds"
    assert latency(judged(made_profile(1, 1.3, yardstick=0.7))).verdict == "regression"


def test_seconds_on_the_wall_of_a_crowded_machine_are_not_judged() -> None:
    crowded = made_profile(1, 1.3, busy=1.6)
    assert "other processes kept 1.60 of 2 cores busy while the run was profiled" in latency(judged(crowded)).reason
    assert "while the reference was profiled" in latency(judged(made_profile(0), crowded)).reason
    rules = RULES | {"latency": {"clock": "processor"}}
    assert latency(judged(crowded, rules=rules)).verdict == "regression"
    assert latency(judged(made_profile(1, 1.3, busy=1.05))).verdict == "regression"


def test_too_few_prompts_are_not_measured() -> None:
    few = made_profile(0, count=5)
    assert "too few prompts: 5, where the rules ask for 8" in latency(judged(few, few)).reason
    rules = {"latency": {"fewest": 2}}
    assert "too few prompts: 5 cannot show" in latency(judged(made_profile(1, count=5), few, rules)).reason


def test_more_prompts_that_fail_are_a_regression() -> None:
    told = latency(judged(made_profile(1, failing=2)))
    assert told.verdict == "regression"
    assert told.reason.startswith("2 of 12 prompts failed, 0 in the reference")


def test_rules_choose_generators_clocks_and_exceptions() -> None:
    both = made_profile(0, generators=("mine", "other"))
    now = made_profile(1, 1.2, generators=("mine", "other"))
    exception = {"metrics": ["mcd"], "rules": [{"generator": "other", "latency": {"slower": 0.5}}]}
    found = judged(now, both, RULES | exception)
    assert (latency(found).verdict, latency(found, "other").verdict) == ("regression", "holds")
    alone = judged(now, both, exception)
    assert [cell.generator for cell in alone.cells if cell.metric == "latency"] == ["other"]
    assert not any(cell.metric == "latency" for cell in judged(now, both, {"fewest": 3}).cells)
    processor = judged(now, both, RULES | {"latency": {"clock": "processor"}})
    assert latency(processor).reference == pytest.approx(latency(found).reference / 2, rel=0.1)  # type: ignore[operator]


def test_a_reference_with_latencies_reads_back_and_says_what_changes(tmp_path: Path) -> None:
    rules = Rules.model_validate(RULES)
    reference = Reference.of(RUN, rules, "rules", made_profile(0, failing=1))
    reference.write(tmp_path / "reference.json")
    assert Reference.read(tmp_path / "reference.json") == reference
    content = (tmp_path / "reference.json").read_bytes()
    Reference.of(RUN, rules, "rules", made_profile(0, failing=1)).write(tmp_path / "reference.json")
    assert (tmp_path / "reference.json").read_bytes() == content
    plain = Reference.of(RUN, Rules(metrics=("mcd",), datasets=("hdtf",)), "rules", made_profile(0))
    assert plain.profile is None
    assert changes(plain, reference) == ["changed: the latencies of mine"]
    assert changes(reference, plain) == ["removed: the latencies"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda told: told["generators"][0]["wall"].pop(), "mine has 11 latencies for 12 prompts"),
        (lambda told: told["generators"][0]["wall"].__setitem__(0, 0.0), "a latency that is not above 0"),
        (lambda told: told["generators"].append(told["generators"][0]), "latencies stand twice"),
        (lambda told: told.update(rounds=0), "rounds"),
    ],
)
def test_a_reference_that_was_edited_is_refused(tmp_path: Path, change: Callable[[Any], object], says: str) -> None:
    path = tmp_path / "reference.json"
    Reference.of(RUN, Rules.model_validate(RULES), "rules", made_profile(0)).write(path)
    content = json.loads(path.read_text())
    change(content["profile"])
    path.write_text(json.dumps(content))
    with pytest.raises(UserMistake, match=says):
        Reference.read(path)


def test_the_command_judges_the_profile_in_the_runs_folder(cli: Cli, tmp_path: Path) -> None:
    for name, profile in {"then": made_profile(0), "same": made_profile(1), "slow": made_profile(1, 1.3)}.items():
        RUN.write(tmp_path / name / "results.json")
        profile.write(tmp_path / name / "profile.json")
    RUN.write(tmp_path / "none/results.json")
    (tmp_path / "rules.yaml").write_text("latency: {slower: 10%}\n")
    against = ("--against", tmp_path / "r.json", "--rules", tmp_path / "rules.yaml")
    refused = cli("gate", tmp_path / "none", *against, "--update")
    assert refused.code == 2
    assert "holds no latencies that the rules judge" in refused.err
    assert not (tmp_path / "r.json").exists()
    assert "6 cells, latencies of mine." in cli("gate", tmp_path / "then", *against, "--update").out
    assert [cli("gate", tmp_path / name, *against).code for name in ("same", "slow", "none")] == [0, 1, 3]
    told = cli("gate", tmp_path / "slow", *against, "--junit", tmp_path / "g.xml", "--markdown", tmp_path / "g.md")
    assert "Regression: 1 regression, 0 not measured, 6 hold" in told.out
    assert 'classname="hdtf.mine" name="latency"' in (tmp_path / "g.xml").read_text()
    assert "slower by" in (tmp_path / "g.md").read_text()
    (tmp_path / "slow/profile.json").write_text("{")
    damaged = cli("gate", tmp_path / "slow", *against)
    assert (damaged.code, damaged.err.count("\n")) == (2, 1)
