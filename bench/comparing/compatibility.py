"""What two sides have in common, and why they may not be compared where that is not everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.comparing.sides import Side
from bench.errors import UserMistake, shown
from reports.results import Cell, Clip

NAMED = 3
"""Clips that a sentence names."""


@dataclass(frozen=True)
class Common:
    """What both sides have, made in one way from one set of prompts.

    Attributes:
        cells: the two cells of each dataset and metric.
        clips: the two clips of each dataset and key.
        left_out: in sentences, what is not among them.
    """

    cells: dict[tuple[str, str], tuple[Cell, Cell]]
    clips: dict[str, dict[str, tuple[Clip, Clip]]]
    left_out: tuple[str, ...]


def in_common(first: Side, second: Side, partly: bool = False) -> Common:
    """The cells and clips of two sides that can be compared.

    Args:
        partly: whether they may be a part of what there is; another protocol is never bridged.

    Raises:
        UserMistake: the sides differ in their protocol, in anything else without `partly`, or have nothing in common.
    """
    if protocols := _protocol_differences(first, second):
        raise UserMistake(f"{_refusal(first, second, protocols)}: run one of them again under the other's protocol.")
    left_out: list[str] = []
    datasets = _shared("dataset", first, second, lambda side: side.results.study.datasets, left_out)
    metrics = _shared("metric", first, second, lambda side: tuple(side.results.study.metrics), left_out)
    cells = {
        (dataset, metric): pair
        for dataset in datasets
        for metric in metrics
        if (pair := _cells(first, second, dataset, metric, left_out)) is not None
    }
    clips = {dataset: _clips(first, second, dataset, left_out) for dataset in datasets}
    cells = {place: pair for place, pair in cells.items() if clips[place[0]]}
    left_out = list(dict.fromkeys(left_out))
    if left_out and not partly:
        seeds = [side.results.study.seed for side in (first, second)]
        because = [f"study.seed: {seeds[0]} against {seeds[1]}"] if seeds[0] != seeds[1] else []
        raise UserMistake(
            f"{_refusal(first, second, [*because, *left_out])}: run one of them again as the other was, or let "
            "--common compare what both have."
        )
    if not cells:
        raise UserMistake(f"{_refusal(first, second, left_out)}: nothing is left that both have.")
    return Common(cells, clips, tuple(left_out))


def _refusal(first: Side, second: Side, differences: Sequence[str]) -> str:
    named = "; ".join(differences[:8]) + (f"; and {len(differences) - 8} more" if len(differences) > 8 else "")
    return f"{shown(second.name, 80)} cannot be compared with {shown(first.name, 80)}, {shown(named, 2000)}"


def _protocol_differences(first: Side, second: Side) -> list[str]:
    """Fields of the protocol that differ."""
    one, other = first.results.protocol, second.results.protocol
    fields = dict.fromkeys([*one, *other])
    return [
        f"protocol.{shown(name, 40)}: {shown(one.get(name, 'none'), 60)} against {shown(other.get(name, 'none'), 60)}"
        for name in fields
        if one.get(name) != other.get(name)
    ]


def _shared(
    what: str, first: Side, second: Side, of: Callable[[Side], Sequence[str]], left_out: list[str]
) -> list[str]:
    for one, other in ((first, second), (second, first)):
        if alone := [name for name in of(one) if name not in of(other)]:
            left_out.append(f"{what} only in {shown(one.name, 80)}: {shown(', '.join(alone))}")
    return [name for name in of(first) if name in of(second)]


def _cells(first: Side, second: Side, dataset: str, metric: str, left_out: list[str]) -> tuple[Cell, Cell] | None:
    """The two cells, unless both have values that were made in different ways."""
    pair = _cell(first, dataset, metric), _cell(second, dataset, metric)
    if any(cell.value is None for cell in pair):
        return pair
    signatures, protocols = ([getattr(cell, name) for cell in pair] for name in ("signature", "protocol"))
    if signatures[0] != signatures[1]:
        left_out.append(f"signature of {shown(metric, 80)}: {_parts(*signatures)}")
        return None
    if protocols[0] != protocols[1]:
        told = " against ".join(shown(protocol or "none", 40) for protocol in protocols)
        left_out.append(f"hash of the protocol of {shown(metric, 80)}: {told}")
        return None
    return pair


def _cell(side: Side, dataset: str, metric: str) -> Cell:
    """The cell of a side; one that says that it is missing where the run has none."""
    for cell in side.results.cells:
        if cell.place == (dataset, side.generator, metric):
            _check(side, cell)
            return cell
    described = side.results.study.metrics[metric]
    return Cell(
        dataset=dataset, generator=side.generator, metric=metric, value=None, missing="not part of the run", n=0,
        direction=described.direction, unit=described.unit, signature="",
    )  # fmt: skip


def _check(side: Side, cell: Cell) -> None:
    """Refuse a cell whose numbers by clip are not those of its clips."""
    if not cell.by_clip:
        return
    known = {clip.key for clip in side.results.clips if (clip.dataset, clip.generator) == cell.place[:2]}
    strangers = cell.by_clip.keys() - known
    problem = f"has {len(cell.by_clip)} numbers of {cell.n} clips" if len(cell.by_clip) != cell.n else None
    problem = f"has a number of {min(strangers)}, which is no clip of it" if strangers else problem
    if problem is not None:
        place = f"{cell.metric} on {cell.dataset}"
        raise UserMistake(
            f"The results of {shown(side.folder)} contradict themselves, {shown(f'{place} {problem}', 200)}: they were "
            "edited; run it again."
        )


def _parts(first: str, second: str) -> str:
    """The fields of two signatures that differ."""
    one, other = (signature.split("|") for signature in (first, second))
    alone = [part for part in one if part not in other], [part for part in other if part not in one]
    return " against ".join(shown(" ".join(parts) or "nothing", 120) for parts in alone)


def _clips(first: Side, second: Side, dataset: str, left_out: list[str]) -> dict[str, tuple[Clip, Clip]]:
    """The clips of equal key, prompt and reference."""
    one, other = (
        {c.key: c for c in side.results.clips if (c.dataset, c.generator) == (dataset, side.generator)}
        for side in (first, second)
    )
    both = {key: (one[key], other[key]) for key in sorted(one.keys() & other.keys())}
    reasons = {
        f"only in {shown(first.name, 80)}": sorted(one.keys() - other.keys()),
        f"only in {shown(second.name, 80)}": sorted(other.keys() - one.keys()),
        "with other prompts": list(_different(both, lambda clip: clip.prompt)),
        "with other reference clips": list(_different(both, lambda clip: clip.reference_identity)),
    }
    total = len(one.keys() | other.keys())
    for reason, keys in reasons.items():
        if keys:
            more = ", ..." if len(keys) > NAMED else ""
            named = ", ".join(shown(key, 60) for key in keys[:NAMED])
            left_out.append(f"{len(keys)} of {total} clips of {shown(dataset, 80)} {reason} ({named}{more})")
    wrong = {key for keys in reasons.values() for key in keys}
    return {key: pair for key, pair in both.items() if key not in wrong}


def _different(both: dict[str, tuple[Clip, Clip]], of: Callable[[Clip], str]) -> Iterator[str]:
    """Keys of clips that differ in this hash, or lack it so that nobody can tell."""
    return (key for key, (one, other) in both.items() if of(one) != of(other) or not of(one))
