"""A study's `stress` part: what it may say, what it makes, and a whole run of a cheap generator."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.errors import UserMistake
from bench.stress.catalogue import DAMAGES
from bench.study import Study, bundled_studies, find_study, parse_study
from reports.results import Results

Cli = Callable[..., Any]


def parsed(stress: Any, **more: Any) -> Study:
    study = {
        "name": "s",
        "datasets": [{"name": "folder", "root": "clips"}],
        "generators": ["still"],
        "metrics": ["mcd"],
        "bounds": False,
        "stress": stress,
    }
    return parse_study(yaml.safe_dump(study | more), "s.yaml", Path())


@pytest.mark.parametrize(
    ("stress", "labels"),
    [
        ({"voice-noise": [5, -5]}, ["still", "still@voice-noise-5dB", "still@voice-noise--5dB"]),
        ({"voice-noise": 5, "voice-silent": "all"}, ["still", "still@voice-noise-5dB", "still@voice-silent"]),
        ({"image-no-face": None}, ["still", "still@image-no-face"]),
        (["text-short"], ["still", "still@text-short-2words", "still@text-short-1words"]),
        ({"voice-reverb": [0.3]}, ["still", "still@voice-reverb-0.3s"]),
    ],
)
def test_each_damage_and_strength_is_a_variant(stress: Any, labels: list[str]) -> None:
    study = parsed(stress)
    assert [choice.name for choice in study.generators] == labels
    assert {choice.itself.name for choice in study.generators} == {"still"}
    assert parse_study(study.to_yaml(), "s.yaml", Path()) == study


def test_all_is_every_strength_of_every_damage_and_bounds_have_none() -> None:
    study = parsed("all", bounds=True)
    assert len(study.generators) == 3 + sum(len(damage.strengths) or 1 for damage in DAMAGES.values())
    assert not [choice for choice in study.generators if choice.plugin in ("ceiling", "chance") and choice.stress]


@pytest.mark.parametrize(
    ("stress", "sentence"),
    [
        ({"voice-nois": "all"}, "no damage 'voice-nois'. Did you mean: voice-noise"),
        (["image-blured"], "no damage 'image-blured'. Did you mean: image-blurred"),
        (3, "must be 'all', a list of damages, or a mapping"),
        ({}, "must be 'all', a list of damages, or a mapping"),
        ({"voice-noise": "loud"}, "'voice-noise' must be 'all' or a list of numbers, got 'loud'"),
        ({"voice-noise": [True]}, "'voice-noise' must be 'all' or a list of numbers"),
        ({"voice-noise": [float("nan")]}, "'voice-noise' must be 'all' or a list of numbers, got ['.nan']"),
        ({"voice-noise": [500]}, "must be a number from -60 to 100 dB, got 500"),
        ({"image-small": [20.5]}, "must be a whole number from 2 to 16384 px, got 20.5"),
        ({"voice-silent": [1]}, "'voice-silent' has no strengths"),
        ({"voice-noise": [5, 5.0]}, "'voice-noise' has a strength twice"),
    ],
)
def test_a_wrong_part_is_one_sentence(stress: Any, sentence: str) -> None:
    with pytest.raises(UserMistake) as mistake:
        parsed(stress)
    assert sentence in str(mistake.value)
    assert "\n" not in str(mistake.value)


def test_a_label_that_is_too_long_and_a_sweep_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="longer than 64"):
        parsed(["voice-noise"], generators=[{"name": "x" * 60, "plugin": "still"}])
    (tmp_path / "a1.pt").touch()
    swept = {"name": "n", "plugin": "narrator", "checkpoints": str(tmp_path / "*.pt")}
    with pytest.raises(UserMistake, match="'n' cannot be put under stress"):
        parsed(["voice-noise"], generators=[swept])


def test_the_bundled_study_reads_and_its_plugins_build() -> None:
    assert "stress" in bundled_studies()
    study = find_study("stress")
    study.check_plugins()
    assert {choice.stress.family for choice in study.generators if choice.stress} == {"cascade", "narrator"}


STUDY = """
name: tiny
seed: 3
protocol: {max_seconds: 1.5}
max_failed: 1
datasets: [{name: folder, root: clips}]
generators: [{name: still, plugin: still}]
metrics: [loudness, sharpness, {name: noise-drift, options: {last: 24}}]
stress: {voice-noise: [0], voice-babble: [5], image-blurred: [4], image-eyes-closed: all, text-script: [100]}
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, clips: Path) -> Path:
    """A folder with the study, its clips, and its run."""
    from bench.cli.app import main

    folder = tmp_path_factory.mktemp("stress")
    shutil.copytree(clips, folder / "clips")
    shutil.copy(clips / "clip0.mp4", folder / "clips" / "clip4.mp4")
    (folder / "clips" / "clip4.txt").write_text("number four speaks")
    (folder / "study.yaml").write_text(STUDY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["narrator-bench", "run", str(folder / "study.yaml"), "--out", str(folder / "run"),
                                   "--workers", "1"])  # fmt: skip
        with pytest.raises(SystemExit) as end:
            main()
    assert not end.value.code
    return folder


