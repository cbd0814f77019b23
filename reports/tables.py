"""Tables of scores and of costs, in a form that every renderer understands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.footnotes import Footnotes, counted_reasons, same
from reports.numbers import fixed, heading, interval
from reports.ranking import UNTRAINED, Mark, comparable, marks, unranked
from reports.results import Cell, Profile, Results

if TYPE_CHECKING:
    import pandas as pd

GATHERED = "Notes that differ only in their numbers are one; each value's own notes are in the CSV and JSON files."
NOT_COMPARABLE = "Signatures differ between the generators, so that no value is marked: see the signatures."


@dataclass(frozen=True)
class Entry:
    """One cell of a table: what is read first, what stands beside it in small print, footnote numbers, a mark."""

    text: str
    small: str = ""
    footnotes: tuple[int, ...] = ()
    mark: Mark | None = None


@dataclass(frozen=True)
class Row:
    """A row: its labels, its entries, and whether it bounds the others without competing."""

    labels: tuple[str, ...]
    entries: tuple[Entry, ...]
    bound: bool = False


@dataclass(frozen=True)
class Table:
    """A table with all that has to be read with it.

    Attributes:
        title, labels, headings: over the table, over the labels' columns, over the entries' columns; a footnote to a
            heading goes for the whole column.
        groups: blocks of rows that belong together (a dataset each).
        footnotes: texts; footnote number 1 is the first.
        caption: what the numbers rest on, below the title: sample counts and protocol.
        remarks: paragraphs below: what the marks mean, notes.
        signatures: how each column was made.
        words: how many of the last columns hold words, which begin at the left, and no numbers.
    """

    title: str
    labels: tuple[str, ...]
    headings: tuple[Entry, ...]
    groups: tuple[tuple[Row, ...], ...]
    footnotes: tuple[str, ...] = ()
    caption: str = ""
    remarks: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    words: int = 0

    @property
    def numbers(self) -> int:
        """How many columns hold numbers."""
        return len(self.headings) - self.words


def score_table(results: Results) -> Table:
    """Datasets x generators down, metrics across: the form of the paper's Table 2; bounds last in each dataset."""
    study, bounds = results.study, results.study.bounds
    by_place = {(cell.dataset, cell.generator, cell.metric): cell for cell in results.cells}
    ordered = sorted(study.generators, key=lambda name: name in bounds)
    footnotes = Footnotes()
    common = {metric: _common_notes(results, metric) for metric in study.metrics}
    headings = _headings(results, common, footnotes)
    count = _count(results.cells)
    groups = []
    for dataset in study.datasets:
        entries: dict[str, list[Entry]] = {name: [] for name in ordered}
        for metric in study.metrics:
            placed = {name: by_place.get((dataset, name, metric)) for name in ordered}
            rivals = [cell for name, cell in placed.items() if cell and name not in bounds]
            without = unranked(results, dataset, metric)
            marked = marks(rivals, without)
            for name in ordered:
                beside = [] if name in bounds else rivals
                why = without.get(name, "") if len(rivals) > 1 else ""
                told = common[metric] | {same(UNTRAINED)}  # of a whole row; the notes say it
                entry = _entry(placed[name], marked.get(name), beside, why, told, footnotes, counted=count is None)
                entries[name].append(entry)
        groups.append(tuple(Row((dataset, name), tuple(entries[name]), name in bounds) for name in ordered))
    return Table(
        title=f"Scores of {study.name}",
        labels=("dataset", "generator"),
        headings=headings,
        groups=tuple(groups),
        footnotes=tuple(footnotes.texts),
        caption=f"{_counts(results.cells)} {_protocol(results)}".strip(),
        remarks=(_legend(results), *([GATHERED] if footnotes.gathered else []), *results.notes),
        signatures=_signatures(results),
    )


