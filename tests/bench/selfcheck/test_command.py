"""`narrator-bench selfcheck`: the clean check, files of other machines, and the user's mistakes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.selfcheck.plan import CHECKS, Plan, every_metric
from bench.selfcheck.record import EXPECTED, Record, read_record
from metrics.builtin import METRICS

Cli = Callable[..., Any]
SOUND = ("selfcheck", "--metrics", "stoi,mcd", "--workers", "1")
ELSEWHERE = {"fad", "fad-gudgud96", "fad-fadtk", "fad-clap", "fad-pann", "fad-encodec", "fvmd", "fvmd-compat"}
"""Metrics whose weights or packages no registry carries: their numbers are compared with files of the user's own."""
FACES = {name for name in METRICS if name.startswith(("identity", "mouth-sync", "lse-"))} | {
    "blink-rate", "head-motion", "eye-opening", "gaze-spread"
}  # fmt: skip
UNFED = FACES | {"sharpness-drift", "noise-drift"}
"""Metrics that look for what the bundled clips do not show: faces, a hundredth frame."""
PLAIN = {
    "loudness", "audible-speech", "eye-opening", "gaze-spread", "sharpness", "sharpness-drift", "noise-drift"
}  # fmt: skip
"""Metrics of one clip alone without an analysis of their own that is checked; those that are fed have their number."""


