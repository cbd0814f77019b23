"""Replaying a study from the results that it once gave: the study itself, and what came out otherwise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.archiving.manifest import STUDY
from bench.archiving.reading import is_archive, open_archive, read_results, results_of
from bench.errors import UserMistake, shown
from bench.files import UnreadableFile, as_text, read_small
from bench.remote.address import Address
from bench.strict_yaml import MAX_BYTES
from bench.study import Study, parse_study
from reports.results import Cell, Results

RELATIVE, ABSOLUTE = 1e-6, 1e-12
"""How far a number that is computed again may be from the old one; the second for what is zero but for rounding."""


def study_to_replay(
    path: Path, roots: Mapping[str, Path | Address], programs: bool, out: Path
) -> tuple[Study, Results]:
    """The study of a run's folder, results file or archive, and the results that it gave.

    Relative paths of the study, which only options of generators still hold, start at the current folder: where the
    study's file lay is not recorded, and on another machine would be nowhere.

    Args:
        path: the run's folder, its results file or its archive.
        roots: where datasets lie on this machine, by label; others lie where the study says.
        programs: whether the programs that the study of an archive names may be started.
        out: the folder of the new run.

    Raises:
        UserMistake: no study lies beside the results, or not the one that gave them; it names programs.
        ResultsError: results that cannot be used.
    """
    study, results = _recorded(path)
    if (difference := belong_together(study, results)) is not None:
        raise UserMistake(f"The {STUDY} of {path} asks for other {difference} than its results have: run that study.")
    named = [str(choice.options.get("template")) for choice in study.generators if choice.plugin == "command"]
    if named and not programs and is_archive(path):
        told = "; ".join(shown(template, 200) for template in named)
        raise UserMistake(f"The study of {path} starts programs ({told}): if you trust them, add --run-programs.")
    if not is_archive(path) and out.resolve() == _folder(path).resolve():
        raise UserMistake(f"{out} is the run to be replayed: choose another folder with --out.")
    return _with_roots(study, roots), results


def _recorded(path: Path) -> tuple[Study, Results]:
    if is_archive(path):
        with open_archive(path) as folder:
            text = _text(folder / STUDY, f"{STUDY} in {path}")
            return parse_study(text, f"{STUDY} in {path}", Path.cwd()), read_results(folder, path)
    results = results_of(path)
    file = _folder(path) / STUDY
    return parse_study(_text(file, str(file)), str(file), Path.cwd()), results


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def belong_together(study: Study, results: Results) -> str | None:
    """In what a study and results differ that cannot be of one run; None if in nothing."""
    asked = results.study
    sides: dict[str, tuple[object, object]] = {
        "name": (study.name, asked.name),
        "seed": (study.seed, asked.seed),
        "protocol": (study.protocol.record(), results.protocol),
        "datasets": ([choice.name for choice in study.datasets], list(asked.datasets)),
        "generators": ([choice.name for choice in study.generators], list(asked.generators)),
        "metrics": ({choice.name for choice in study.metrics}, asked.metrics.keys()),
    }
    return next((what for what, (one, other) in sides.items() if one != other), None)


def _with_roots(study: Study, roots: Mapping[str, Path | Address]) -> Study:
    known = [dataset.name for dataset in study.datasets]
    if unknown := [name for name in roots if name not in known]:
        raise UserMistake(f"--root: the study has no dataset '{shown(unknown[0], 80)}', it has {', '.join(known)}.")
    moved = tuple(d.model_copy(update={"root": roots.get(d.name, d.root)}) for d in study.datasets)
    return study.model_copy(update={"datasets": moved})


@dataclass(frozen=True)
class Difference:
    """A cell that came out otherwise, what it was, what it is now and in what they differ."""

    dataset: str
    generator: str
    metric: str
    before: str
    now: str
    differs: str


def differences(before: Results, now: Results) -> list[Difference]:
    """The cells of a study that do not have their old number, or have it under another signature or protocol."""
    old, new = ({cell.place: cell for cell in results.cells} for results in (before, now))
    places = [*old, *(place for place in new if place not in old)]
    return [
        Difference(*place, _value(old.get(place)), _value(new.get(place)), "; ".join(told))
        for place in places
        if (told := list(_told(old.get(place), new.get(place))))
    ]


def other_clips(before: Results, now: Results) -> str | None:
    """A sentence on prompts and reference clips that are not those of the old results; None if all are."""
    old, new = (
        {(clip.dataset, clip.key): (clip.prompt, clip.reference_identity) for clip in results.clips}
        for results in (before, now)
    )
    changed = sum(old.get(place) != new.get(place) for place in old.keys() | new.keys())
    if not changed:
        return None
    return f"{changed} of {len(old.keys() | new.keys())} clips have another prompt or reference clip than then."


def _told(old: Cell | None, new: Cell | None) -> Iterator[str]:
    if old is None or new is None:
        yield "not there then" if old is None else "not there now"
        return
    if old.value is None or new.value is None:
        if (old.value is None) != (new.value is None):
            yield "missing then" if old.value is None else "missing now"
    elif not math.isclose(old.value, new.value, rel_tol=RELATIVE, abs_tol=ABSOLUTE):
        yield f"by {abs(new.value - old.value) / abs(old.value):.2g}" if old.value else f"by {new.value:.2g} from 0"
    if old.signature != new.signature:
        yield f"signature {old.signature} -> {new.signature}"
    if old.protocol != new.protocol:
        yield f"protocol {old.protocol} -> {new.protocol}"
    if old.n != new.n:
        yield f"clips {old.n} -> {new.n}"


def _value(cell: Cell | None) -> str:
    return "" if cell is None or cell.value is None else f"{cell.value:.9g}"


def _text(path: Path, called: str) -> str:
    try:
        return as_text(read_small(path, MAX_BYTES))
    except UnreadableFile as error:
        raise UserMistake(f"Cannot read {called} ({error}): name a run with its {STUDY}.") from error
