"""`score`: two folders of clips, without a study."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml

from bench.choice import Choice
from bench.cli.printing import Json, out, print_rows
from bench.cli.runs import Device, Workers, shown_progress
from bench.errors import UserMistake
from bench.media.clip import Decoding
from bench.workers.device import metrics_device
from bench.workers.pool import WorkerPool, default_workers
from reports.numbers import ARROWS

if TYPE_CHECKING:
    from bench.scoring.folders import BoundedScore


def register(app: typer.Typer) -> None:
    """Add this module's command to the command line."""
    app.command("score")(score)


def score(
    real: Annotated[Path, typer.Option(help="Folder of real clips.")],
    generated: Annotated[Path, typer.Option(help="Folder of generated clips; equal file names make pairs.")],
    metrics: Annotated[str, typer.Option(help="Names from `metrics list`, with options: fid:stride=10,fvd,mcd.")] = (
        "fad-ge2e,mcd,stoi,fid,fvd,fvmd-lk"
    ),
    max_seconds: Annotated[float, typer.Option(min=0.1, help="Only the first seconds of a clip count.")] = 10.0,
    workers: Workers = 0,
    device: Device = "",
    cache: Annotated[Path | None, typer.Option(help="Keep per-clip statistics here, for the next time.")] = None,
    bounds: Annotated[bool, typer.Option(help="Ceiling and chance beside each score.")] = True,
    as_json: Json = False,
) -> None:
    """Numbers for two folders of clips, without a study file.

    Ceiling is what perfect clips would get: each real clip against itself or, for a distance between sets, one half of
    the real clips against the other; halves are smaller, which biases distances upward. Chance is each real clip
    against a wrong one.
    """
    from bench.scoring.folders import score_folders

    chosen = tuple(_metric(written) for written in metrics.split(",") if written.strip())
    decoding = Decoding(max_seconds=max_seconds)
    with shown_progress() as progress:
        pool = WorkerPool(workers or default_workers())
        scores = score_folders(real, generated, chosen, decoding, metrics_device(device), pool, cache, progress, bounds)
    if as_json:
        print(json.dumps({name: _score_record(found) for name, found in scores.items()}, indent=1))
        return
    print_rows([_score_row(name, found) for name, found in scores.items()], as_json=False)
    for remark, names in _remarks(scores).items():
        out.print(f"{', '.join(names)}: {remark}", markup=False, highlight=False)


def _remarks(scores: Mapping[str, BoundedScore]) -> dict[str, list[str]]:
    """What the table has no room for, with the metrics that it concerns."""
    remarks: dict[str, list[str]] = {}
    for name, found in scores.items():
        for remark in _remarks_on(found):
            remarks.setdefault(remark, []).append(name)
    return remarks


def _remarks_on(found: BoundedScore) -> Iterator[str]:
    score, bounds = found.score, found.bounds
    if score.missing is not None:
        yield f"missing: {score.missing}"
    yield from score.notes
    for reason, count in Counter(score.failed.values()).most_common():
        yield f"{count} not scored: {reason}"
    if bounds and score.value is not None:
        for name, bound in (("ceiling", bounds.ceiling), ("chance", bounds.chance)):
            if bound.missing is not None:
                yield f"no {name}: {bound.missing}"
        yield from (f"ceiling: {note}" for note in bounds.ceiling.notes[-1:] if note not in score.notes)


def _score_record(found: BoundedScore) -> dict[str, Any]:
    bounds = dataclasses.asdict(found.bounds) if found.bounds else {}
    return dataclasses.asdict(found.score) | bounds


def _metric(written: str) -> Choice:
    """A metric with its options as written on the command line: `fid:stride=10`."""
    name, *options = written.strip().split(":")
    pairs = [option.partition("=") for option in options]
    for key, equals, _ in pairs:
        if not equals:
            raise UserMistake(f"--metrics: {written.strip()!r} is not NAME:OPTION=VALUE, since {key!r} has no '='.")
    return Choice(name=name, plugin=name, options={key: yaml.safe_load(value) for key, _, value in pairs})


def _score_row(name: str, found: BoundedScore) -> dict[str, object]:
    score, bounds = found.score, found.bounds
    interval = None if score.low is None or score.high is None else f"{score.low:.4g} .. {score.high:.4g}"
    return {
        "metric": f"{name} {ARROWS[score.direction]}",
        "value": "missing" if score.value is None else f"{score.value:.4f} {score.unit}".rstrip(),
        "95 % interval": interval,
        **({"ceiling": bounds.ceiling.value, "chance": bounds.chance.value} if bounds else {}),
        "n": score.n,
        "failed": len(score.failed),
    }
