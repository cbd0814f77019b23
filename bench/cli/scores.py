"""`score`: two folders of clips, without a study."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from bench import protocols
from bench.cli.arguments import CacheToWrite, chosen_metrics, file_to_write, path_to_read
from bench.cli.printing import Json, out, print_rows
from bench.cli.runs import Device, Workers, incomplete, shown_progress
from bench.errors import UserMistake
from bench.run.selection import decoding_of
from bench.study import Protocol
from bench.workers.device import metrics_device
from bench.workers.pool import WorkerPool, default_workers
from reports.numbers import ARROWS
from reports.ranking import above

if TYPE_CHECKING:
    import pandas as pd

    from bench.scoring.folders import BoundedScore, FolderScores

PictureRate = Annotated[
    float | None,
    typer.Option("--fps", min=0.1, max=1000, help="Frames per second of clips that are folders of pictures."),
]
"""The option of commands that read clips from folders."""


AT_CHANCE = (
    "not above chance: the metric needs clips that are aligned in time with their references, which these are not, and "
    "says nothing of them"
)


def register(app: typer.Typer) -> None:
    """Add this module's command to the command line."""
    app.command("score")(score)


def score(
    real: Annotated[
        Path,
        typer.Option(
            parser=path_to_read("--real"),
            metavar="FOLDER",
            help="Folder of real clips, or a file of their statistics (`stats make`, or an .npz with mu and sigma).",
        ),
    ],
    generated: Annotated[
        Path,
        typer.Option(
            parser=path_to_read("--generated"),
            metavar="FOLDER",
            help="Folder of generated clips; equal file names make pairs.",
        ),
    ],
    metrics: Annotated[str, typer.Option(help="Names from `metrics list`, with options: fid:stride=10,fvd,mcd.")] = (
        "fad-ge2e,mcd,stoi,fid,fvd,fvmd-lk"
    ),
    protocol: Annotated[
        str, typer.Option("--protocol", help="A bundled protocol (paper, strict, smoke): how clips are read.")
    ] = "",
    max_seconds: Annotated[
        float | None, typer.Option(min=0.1, help="Score only the first seconds of each clip; 10 by default.")
    ] = None,
    workers: Workers = 0,
    device: Device = "",
    cache: CacheToWrite = None,
    bounds: Annotated[bool, typer.Option(help="Ceiling and chance beside each score.")] = True,
    unequal: Annotated[
        str | None, typer.Option(help="Pairs of unequal length: score (the default), skip, or fail.")
    ] = None,
    max_failed: Annotated[float, typer.Option(min=0, max=1, help="Share of the clips that may lack a score.")] = 0.1,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Real clips may lack a generated one.")
    ] = False,
    fps: PictureRate = None,
    pairs: Annotated[
        Path | None,
        typer.Option(
            "--pairs",
            parser=path_to_read("--pairs"),
            metavar="FILE",
            help="A CSV with the columns real and generated: which clips belong together.",
        ),
    ] = None,
    per_clip: Annotated[
        Path | None,
        typer.Option(
            "--per-clip",
            parser=file_to_write("--per-clip"),
            metavar="FILE",
            help="Write a CSV with each clip's score, or why it has none.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Numbers for two folders of clips, without a study file.

    Ceiling is what perfect clips would get: each real clip against itself or, for a distance between sets, real clips
    against other real clips at the score's size. Chance is each real clip against a wrong one. Exit code 1 where no
    metric has a value, or more clips than --max-failed lack a score.
    """
    from bench.scoring.folders import FolderRules, score_folders
    from bench.scoring.reference_file import read_reference_file
    from bench.scoring.reference_sets import score_against_file

    read_by = _protocol(protocol, max_seconds, unequal)
    rules = FolderRules(read_by.unequal, max_failed, allow_missing, bounds, fps, pairs)
    chosen = chosen_metrics(metrics)
    of_clips = real.is_dir() or not real.exists()
    if pairs is not None and not of_clips:
        raise UserMistake("--pairs goes with a folder of real clips; a file of statistics holds no clip to pair with.")
    with shown_progress() as progress:
        pool = WorkerPool(workers or default_workers())
        how = (chosen, decoding_of(read_by), metrics_device(device), pool, cache, progress, rules)
        if of_clips:
            found = score_folders(real, generated, *how)
        else:
            found = score_against_file(read_reference_file(real), generated, *how)
    if per_clip is not None:
        from reports.rendering import csv  # waits for pandas
        from reports.writing import write

        write(per_clip, csv(_clip_frame(found)))
    if as_json:
        print(json.dumps({name: _score_record(each, read_by) for name, each in found.scores.items()}, indent=1))
    else:
        print_rows([_score_row(name, each) for name, each in found.scores.items()], as_json=False)
        for line in _lines_below(found, read_by):
            out.print(line, markup=False, highlight=False)
    if problem := _problem(found, max_failed):
        incomplete(problem)


def _clip_frame(found: FolderScores) -> pd.DataFrame:
    """A row for each metric and clip: its score, or the reason why it has none."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for name, each in found.scores.items():
        score = each.score
        for key in sorted({*score.by_clip, *score.failed}):
            told = {"metric": name, "clip": key, "score": score.by_clip.get(key), "unit": score.unit}
            rows.append({**told, "direction": score.direction, "reason": score.failed.get(key, "")})
        if not (score.by_clip or score.failed):
            why = score.missing or "too few clips, or sets that are not made of pairs: no clip has a score of its own"
            rows.append({"metric": name, "clip": "", "score": None, "unit": score.unit, "direction": score.direction,
                         "reason": why})  # fmt: skip
    return pd.DataFrame(rows, columns=["metric", "clip", "score", "unit", "direction", "reason"])


def _protocol(name: str, max_seconds: float | None, unequal: str | None) -> Protocol:
    try:
        told = {"max_seconds": max_seconds, "unequal": unequal}
        fields = protocols.fields_of(name) if name else {}
        return Protocol.model_validate(fields | {field: value for field, value in told.items() if value is not None})
    except UserMistake as mistake:
        raise UserMistake(f"--protocol: {mistake}") from mistake
    except ValidationError as error:
        problem = error.errors()[0]
        option = str(problem["loc"][0]).replace("_", "-")
        raise UserMistake(f"--{option} {problem['input']!r}: {problem['msg']}.") from error


_NOT_OURS = {"codec", "crf", "min_seconds", "transcripts", "text", "voice", "image"}
"""Fields of the protocol that whoever made the clips had in hand."""


def _shown_protocol(protocol: Protocol) -> dict[str, Any]:
    """The name, the hash, and what holds for clips that others made."""
    fields = {name: value for name, value in protocol.record().items() if name not in _NOT_OURS}
    return {"hash": protocol.hash, **fields}


def _lines_below(found: FolderScores, protocol: Protocol) -> Iterator[str]:
    """What the table has no room for, with the metrics that it concerns, and how clips were prepared."""
    told = ", ".join(f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
                     for name, value in _shown_protocol(protocol).items())  # fmt: skip
    yield f"Protocol: {told}."
    if found.matched:
        yield f"Names: {found.matched}."
    remarks: dict[str, list[str]] = {}
    for name, each in found.scores.items():
        for remark in _remarks_on(each):
            remarks.setdefault(remark, []).append(name)
    yield from (f"{', '.join(names)}: {remark}" for remark, names in remarks.items())
    for reason, count in Counter(found.passed_over.values()).most_common():
        first = next(file for file, found_reason in found.passed_over.items() if found_reason == reason)
        yield f"{count} passed over: {reason} (such as {first})"
    if found.damaged:
        yield f"{found.damaged} statistics files in the cache were damaged and measured again."


def _problem(found: FolderScores, max_failed: float) -> str | None:
    """Why the command ends with exit code 1; None if it ends well."""
    if all(each.score.value is None for each in found.scores.values()):
        return "Nothing could be scored: see the reasons above."
    beyond = [name for name, each in found.scores.items() if "failed_left_out" in each.score.details
              and each.score.value is None]  # fmt: skip
    return f"More clips than --max-failed {max_failed:g} allows lack a score: {', '.join(beyond)}." if beyond else None


def _remarks_on(found: BoundedScore) -> Iterator[str]:
    score, bounds = found.score, found.bounds
    if score.missing is not None:
        yield f"missing: {score.missing}"
    yield from score.notes
    if score.value is not None:
        for reason in dict.fromkeys(score.failed.values()):
            keys = sorted(key for key, told in score.failed.items() if told == reason)
            more = ", ..." if len(keys) > 3 else ""
            yield f"{len(keys)} not scored: {reason} ({', '.join(keys[:3])}{more})"
    if bounds and score.value is not None:
        for name, bound in (("ceiling", bounds.ceiling), ("chance", bounds.chance)):
            if bound.missing is not None:
                yield f"no {name}: {bound.missing}"
        if found.aligned and not above(score, bounds.chance):
            yield AT_CHANCE
        yield from (f"ceiling: {note}" for note in bounds.ceiling.notes[-1:] if note not in score.notes)


def _score_record(found: BoundedScore, protocol: Protocol) -> dict[str, Any]:
    bounds = dataclasses.asdict(found.bounds) if found.bounds else {}
    return dataclasses.asdict(found.score) | {"protocol": _shown_protocol(protocol)} | bounds


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
