"""The log of a stage: a CSV of mean losses, and its plot."""

from __future__ import annotations

import csv
import os
from collections.abc import KeysView, Mapping
from pathlib import Path

_NOTHING: Mapping[str, float] = {}
_FIXED = ("step", "learning_rate", "seconds")


class TrainingLog:
    """Rows of mean losses since the row before.

    Args:
        path: the CSV; rows beyond `done` steps, which a killed run left, are dropped.
        done: steps that the run continues from.
    """

    def __init__(self, path: Path, done: int) -> None:
        self._path = path
        self._sums: dict[str, float] = {}
        self._count = 0
        self._rows = [row for row in _read(path) if int(row["step"]) <= done]
        self._rewrite()

    def count(self, losses: dict[str, float]) -> None:
        """Take the losses of one step into the next row."""
        self._count += 1
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value

    def write(self, step: int, rate: float, seconds: float, more: Mapping[str, float] = _NOTHING) -> dict[str, float]:
        """Write a row, with `more` beside the mean losses, and start the next; all values of the row."""
        means = {name: value / self._count for name, value in self._sums.items()} | dict(more)
        row = {"step": str(step), "learning_rate": f"{rate:.6g}", "seconds": f"{seconds:.3f}"}
        row |= {name: f"{value:.6g}" for name, value in means.items()}
        new_columns = not row.keys() <= self._columns()
        self._rows.append(row)
        if new_columns:
            self._rewrite()
        else:
            with self._path.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, list(self._columns()), restval="").writerow(row)
        self._sums, self._count = {}, 0
        return means

    def plot(self, title: str) -> None:
        """Draw every loss against the step into `loss.png` beside the CSV."""
        if not self._rows:
            return
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8, 4.5), layout="constrained")
        axes = figure.subplots()
        steps = [int(row["step"]) for row in self._rows]
        for name in (name for name in self._columns() if name not in _FIXED):
            # A loss need not be there at every step.
            drawn = [(step, float(row[name])) for step, row in zip(steps, self._rows, strict=True) if row.get(name)]
            axes.plot(*zip(*drawn, strict=True), label=name)
        axes.set(title=title, xlabel="step", ylabel="loss")
        axes.set_yscale("symlog", linthresh=1e-3)
        axes.legend()
        figure.savefig(self._path.with_name("loss.png"), dpi=100)

    def _columns(self) -> KeysView[str]:
        """Every name that a row has, in the order of their first appearance."""
        return dict.fromkeys(name for row in self._rows for name in row).keys()

    def _rewrite(self) -> None:
        partial = self._path.with_name(f".{self._path.name}.partial")
        with partial.open("w", newline="", encoding="utf-8") as file:
            if self._rows:
                writer = csv.DictWriter(file, list(self._columns()), restval="")
                writer.writeheader()
                writer.writerows(self._rows)
        os.replace(partial, self._path)


def _read(path: Path) -> list[dict[str, str]]:
    """Whole rows of a log; a kill may have cut the last one short."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if None not in row.values() and None not in row]
    return [row for row in rows if row["step"].isdecimal()]
