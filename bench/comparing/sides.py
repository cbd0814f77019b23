"""Which generators of which runs are compared with which."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.archiving.reading import is_archive, results_of
from bench.errors import UserMistake, shown
from metrics.base.hints import nearest
from reports.results import Results


@dataclass(frozen=True)
class Side:
    """One generator of one run.

    Attributes:
        name: what sentences and tables call it.
        folder: the run's folder, as it was written.
        results: of the run.
        generator: its label in the run's study.
    """

    name: str
    folder: Path
    results: Results
    generator: str


@dataclass(frozen=True)
class _Run:
    name: str
    folder: Path
    results: Results

    @property
    def generators(self) -> list[str]:
        """Those that can be compared: no bounds."""
        return [label for label in self.results.study.generators if label not in self.results.study.bounds]


def chosen_sides(runs: Sequence[Path], generators: Sequence[str] = ()) -> list[tuple[Side, Side]]:
    """Pairs of sides, the baseline first.

    Within one run `generators` names them, the baseline first. Of several runs the first is the baseline; `generators`
    names one for each run, or one for all. Without it the only generator of each run is taken, or else each label that
    the baseline and the other run share.

    Args:
        runs: folders of runs, their results files, or archives of them.

    Raises:
        UserMistake: a run without results, an unknown generator or a bound, or nothing to compare.
        ResultsError: results that cannot be used.
    """
    read = [_read(path, name) for path, name in zip(runs, _names(runs), strict=True)]
    if len(read) == 1:
        return _within(read[0], generators)
    if generators:
        if len(generators) not in (1, len(read)):
            raise UserMistake(
                f"--generators names {len(generators)} generators for {len(read)} runs: name one for each run, or one."
            )
        labels = [_known(run, label) for run, label in zip(read, itertools.cycle(generators), strict=False)]
        pairs = [((read[0], labels[0]), (run, label)) for run, label in zip(read[1:], labels[1:], strict=True)]
    elif all(len(run.generators) == 1 for run in read):
        pairs = [((read[0], read[0].generators[0]), (run, run.generators[0])) for run in read[1:]]
    else:
        pairs = [pair for run in read[1:] for pair in _shared(read[0], run)]
    plain = len({label for pair in pairs for _, label in pair}) == 1
    sides = [(_side(*first, plain), _side(*second, plain)) for first, second in pairs]
    for first, second in sides:
        if (first.folder.resolve(), first.generator) == (second.folder.resolve(), second.generator):
            raise UserMistake(f"{shown(second.folder)} would be compared with itself: name another run or generator.")
    return sides


def named_results(runs: Sequence[Path]) -> list[tuple[str, Results]]:
    """The results of runs, by the names of their folders, or by their paths where those are not told apart by them.

    Args:
        runs: folders of runs, their results files, or archives of them.

    Raises:
        UserMistake: a run without results.
        ResultsError: results that cannot be used.
    """
    read = [_read(path, name) for path, name in zip(runs, _names(runs), strict=True)]
    return [(run.name, run.results) for run in read]


def _within(run: _Run, generators: Sequence[str]) -> list[tuple[Side, Side]]:
    if len(generators) < 2:
        known = ", ".join(shown(label, 80) for label in run.generators) or "none"
        raise UserMistake(
            "compare needs two runs, or one run and --generators FIRST,SECOND, the baseline first; "
            f"{shown(run.folder)} has the generators {known}."
        )
    if len(set(generators)) < len(generators):
        raise UserMistake("--generators names a generator twice: it would be compared with itself.")
    first, *others = (Side(label, run.folder, run.results, _known(run, label)) for label in generators)
    return [(first, other) for other in others]


def _shared(baseline: _Run, run: _Run) -> Iterator[tuple[tuple[_Run, str], tuple[_Run, str]]]:
    shared = [label for label in baseline.generators if label in run.generators]
    if not shared:
        told = " and ".join(f"{shown(r.folder)} has {', '.join(r.generators) or 'none'}" for r in (baseline, run))
        raise UserMistake(f"No generator has the same name in both runs, {shown(told)}: name them with --generators.")
    return (((baseline, label), (run, label)) for label in shared)


def _side(run: _Run, label: str, plain: bool) -> Side:
    return Side(run.name if plain else f"{run.name}/{label}", run.folder, run.results, label)


def _known(run: _Run, label: str) -> str:
    if label in run.results.study.bounds:
        raise UserMistake(f"'{shown(label, 80)}' is a bound of {shown(run.folder)}, and bounds are not compared.")
    if label not in run.generators:
        hint = nearest(label, run.generators)
        raise UserMistake(f"{shown(run.folder)} has no generator '{shown(label, 80)}'.{shown(hint)}")
    return label


def _names(runs: Sequence[Path]) -> list[str]:
    """The folders' own names, or their paths where those are not told apart by them."""
    folders = [_folder(path) for path in runs]
    names = [folder.resolve().name or str(folder) for folder in folders]
    return names if len(set(names)) == len(names) else [str(folder) for folder in folders]


def _folder(path: Path) -> Path:
    return path.parent if path.is_file() and not is_archive(path) else path


def read_results(path: Path) -> Results:
    """The results of a run's folder, its results file, or an archive of it.

    Raises:
        UserMistake: there are none.
        ResultsError: they cannot be used.
    """
    file = path if path.is_file() else path / "results.json"
    if not file.exists():
        raise UserMistake(
            f"{shown(path)} holds no results.json: name the folder that --out of `narrator-bench run` named."
        )
    return results_of(file)


def _read(path: Path, name: str) -> _Run:
    results = read_results(path)
    return _Run(name, _folder(path), _without_videos(results) if is_archive(path) else results)


def _without_videos(results: Results) -> Results:
    """No page can play what lies in an archive."""
    clips = tuple(clip.model_copy(update={"file": None, "reference": None}) for clip in results.clips)
    return results.model_copy(update={"clips": clips})