def cost_table(results: Results) -> Table | None:
    """What each generator cost on each dataset; None if nothing was timed."""
    timed = _timed(results)
    places = tuple(dict.fromkeys(place for profile in timed for place in profile.peak_memory_mib))
    headings = ["clips", "failed", "real-time factor", "frames/s", "s per clip"]
    headings += [f"{place} peak (MiB)" for place in places]
    groups = [
        tuple(Row((p.dataset, p.generator), _costs(p, places)) for p in timed if p.dataset == dataset)
        for dataset in results.study.datasets
    ]
    return (
        Table(
            title=f"Cost of {results.study.name}",
            labels=("dataset", "generator"),
            headings=tuple(map(Entry, headings)),
            groups=tuple(group for group in groups if group),
            remarks=(
                "Real-time factor: seconds of computing for one second of video; below 1 is faster than real time.",
                *results.notes,
            ),
            caption=_protocol(results),
        )
        if timed
        else None
    )


def stage_table(results: Results) -> Table | None:
    """Where the seconds of each generator went, the longest stage first; None if no stage was timed."""
    groups = []
    for dataset in results.study.datasets:
        rows = [row for profile in _timed(results) if profile.dataset == dataset for row in _stages(profile)]
        if rows:
            groups.append(tuple(rows))
    return (
        Table(
            title=f"Stages of {results.study.name}",
            labels=("dataset", "generator", "stage"),
            headings=(Entry("s per clip"), Entry("share")),
            groups=tuple(groups),
            caption=_protocol(results),
            remarks=(
                "Share: of all seconds that were timed in stages; writing the files, which the harness does, counts.",
            ),
        )
        if groups
        else None
    )


def score_frame(results: Results) -> pd.DataFrame:
    """Every cell, one row each, with all its fields but the scores by clip, which `clip_scores.json` holds."""
    import pandas as pd

    rows = [
        cell.model_dump(exclude={"failed", "notes", "details", "by_clip"})
        | {"failed": len(cell.failed), "failures": failures(cell), "notes": "; ".join(cell.notes)}
        | {"details": "; ".join(f"{name}={value!r}" for name, value in cell.details.items())}
        for cell in results.cells
    ]
    columns = [*(name for name in Cell.model_fields if name not in ("failed", "by_clip")), "failed", "failures"]
    return pd.DataFrame(rows, columns=columns)


def cost_frame(results: Results) -> pd.DataFrame:
    """Every profile, one row each; stages and memory in columns of their own."""
    import pandas as pd

    rows = [
        profile.model_dump(exclude={"stages", "peak_memory_mib"})
        | {f"seconds_{stage}": seconds for stage, seconds in profile.stages.items()}
        | {f"peak_memory_mib_{place}": peak for place, peak in profile.peak_memory_mib.items()}
        for profile in results.profiles
    ]
    return pd.DataFrame(rows)


def failures(cell: Cell) -> str:
    """What kept clips from being measured: each reason with its count and some clips, the most frequent first."""
    return counted_reasons(cell.failed)


def _common_notes(results: Results, metric: str) -> frozenset[str]:
    """What the notes say that every value of a column carries, see `same`; they stand at its heading."""
    notes = [
        frozenset(map(same, cell.notes)) for cell in results.cells if cell.metric == metric and cell.value is not None
    ]
    return frozenset.intersection(*notes) if notes else frozenset()


def _headings(results: Results, common: Mapping[str, frozenset[str]], footnotes: Footnotes) -> tuple[Entry, ...]:
    texts: dict[str, list[str]] = {name: [] for name in results.study.metrics}
    for cell in results.cells:
        if cell.value is not None and cell.metric in texts:
            texts[cell.metric] += [text for text in cell.notes if same(text) in common[cell.metric]]
    titles = Counter(metric.title for metric in results.study.metrics.values())
    return tuple(
        Entry(
            heading(metric, name, alone=titles[metric.title] == 1),
            footnotes=tuple(dict.fromkeys(footnotes.number(text) for text in sorted(texts[name]))),
        )
        for name, metric in results.study.metrics.items()
    )