@pytest.mark.weights
def test_a_refused_prompt_is_counted_with_its_reason_and_ends_no_run(ran: Path) -> None:
    results = Results.read(ran / "run" / "results.json")
    errors = {clip.generator: clip.error for clip in results.clips if clip.error}
    assert set(errors) == {"still@image-eyes-closed", "still@text-script-100pct"}
    assert "no face is found in the driving image" in (errors["still@image-eyes-closed"] or "")
    assert "English only" in (errors["still@text-script-100pct"] or "")


@pytest.mark.weights
def test_what_a_damage_moves_and_what_it_leaves(ran: Path) -> None:
    results = Results.read(ran / "run" / "results.json")
    moved = {(c.generator, c.metric): c for c in results.changes}
    assert moved["still@voice-noise-0dB", "loudness"].difference == 0  # still does not listen to the profile
    assert moved["still@image-blurred-4px", "loudness"].difference == 0
    blurred = moved["still@image-blurred-4px", "sharpness"]
    assert blurred.high is not None
    assert blurred.high < -5
    hashes = {(clip.generator, clip.key): clip.prompt for clip in results.clips}
    assert len(set(hashes.values())) == 6 * 5  # the generator and its variants; the bounds are given what it is given


@pytest.mark.weights
def test_claims_are_told_with_numbers(ran: Path) -> None:
    claims = {claim.claim: claim for claim in Results.read(ran / "run" / "results.json").claims}
    audio = claims["A noisy voice profile yields very little audio"]
    assert (audio.verdict, "loudness +0 [+0, +0] dB (n = 5)" in audio.evidence) == ("fails", True)
    assert claims["With a noisy voice profile the frames stay fine"].verdict == "holds"
    assert claims["Closed eyes in the driving image persist in the video"].verdict == "cannot be said"
    assert claims["The output stays at the driving image's resolution"].verdict == "holds"
    assert "does not measure gaze-spread" in claims["Gaze can stick in one direction"].evidence
    assert claims["No noise is gained over the clip"].verdict == "holds"


@pytest.mark.weights
def test_the_same_command_does_nothing_twice_and_gives_the_same_bytes(ran: Path, cli: Cli) -> None:
    files = {path: path.stat().st_mtime_ns for path in (ran / "run" / "generated").rglob("*.mp4")}
    before = (ran / "run" / "results.json").read_bytes()
    assert cli("run", ran / "study.yaml", "--out", ran / "run", "--workers", "1").code == 0
    assert (ran / "run" / "results.json").read_bytes() == before
    assert {path: path.stat().st_mtime_ns for path in files} == files


@pytest.mark.weights
def test_the_report_has_tables_claims_and_no_variant_among_the_plain_scores(ran: Path) -> None:
    report = ran / "run" / "report"
    assert "still@" not in (report / "tables" / "scores.md").read_text()
    told = (report / "tables" / "stress.md").read_text()
    assert "image-blurred" in told
    assert "5 of 5" in told
    assert "| holds |" in (report / "tables" / "claims.md").read_text()
    assert (report / "tables" / "stress.tex").is_file()
    lines = (report / "tables" / "stress.csv").read_text().splitlines()
    assert len(lines) == 1 + 6 * 3
    page = (report / "index.html").read_text()
    assert page.count("<h2>Stress</h2>") == 1
    study = json.loads((ran / "run" / "results.json").read_text())["study"]
    assert study["stress"]["still@voice-noise-0dB"]["unit"] == "dB"
