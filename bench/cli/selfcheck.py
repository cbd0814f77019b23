"""`selfcheck`: whether this machine still computes the numbers that it should."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.arguments import chosen_metrics, file_to_write, path_to_read
from bench.cli.printing import Json, out, print_line, print_rows
from bench.cli.runs import Device, Workers, incomplete, shown_progress
from bench.errors import UserMistake, shown
from metrics.base.hints import nearest

if TYPE_CHECKING:
    from bench.selfcheck.check import Stage
    from bench.selfcheck.comparison import Comparison, Finding
    from bench.selfcheck.record import Record


def register(app: typer.Typer) -> None:
    """Add this module's command to the command line."""
    app.command("selfcheck")(selfcheck)


def selfcheck(
    metrics: Annotated[str, typer.Option(help="Names from `metrics list`; all that can run here if left out.")] = "",
    stages: Annotated[str, typer.Option(help="Which stages: decode,resize,...; all of them if left out.")] = "",
    write: Annotated[
        Path | None,
        typer.Option(parser=file_to_write("--write"), metavar="FILE", help="Write this machine's numbers to a file."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            parser=path_to_read("--against"), metavar="FILE", help="Compare with such a file, not the bundled one."
        ),
    ] = None,
    device: Device = "",
    workers: Workers = 0,
    as_json: Json = False,
) -> None:
    """Check every metric on small bundled inputs against stored numbers, stage by stage.

    Exit code 1 where something moved beyond its budget, failed, or a metric that --metrics names could not run. With
    --write alone nothing is compared. Nothing is downloaded.
    """
    from bench.selfcheck.comparison import compare
    from bench.selfcheck.plan import Plan, every_metric
    from bench.selfcheck.record import EXPECTED, read_record
    from bench.workers.device import metrics_device
    from bench.workers.pool import default_workers

    expected = read_record(against or EXPECTED) if against or not write else None
    choices = chosen_metrics(metrics) if metrics else every_metric()
    plan = Plan(choices, bool(metrics), _stages(stages), metrics_device(device))
    with shown_progress() as progress:
        got = plan.run(workers or default_workers(), progress)
    if write:
        got.write(write)
        print_line(f"Written: {write}")
    if expected is None:
        _require_whole(got)
        return
    found = compare(plan, expected, got)
    if as_json:
        print(json.dumps(_json(found, got), indent=1, ensure_ascii=False))
    else:
        _show(found)
    if found.problem:
        incomplete(found.problem)


def _stages(written: str) -> tuple[Stage, ...]:
    from bench.selfcheck.check import STAGES

    named = [part.strip() for part in written.split(",") if part.strip()]
    for name in named:
        if name not in STAGES:
            raise UserMistake(f"--stages: no stage is called '{shown(name, 80)}'.{nearest(name, STAGES)}")
    return tuple(stage for stage in STAGES if stage in named) or STAGES


def _require_whole(got: Record) -> None:
    if got.failed:
        told = "; ".join(f"{key}: {reason}" for key, reason in got.failed.items())
        incomplete(f"{len(got.failed)} results failed and are not in the file: {told}.")


def _json(found: Comparison, got: Record) -> Mapping[str, Any]:
    return {
        "problem": found.problem or None,
        "first_stage": found.first.stage if found.first else None,
        "checks": [_row(finding) for finding in found.checks],
        "numbers": [_row(finding) for finding in found.numbers],
        "differs": {name: {"before": before, "now": now} for name, (before, now) in found.environment.items()},
        "device": got.device,
    }


def _row(finding: Finding) -> Mapping[str, Any]:
    return {**dataclasses.asdict(finding), "stage": finding.stage, "name": finding.name}


def _show(found: Comparison) -> None:
    stages: dict[str, list[Finding]] = {}
    for finding in found.checks:
        stages.setdefault(finding.stage, []).append(finding)
    print_rows([_stage_row(stage, findings) for stage, findings in stages.items()], False, "Stages")
    print_rows([_number_row(finding) for finding in found.numbers], False, "Numbers")
    for sentence in found.sentences():
        print_line(sentence)
    if not found.problem:
        findings = (*found.checks, *found.numbers)
        held = sum(finding.verdict == "held" for finding in findings)
        others = f", {len(findings) - held} could not be compared" if held < len(findings) else ""
        out.print(f"{held} results are as expected, none moved{others}.", style="bold", highlight=False)


def _stage_row(stage: str, findings: list[Finding]) -> Mapping[str, Any]:
    counts = {verdict: sum(finding.verdict == verdict for finding in findings) for verdict in ("held", "not run")}
    compared = [finding for finding in findings if finding.moved is not None]
    worst = max(compared, key=lambda finding: (finding.moved or 0) / (finding.budget or 1e-300), default=None)
    return {
        "stage": stage,
        "checks": len(findings),
        **counts,
        "wrong": sum(finding.wrong for finding in findings),
        "nearest to its budget": worst and worst.name,
        "moved": worst and f"{worst.moved:.1e}",
        "budget": worst and f"{worst.budget:.0e}",
    }


def _number_row(finding: Finding) -> Mapping[str, Any]:
    verdict = "signature changed" if finding.signature and finding.verdict == "held" else finding.verdict
    return {
        "metric": finding.name,
        "expected": None if finding.before is None else f"{finding.before:.7g}",
        "here": None if finding.now is None else f"{finding.now:.7g}",
        "moved": None if finding.moved is None else f"{finding.moved:.1e}",
        "budget": f"{finding.budget:.0e}",
        "verdict": verdict,
    }