def stored(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """The bundled record, changed."""
    record = json.loads(EXPECTED.read_text(encoding="utf-8"))
    change(record)
    path.write_text(json.dumps(record))
    return path


@pytest.mark.weights
def test_a_clean_check_passes(cli: Cli) -> None:
    outcome = cli("selfcheck", "--metrics", "fad-ge2e,fvmd-lk,mcd,stoi", "--workers", "1")
    assert outcome.code == 0, outcome
    assert "none moved" in outcome.out


def test_every_stage_before_the_networks_holds_for_all_metrics(cli: Cli) -> None:
    stages = "inputs,decode,resample,resize,analysis,statistics"
    outcome = cli("selfcheck", "--stages", stages, "--workers", "1", "--json")
    assert outcome.code == 0, outcome
    found = json.loads(outcome.out)
    assert {check["verdict"] for check in found["checks"]} == {"held"}
    assert len(found["checks"]) == sum(check.stage in stages.split(",") for check in CHECKS)
    assert (found["problem"], found["first_stage"], found["numbers"]) == (None, None, [])


def test_the_bundled_record_is_whole() -> None:
    expected = read_record(EXPECTED)
    assert set(expected.numbers) == set(METRICS) - ELSEWHERE - UNFED
    unread = {check.key for check in CHECKS} - set(expected.checks)
    assert unread == {"network/VGGish", "network/PIPs++"}
    assert not expected.failed


def test_every_metric_is_concerned_by_checks_of_its_own() -> None:
    plan = Plan(tuple(choice for choice in every_metric() if choice.name in METRICS), False)
    for name in METRICS:
        stages = {check.stage for check in CHECKS if name in plan.concerned(check)}
        assert {"inputs", "decode", "statistics"} <= stages, name
        assert name in {"fad-clap", "fad-pann", "fad-encodec", "fad-speech"} | PLAIN or "analysis" in stages, name


def test_what_was_written_compares_with_itself(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "here.json"
    assert cli(*SOUND, "--write", file).code == 0
    assert set(read_record(file).numbers) == {"mcd", "stoi"}
    assert cli(*SOUND, "--against", file).code == 0


def test_a_number_that_moved_is_stated_in_its_own_unit(cli: Cli, tmp_path: Path) -> None:
    def change(record: dict[str, Any]) -> None:
        record["numbers"]["mcd"]["value"] = 2.9
        record["checks"]["decode/AAC"]["samples"][3] += 0.01
        record["environment"]["torch"] = "1.0"

    outcome = cli(*SOUND, "--against", stored(tmp_path / "other.json", change))
    assert outcome.code == 1
    assert "mcd 2.9 -> 2.92866 dB (+0.99 %): decode (AAC): moved 0.22, budget 1e-05." in outcome.out
    assert "torch 1.0 -> " in outcome.out


def test_another_signature_is_a_finding_of_its_own(cli: Cli, tmp_path: Path) -> None:
    def change(record: dict[str, Any]) -> None:
        number = record["numbers"]["stoi"]
        number["signature"] = number["signature"].replace("seed:0", "seed:1")

    outcome = cli(*SOUND, "--against", stored(tmp_path / "other.json", change))
    assert outcome.code == 1
    assert "stoi: its signature changed, seed:1 -> seed:0." in outcome.out


@pytest.mark.weights
@pytest.mark.parametrize(("device", "code"), [("cpu", 1), ("cuda:0", 0)])
def test_networks_may_move_further_between_a_cpu_and_a_gpu(cli: Cli, tmp_path: Path, device: str, code: int) -> None:
    def change(record: dict[str, Any]) -> None:
        record["device"] = device
        reading = record["checks"]["network/GE2E"]
        reading["mean"] += 2e-4 * reading["rms"]

    file = stored(tmp_path / "other.json", change)
    outcome = cli(
        "selfcheck",
        "--metrics",
        "fad-ge2e",
        "--stages",
        "network",
        "--against",
        file,
        "--device",
        "cpu",
        "--workers",
        "1",
    )
    assert outcome.code == code, outcome
    assert ("device cuda:0 -> cpu" in outcome.out) == (device != "cpu")


def test_without_its_weights_a_metric_is_not_run(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NARRATOR_BENCH_CACHE", str(tmp_path))
    monkeypatch.delenv("NARRATOR_BENCH_WEIGHTS", raising=False)
    outcome = cli("selfcheck", "--metrics", "fad-ge2e", "--workers", "1")
    assert outcome.code == 1
    assert "2 not run, weights 'ge2e' are not here: `narrator-bench weights fetch ge2e`: network GE2E;" in outcome.out
    assert "could not be had: fad-ge2e" in outcome.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is no record of a selfcheck"),
        (b"{", "is no record of a selfcheck"),
        (b"[" * 100_000, "is no record of a selfcheck"),
        (b"[]", "is no record of a selfcheck"),
        (b'{"form": 2}', "(form)"),
        (b'{"form": 1, "environment": {}}', "(device)"),
        (b'{"device": "cpu", "environment": {}, "surprise": 1}', "(surprise)"),
        (b'{"device": "cpu", "environment": {}, "numbers": {"fid": {"value": NaN, "unit": "", "signature": ""}}}',
         "(numbers/fid/value)"),
        (b'{"device": "cpu", "environment": {}, "numbers": {"fid": {"value": 1e999, "unit": "", "signature": ""}}}',
         "(numbers/fid/value)"),
        (b'{"device": "cpu", "environment": {}, "checks": {"decode/AAC": {"shape": [1], "mean": 0, "rms": -1,'
         b'"sketch": [], "samples": []}}}', "(checks/decode/AAC/rms)"),
        (b"\xff\xfe{\x00}\x00", "UTF-16"),
        (b" " * (1 << 21), "larger than 1024 KiB"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_one_sentence(cli: Cli, tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "wrong.json"
    file.write_bytes(content)
    outcome = cli(*SOUND, "--against", file)
    assert outcome.code == 2, outcome
    assert says in " ".join(outcome.err.split())
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--against", "nowhere.json"), "there is no such file"),
        (("--against", "."), "a folder"),
        (("--write", "."), "--write cannot write to . (not a regular file: a folder)"),
        (("--write", "/dev/null"), "not a regular file: a character device"),
        (("--write", "/dev/null/record.json"), "/dev/null is no folder"),
        (("--metrics", "fdi"), "Did you mean: fid"),
        (("--metrics", ","), "names no metric"),
        (("--stages", "resiz"), "Did you mean: resize"),
        (("--device", "cuda:99"), "cannot be used here"),
    ],
)
def test_a_wrong_word_is_one_sentence(cli: Cli, arguments: tuple[str, ...], says: str) -> None:
    outcome = cli("selfcheck", *arguments)
    assert outcome.code == 2, outcome
    assert says in " ".join(outcome.err.split())


def test_a_record_survives_its_file(tmp_path: Path) -> None:
    record = read_record(EXPECTED)
    record.write(tmp_path / "again.json")
    assert isinstance(record, Record)
    assert (tmp_path / "again.json").read_bytes() == EXPECTED.read_bytes()