def _entry(
    cell: Cell | None,
    mark: Mark | None,
    rivals: Sequence[Cell],
    why: str,
    told: frozenset[str],
    footnotes: Footnotes,
    counted: bool,
) -> Entry:
    """One cell beside those that it competes with; `why` it has no rank, `told` elsewhere already.

    `counted` says that the number of clips belongs to the entry, since it is not that of the whole table.
    """
    if cell is None:
        return Entry("—", footnotes=(footnotes.number("Not part of this run."),))
    if cell.value is None:
        return Entry("—", footnotes=(footnotes.number(f"Missing: {cell.missing}"),))
    numbers = [footnotes.number(text) for text in (*cell.notes, why) if text and same(text) not in told]
    if cell.failed:
        numbers.append(footnotes.failures(cell.failed))
    if not comparable(rivals):
        numbers.append(footnotes.number(NOT_COMPARABLE))
    small = f"{interval(cell)} ({cell.n})" if counted else interval(cell)
    return Entry(fixed(cell.value), small.strip(), tuple(dict.fromkeys(numbers)), mark)


def _count(cells: Iterable[Cell]) -> int | None:
    """The number of clips that every value rests on; None where it differs."""
    counts = {cell.n for cell in cells if cell.value is not None}
    return next(iter(counts)) if len(counts) == 1 else None


def _counts(cells: Sequence[Cell]) -> str:
    counts = {cell.n for cell in cells if cell.value is not None}
    if len(counts) > 1:
        return f"n = {min(counts)} to {max(counts)} clips per value, in brackets."
    return f"n = {min(counts)} clips per value." if counts else ""


def _timed(results: Results) -> list[Profile]:
    return [profile for profile in results.profiles if profile.seconds is not None]


def _costs(profile: Profile, places: Sequence[str]) -> tuple[Entry, ...]:
    per_clip = profile.seconds / profile.clips if profile.seconds is not None and profile.clips else None
    texts = [str(profile.clips), str(profile.failed)]
    texts += map(fixed, (profile.real_time_factor, profile.frames_per_second, per_clip))
    texts += [fixed(profile.peak_memory_mib.get(place), 0) for place in places]
    return tuple(Entry(text) for text in texts)


def _stages(profile: Profile) -> list[Row]:
    total = sum(profile.stages.values())
    if not (profile.clips and total > 0):
        return []
    return [
        Row(
            (profile.dataset, profile.generator, stage),
            (Entry(fixed(seconds / profile.clips)), Entry(f"{100 * seconds / total:.0f} %")),
        )
        for stage, seconds in sorted(profile.stages.items(), key=lambda item: (-item[1], item[0]))
    ]


def _legend(results: Results) -> str:
    text = (
        "Each value with its 95 % interval. Best and second best are marked only where the 95 % interval of the "
        "difference from every generator ranked below, paired by clip, leaves out zero."
    )
    if results.study.untrained:
        text += f" Untrained, and so never marked: {', '.join(results.study.untrained)}."
    if results.study.bounds:
        text += " Ceiling (the reference itself) and chance (a wrong reference) bound the others."
    return text


def _protocol(results: Results) -> str:
    parts = [f"{name} {value}" for name, value in results.protocol.items() if value is not None]
    hashes = ", ".join(dict.fromkeys(cell.protocol for cell in results.cells if cell.protocol))
    name = f"Protocol {hashes}" if hashes else "Protocol"
    return f"{name}: {'; '.join(filter(None, (', '.join(parts), f'seed {results.study.seed}')))}."


def _signatures(results: Results) -> tuple[str, ...]:
    """Each signature with the hash of the protocol that its clips were prepared by."""
    found = dict.fromkeys((cell.signature, cell.protocol) for cell in results.cells if cell.signature)
    return tuple(f"{signature} protocol:{protocol}" if protocol else signature for signature, protocol in found)
