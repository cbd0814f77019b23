"""`compare` through the command line: every verdict, every refusal, what is left out and what is said of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.archives import archive_of_run, rewritten
from support.compared_runs import METRICS, PROTOCOL, changed, run, without, written

from reports.comparison import Comparison
from reports.results import Results

Cli = Callable[..., Any]
BASELINE: dict[str, Any] = {"mine": {"seed": 1}, "ceiling": "bound"}


def rows(outcome: Any) -> dict[tuple[str | None, str], Any]:
    """The rows of the first pair by dataset and metric."""
    assert outcome.code == 0, outcome
    return {(row["dataset"], row["metric"]): row for row in json.loads(outcome.out)["pairs"][0]["rows"]}


def refused(outcome: Any, *says: str) -> None:
    """Exit code 2, one sentence that holds all of these, nothing on standard output."""
    assert outcome.code == 2, outcome
    assert outcome.out == ""
    sentence = outcome.err.strip()
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    for part in says:
        assert part in sentence, sentence


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return written(tmp_path / "old", run(BASELINE))


def new(tmp_path: Path, results: Results) -> Path:
    return written(tmp_path / "new", results)


def test_archives_are_compared_as_their_runs_are(cli: Cli, tmp_path: Path) -> None:
    sides = {"old": run(BASELINE), "new": run({"mine": {"seed": 2, "worse": 2.0}})}
    found = {}
    for name, results in sides.items():
        folder = written(tmp_path / name, results)
        records = {file.name: file.read_bytes() for file in folder.glob("*.json")}
        rewritten(shutil.move(archive_of_run(tmp_path / f"of-{name}"), tmp_path / f"{name}.zip"),
                  lambda content, records=records: content.update(records))  # fmt: skip
    for suffix in ("", ".zip"):
        paths = [tmp_path / f"{name}{suffix}" for name in sides]
        outcome = cli("compare", *paths, "--json", "--out", tmp_path / f"out{suffix}")
        found[suffix] = rows(outcome)
        assert ("<video" in (tmp_path / f"out{suffix}/index.html").read_text()) == (suffix == "")
    told = [{place: (row["difference"], row["verdict"]) for place, row in some.items()} for some in found.values()]
    assert told[0] == told[1]
    assert {verdict for _, verdict in told[0].values()} == {"worse"}


@pytest.mark.parametrize(("worse", "verdict"), [(-2.0, "better"), (2.0, "worse")])
def test_better_and_worse_are_of_the_second(cli: Cli, old: Path, tmp_path: Path, worse: float, verdict: str) -> None:
    other = new(tmp_path, run({"mine": {"seed": 2, "worse": worse}}))
    for row in rows(cli("compare", old, other, "--json")).values():
        assert row["verdict"] == verdict
        assert row["words"] == f"new is {verdict}"
        sign = 1 if METRICS[row["metric"]].direction == "lower" else -1
        assert np.sign(row["difference"]) == sign * np.sign(worse)
        assert row["difference"] == pytest.approx(row["second"] - row["first"])
    table = cli("compare", old, other).out
    assert table.count(f"new is {verdict}") == 3
    swapped = rows(cli("compare", other, old, "--json"))
    opposite = {"better": "worse", "worse": "better"}[verdict]
    assert {row["words"] for row in swapped.values()} == {f"old is {opposite}"}


def test_no_difference_says_what_could_be_seen(cli: Cli, old: Path, tmp_path: Path) -> None:
    found = rows(cli("compare", old, new(tmp_path, run({"mine": {"seed": 5}})), "--json"))
    row = found["hdtf", "mcd"]
    assert row["verdict"] == "no difference"
    assert row["words"].startswith("no difference that n = 40 can show (smallest visible difference 0.")
    assert row["words"].endswith(" dB)")
    assert row["low"] < 0 < row["high"]
    assert row["p_adjusted"] >= row["p_value"]


def test_equal_clips(cli: Cli, old: Path, tmp_path: Path) -> None:
    outcome = cli("compare", old, new(tmp_path, run(BASELINE)), "--json")
    assert {row["words"] for row in rows(outcome).values()} == {"equal on each of the 40 clips"}
    assert json.loads(outcome.out)["tested"] == 0


def test_rows_that_cannot_differ_cost_the_others_nothing(cli: Cli, old: Path, tmp_path: Path) -> None:
    same, results = run(BASELINE), run({"mine": {"seed": 2, "worse": 0.9}})
    cells = [*(c for c in same.cells if (c.generator, c.metric) != ("mine", "mcd") and c.generator == "mine"),
             *(c for c in results.cells if c.metric == "mcd")]  # fmt: skip
    found = rows(cli("compare", old, new(tmp_path, results.model_copy(update={"cells": tuple(cells)})), "--json"))
    assert found["hdtf", "mcd"]["p_adjusted"] == found["hdtf", "mcd"]["p_value"]
    assert found["hdtf", "mcd"]["verdict"] == "worse"
    assert found["hdtf", "fid"]["p_adjusted"] is None


@pytest.mark.parametrize(
    ("n", "says"),
    [
        (4, "no claim: n = 4 is below 5"),
        (5, "no claim: n = 5 reaches p = 0.062 at best, and p = 0.05 is needed"),
        (6, "no claim: n = 6 reaches p = 0.031 at best, and p = 0.017 is needed"),
    ],
)
def test_too_few_clips_claim_nothing(cli: Cli, tmp_path: Path, n: int, says: str) -> None:
    first = written(tmp_path / "old", run(BASELINE, n=n))
    found = rows(cli("compare", first, new(tmp_path, run({"mine": {"seed": 2, "worse": 9.0}}, n=n)), "--json"))
    assert {row["verdict"] for row in found.values()} == {"no claim"}
    assert all(says in row["words"] for row in found.values())


def test_a_missing_score_says_which_and_why(cli: Cli, old: Path, tmp_path: Path) -> None:
    lost: dict[str, Any] = {"value": None, "missing": "no weights", "n": 0, "by_clip": {}, "signature": ""}
    other = changed(run({"mine": {"seed": 2}}), "fid", **lost)
    row = rows(cli("compare", old, new(tmp_path, other), "--json"))["hdtf", "fid"]
    assert row["words"] == "no claim: missing in new (no weights)"
    assert row["first"] is not None
    bare = changed(run({"mine": {"seed": 2}}), "mcd", by_clip={})
    row = rows(cli("compare", old, new(tmp_path, bare), "--json"))["hdtf", "mcd"]
    assert row["words"] == "no claim: new has no numbers by clip"


def test_generators_of_one_run(cli: Cli, tmp_path: Path) -> None:
    both = written(tmp_path / "both", run({**BASELINE, "theirs": {"seed": 2, "worse": 2.0}, "third": {"seed": 3}}))
    found = json.loads(cli("compare", both, "--generators", "mine,theirs,third", "--json").out)
    assert [(pair["first"]["name"], pair["second"]["name"]) for pair in found["pairs"]] == [
        ("mine", "theirs"), ("mine", "third"),
    ]  # fmt: skip
    assert {row["words"] for row in found["pairs"][0]["rows"]} == {"theirs is worse"}
    assert found["tested"] == 6
    refused(cli("compare", both), "compare needs two runs, or one run and --generators", "mine, theirs, third")
    refused(cli("compare", both, "--generators", "mine,their"), "no generator 'their'", "Did you mean: theirs")
    refused(cli("compare", both, "--generators", "mine,ceiling"), "'ceiling' is a bound", "bounds are not compared")
    refused(cli("compare", both, "--generators", "mine,mine"), "twice")
    refused(cli("compare", both, "--generators", "mine,"), "--generators is a list of names")


def test_which_generators_of_several_runs(cli: Cli, old: Path, tmp_path: Path) -> None:
    two = new(tmp_path, run({"theirs": {"seed": 2}, "mine": {"seed": 4}}))
    three = written(tmp_path / "three", run({"theirs": {"seed": 2, "worse": 1.0}}))
    found = json.loads(cli("compare", old, two, "--json").out)
    assert [(p["first"]["generator"], p["second"]["generator"]) for p in found["pairs"]] == [("mine", "mine")]
    found = json.loads(cli("compare", old, three, "--json").out)
    assert found["pairs"][0]["second"]["name"] == "three/theirs"
    refused(cli("compare", two, three, "--generators", "a,b,c"), "3 generators for 2 runs")
    found = json.loads(cli("compare", two, old, three, "--generators", "theirs,mine,theirs", "--json").out)
    assert [pair["second"]["name"] for pair in found["pairs"]] == ["old/mine", "three/theirs"]
    stranger = written(tmp_path / "stranger", run({"x": {"seed": 1}, "y": {"seed": 2}}))
    refused(cli("compare", old, stranger), "No generator has the same name in both runs", "--generators")
    refused(cli("compare", old, old), "compared with itself")
    shared = json.loads(cli("compare", stranger, written(tmp_path / "again", run({"y": {"seed": 3}, "x": {"seed": 4}})),
                            "--json").out)  # fmt: skip
    assert [pair["second"]["name"] for pair in shared["pairs"]] == ["again/x", "again/y"]


def test_a_results_file_stands_for_its_run_and_equal_names_are_told_apart(cli: Cli, old: Path, tmp_path: Path) -> None:
    other = written(tmp_path / "elsewhere" / "old", run({"mine": {"seed": 2}}))
    found = json.loads(cli("compare", old / "results.json", other / "results.json", "--json").out)
    assert [found["pairs"][0][side]["name"] for side in ("first", "second")] == [str(old), str(other)]


def test_several_datasets_have_an_overall_row(cli: Cli, tmp_path: Path) -> None:
    first = written(tmp_path / "old", run(BASELINE, ("hdtf", "voxceleb")))
    second = new(tmp_path, run({"mine": {"seed": 2, "worse": 0.8}}, ("hdtf", "voxceleb")))
    outcome = cli("compare", first, second, "--json")
    found = rows(outcome)
    overall = found[None, "mcd"]
    parts = [found[dataset, "mcd"] for dataset in ("hdtf", "voxceleb")]
    assert overall["n"] == 80
    assert overall["difference"] == pytest.approx(np.mean([part["difference"] for part in parts]))
    assert overall["standard_error"] == pytest.approx(np.hypot(*(part["standard_error"] for part in parts)) / 2)
    assert json.loads(outcome.out)["tested"] == 9
    text = cli("compare", first, second).out
    assert "new against old: all datasets" in text
    assert "All datasets: the mean over the datasets" in text
    assert "corrected for the 9 tested rows (Holm)" in text


def test_the_correction_can_take_a_claim_away(cli: Cli, tmp_path: Path) -> None:
    names = ("hdtf", "voxceleb", "fakeavceleb", "celebvhq")
    many = [written(tmp_path / f"many{s}", run({"mine": {"seed": s}}, names)) for s in range(1, 9)]
    found = [rows(cli("compare", many[0], other, "--json")).values() for other in many[1:]]
    alone = [row for table in found for row in table if row["p_value"] <= 0.05]
    assert alone
    assert {row["verdict"] for row in alone} == {"no difference"}


@pytest.mark.parametrize(
    ("results", "says"),
    [
        (run(BASELINE, protocol={**PROTOCOL, "max_seconds": 3.0}), ["protocol.max_seconds: 10.0 against 3.0"]),
        (run(BASELINE, protocol={"fps": 30.0}), ["protocol.fps: 25.0 against 30.0", "protocol.crf: 18 against none"]),
        (changed(run(BASELINE), "mcd", signature="mcd|stride:3|version:1"), ["of mcd: stride:2 against stride:3"]),
        (changed(run(BASELINE), "mcd", protocol="ffff0000"), ["of the protocol of mcd: 0123abcd against ffff0000"]),
        (run(BASELINE, n=38), ["2 of 40 clips of hdtf only in old (clip038, clip039)"]),
        (run(BASELINE, metrics=("mcd",)), ["metric only in old: fid, stoi"]),
        (run(BASELINE, ("hdtf", "voxceleb")), ["dataset only in new: voxceleb"]),
    ],
)  # fmt: skip
def test_runs_that_differ_are_refused(cli: Cli, old: Path, tmp_path: Path, results: Results, says: list[str]) -> None:
    refused(
        cli("compare", old, new(tmp_path, results)), "new cannot be compared with old", "run one of them again", *says
    )


@pytest.mark.parametrize(("field", "says"), [("prompt", "other prompts"), ("reference_identity", "other reference")])
def test_other_prompts_and_references_are_refused(cli: Cli, old: Path, tmp_path: Path, field: str, says: str) -> None:
    results = run(BASELINE)
    clips = tuple(c.model_copy(update={field: "other"}) if c.key < "clip005" else c for c in results.clips)
    study = results.study.model_copy(update={"seed": 4})
    other = new(tmp_path, results.model_copy(update={"clips": clips, "study": study}))
    said = ("study.seed: 3 against 4", f"5 of 40 clips of hdtf with {says}", "(clip000, clip001, clip002, ...)")
    refused(cli("compare", old, other), *said)
    unknown = tuple(c.model_copy(update={field: ""}) for c in results.clips)
    both = [written(tmp_path / name, results.model_copy(update={"clips": unknown})) for name in ("a", "b")]
    refused(cli("compare", *both, "--common"), "nothing is left that both have")


def test_common_compares_what_both_have(cli: Cli, old: Path, tmp_path: Path) -> None:
    results = run({"mine": {"seed": 2, "worse": 2.0}}, ("hdtf", "voxceleb"), n=30)
    other = new(tmp_path, changed(results, "stoi", signature="stoi|stride:9"))
    outcome = cli("compare", old, other, "--common", "--json")
    found = rows(outcome)
    assert set(found) == {("hdtf", "fid"), ("hdtf", "mcd")}
    assert found["hdtf", "mcd"]["n"] == 30
    assert found["hdtf", "mcd"]["words"] == "new is worse"
    assert "old is a distance of 40 clips, of which 30 are in both" in found["hdtf", "fid"]["words"]
    left_out = " ".join(json.loads(outcome.out)["pairs"][0]["left_out"])
    for part in ("dataset only in new: voxceleb", "signature of stoi", "10 of 40 clips of hdtf only in old"):
        assert part in left_out
    assert "Left out: dataset only in new: voxceleb." in cli("compare", old, other, "--common").out
    elsewhere = written(tmp_path / "else", run(BASELINE, ("voxceleb",)))
    refused(cli("compare", old, elsewhere, "--common"), "nothing is left that both have")
    protocol = written(tmp_path / "protocol", run(BASELINE, protocol={**PROTOCOL, "crf": 30}))
    refused(cli("compare", old, protocol, "--common"), "protocol.crf: 18 against 30", "under the other's protocol")


def test_failures_are_left_out_counted_and_compared(cli: Cli, tmp_path: Path) -> None:
    first = written(tmp_path / "old", without(without(run(BASELINE), "clip003"), "clip007"))
    second = new(tmp_path, without(run({"mine": {"seed": 2}}), "clip007"))
    outcome = cli("compare", first, second, "--json")
    row = rows(outcome)["hdtf", "mcd"]
    assert row["n"] == 38
    assert row["notes"] == [
        "left out: 1 clip (clip003), not measured in old only",
        "left out: 1 clip (clip007), not measured in either",
    ]
    assert json.loads(outcome.out)["pairs"][0]["failures"] == ["hdtf: old failed 1 clip (clip003), which new made"]
    distance = rows(outcome)["hdtf", "fid"]
    assert "distances of 38 and 39 clips, carried over to the 38 that both have" in distance["notes"]
    assert "Failures: hdtf: old failed 1 clip (clip003), which new made." in cli("compare", first, second).out


def test_a_distance_is_carried_over_along_its_bias(cli: Cli, old: Path, tmp_path: Path) -> None:
    second = new(tmp_path, without(run(BASELINE), "clip003"))
    row = rows(cli("compare", old, second, "--json"))["hdtf", "fid"]
    whole = next(cell for cell in Results.read(old / "results.json").cells if cell.metric == "fid")
    kept = np.mean([value for key, value in whole.by_clip.items() if key != "clip003"])
    assert whole.value is not None
    assert row["first"] == pytest.approx(kept + (whole.value - 20.0) * (40 / 39 - 1))  # 20 is the bias-corrected value
    assert row["second"] == pytest.approx(kept)
    fewer = written(tmp_path / "fewer", without(without(without(run(BASELINE), "clip003"), "clip004"), "clip005"))
    found = rows(cli("compare", old, fewer, "--json"))
    assert "old is a distance of 40 clips, of which 37 are in both" in found["hdtf", "fid"]["words"]
    assert found["hdtf", "mcd"]["words"] == "equal on each of the 37 clips"


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda text: text.replace('"value": ', '"value": 1', 1), "the clips of hdtf, mine, fid have a mean of"),
        (
            lambda text: text.replace('"n": 40', '"n": 41', 1),
            "themselves, fid on hdtf has 40 numbers of 41 clips",
        ),
        (lambda text: text.replace('"signature": "fid|stride:2|version:1"', '"signature": ""', 1), "signature of fid"),
        (lambda text: text.replace('"key": "clip000"', '"key": "x"', 1), "has a number of clip000, which is no clip"),
        (lambda text: text.replace('"stride:2', '"stride:4').replace("|stride:2", "|stride:4", 1), "signature of fid"),
        (lambda text: text.replace('"crf": 18', '"crf": 17'), "protocol.crf: 18 against 17"),
        (
            lambda text: text.replace('"prompt": "prompt of clip000"', '"prompt": "x"', 1),
            "with other prompts (clip000)",
        ),
        (lambda text: text[: len(text) // 2], "Cannot read the results"),
        (lambda text: text.replace('"schema": 3', '"schema": 2'), "has schema 2"),
    ],
)
def test_edited_files_are_refused(cli: Cli, old: Path, tmp_path: Path, edit: Callable[[str], str], says: str) -> None:
    other = new(tmp_path, run({"mine": {"seed": 2}}))
    file = other / "results.json"
    file.write_text(edit(file.read_text()))
    refused(cli("compare", old, other), says)


def test_what_is_no_run_is_refused(cli: Cli, old: Path, tmp_path: Path) -> None:
    refused(cli("compare", old, tmp_path / "nowhere"), "holds no results.json")
    refused(cli("compare", old, tmp_path), "holds no results.json")
    (tmp_path / "file").write_text("in the way")
    other = new(tmp_path, run(BASELINE))
    refused(cli("compare", old, other, "--out", tmp_path / "file" / "x"), "Cannot write to the comparison", "--out")
    (tmp_path / "full" / "index.html").mkdir(parents=True)
    refused(cli("compare", old, other, "--out", tmp_path / "full"), "Cannot write the comparison")


def test_the_same_bytes_each_time(cli: Cli, old: Path, tmp_path: Path) -> None:
    other = new(tmp_path, run({"mine": {"seed": 2}}))
    contents = []
    for _ in range(2):
        outcome = cli("compare", old, other, "--out", tmp_path / "comparison")
        assert f"Comparison: {tmp_path / 'comparison' / 'index.html'}" in outcome.out
        contents.append({path.name: path.read_bytes() for path in (tmp_path / "comparison").iterdir()})
    assert contents[0] == contents[1]
    assert set(contents[0]) == {"index.html", "comparison.json", "comparison.md", "comparison.tex"}
    printed = cli("compare", old, other, "--json").out
    assert printed == contents[0]["comparison.json"].decode()
    assert Comparison.model_validate_json(printed).text() == printed


def test_the_installed_command(tmp_path: Path) -> None:
    for name, how in {"old": {"seed": 1}, "better": {"seed": 2, "worse": -2}, "worse": {"seed": 3, "worse": 2},
                      "same": {"seed": 5}}.items():  # fmt: skip
        written(tmp_path / name, run({"mine": how}))
    written(tmp_path / "other", run({"mine": {"seed": 1}}, protocol={"fps": 30.0}))
    command = Path(sys.executable).with_name("narrator-bench")

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([command, "compare", *arguments], cwd=tmp_path, capture_output=True, text=True)

    done = call("old", "better", "worse", "same", "--out", "page")
    assert done.returncode == 0, done.stderr
    for words in ("better is better", "worse is worse", "no difference that n = 40 can show (smallest visible"):
        assert words in done.stdout
    assert (tmp_path / "page" / "index.html").is_file()
    different = call("old", "other", "--common")
    assert (different.returncode, different.stdout) == (2, "")
    assert different.stderr.startswith("narrator-bench: other cannot be compared with old, protocol.fps: 25.0 against")
    assert call("old", "nowhere").returncode == 2
    assert call().returncode == 2


def test_a_metric_that_says_nothing_of_a_side_claims_nothing(cli: Cli, tmp_path: Path) -> None:
    """STOI at chance: a difference between two generators that are not aligned is no difference in quality."""

    def with_chance(results: Results) -> Results:
        metrics = {**METRICS, "stoi": METRICS["stoi"].model_copy(update={"aligned": True})}
        return results.model_copy(update={"study": results.study.model_copy(update={"metrics": metrics})})

    chance = {"chance": {"seed": 5}}
    old = written(tmp_path / "old", with_chance(run({"mine": {"seed": 1}, **chance})))
    other = new(tmp_path, with_chance(run({"mine": {"seed": 2, "worse": 2.0}, **chance})))
    found = rows(cli("compare", old, other, "--json"))
    assert found["hdtf", "stoi"]["verdict"] == "no claim"
    assert "is not above chance, and stoi needs clips aligned in time" in found["hdtf", "stoi"]["words"]
    assert found["hdtf", "mcd"]["verdict"] == "worse"
