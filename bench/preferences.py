"""A file of people's preferences: which of two generators they took for the better one, or ratings."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path

from bench.errors import UserMistake, shown
from metrics.base.hints import nearest
from reports.agreement import Judgement
from reports.results import Results

PAIRS, RATINGS = ("better", "worse"), ("generator", "rating")
OPTIONAL = ("dataset", "rater", "key", "metric")
MAX_BYTES = 64 << 20


def read_preferences(path: Path, results: Results) -> list[Judgement]:
    """The judgements of a CSV file with a heading.

    Its columns are `better,worse`, two labels of generators, or `generator,rating`, a label and a number of which more
    is better; and, where they are there, `dataset` (empty: all), `rater` and `key`, of which nothing is made.

    Raises:
        UserMistake: the file cannot be used; the sentence names the line.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserMistake(f"{shown(path)} is larger than {MAX_BYTES >> 20} MiB, which no file of preferences is.")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserMistake(f"{shown(path)} is no text in UTF-8: save it as CSV.") from error
    except OSError as error:
        raise UserMistake(f"{shown(path)} cannot be read: {error.strerror}.") from error
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = tuple(rows.fieldnames or ())
        wanted = PAIRS if set(PAIRS) <= set(columns) else RATINGS
        unknown = [name for name in columns if name not in (*wanted, *OPTIONAL)]
        if unknown or not set(wanted) <= set(columns):
            told = shown(", ".join(columns), 200) or "none"
            raise UserMistake(f"{shown(path)} has the columns {told}; it needs better,worse or generator,rating.")
        made = list(_judgements(path, rows, wanted == PAIRS, results))
    except csv.Error as error:
        raise UserMistake(f"{shown(path)}, after line {rows.line_num}: {error}.") from error
    if not made:
        raise UserMistake(f"{shown(path)} holds no preferences below its heading.")
    return made


def _judgements(path: Path, rows: csv.DictReader[str], pairs: bool, results: Results) -> Iterator[Judgement]:
    for row in rows:
        where = f"{shown(path)}, line {rows.line_num}"
        if None in row or None in row.values():
            raise UserMistake(f"{where}: it has not as many values as the heading has columns.")
        dataset = row.get("dataset") or None
        if dataset is not None and dataset not in results.study.datasets:
            raise _unknown(where, "dataset", dataset, results.study.datasets)
        labels = [row[name] for name in (PAIRS if pairs else RATINGS[:1])]
        for label in labels:
            if label not in results.study.generators:
                raise _unknown(where, "generator", label, results.study.generators)
        if not pairs:
            yield Judgement({labels[0]: _rating(where, row["rating"])}, dataset)
        elif labels[0] == labels[1]:
            raise UserMistake(f"{where}: '{shown(labels[0])}' cannot be better than itself.")
        else:
            yield Judgement({labels[0]: 1.0, labels[1]: 0.0}, dataset)


def _rating(where: str, text: str) -> float:
    try:
        rating = float(text)
    except ValueError:
        rating = math.nan
    if not math.isfinite(rating):
        raise UserMistake(f"{where}: the rating '{shown(text)}' is no number.")
    return rating


def _unknown(where: str, what: str, name: str, known: tuple[str, ...]) -> UserMistake:
    return UserMistake(f"{where}: the run has no {what} '{shown(name)}'.{nearest(name, known)}")
