"""What the cells of a stress study say: how far each damage moved each metric, on the same clips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.stress.catalogue import DAMAGES
from bench.sweep import GeneratorChoice
from metrics.base.comparison import Difference, paired_difference
from reports.results import Cell, Change, StressPoint

Sizes = Mapping[str, tuple[tuple[int, int], tuple[int, int]]]
"""By clip key, width and height of the driving image and of the output."""


def points(generators: Iterable[GeneratorChoice]) -> dict[str, StressPoint]:
    """Which damaged prompts each variant was given, by its label, for the results file."""
    found = {}
    for choice in generators:
        if choice.stress is not None:
            damage, strength = DAMAGES[choice.stress.damage], choice.stress.strength
            found[choice.name] = StressPoint(
                family=choice.stress.family,
                damage=damage.name,
                part=damage.part,
                scale=damage.scale,
                unit={"pct": "%"}.get(damage.unit, damage.unit),
                strength=strength,
            )
    return found


def changes(stress: Mapping[str, StressPoint], cells: Iterable[Cell]) -> list[Change]:
    """For each cell of a variant that has numbers by clip: how far it lies above that of the prompts as they are.

    Only clips that have a number in both count, so that refused prompts do not make the rest look better or worse.
    """
    by_place = {cell.place: cell for cell in cells}
    found = []
    for (dataset, generator, metric), cell in by_place.items():
        clean = by_place.get((dataset, stress[generator].family, metric)) if generator in stress else None
        if clean is not None and (difference := shift(clean.by_clip, cell.by_clip)) is not None:
            found.append(
                Change(
                    dataset=dataset,
                    generator=generator,
                    metric=metric,
                    difference=difference.mean,
                    low=difference.low,
                    high=difference.high,
                    p_value=difference.p_value,
                    n=difference.n,
                )
            )
    return found


def shift(first: Mapping[str, float], second: Mapping[str, float]) -> Difference | None:
    """The second less the first, over the clips of both; None where they share none."""
    keys = sorted(first.keys() & second.keys())
    if not keys:
        return None
    return paired_difference(np.array([first[key] for key in keys]), np.array([second[key] for key in keys]))


@dataclass(frozen=True)
class Evidence:
    """What is known of one generator on one dataset.

    Attributes:
        dataset, family: where.
        variants: its variants by label.
        columns: label of the study's metric by the plug-in that computes it.
        cells: all of the run, by place.
        ceiling: label of the generator that returns the reference clips; "" if the study has none.
        sizes: of driving images and outputs, of the prompts as they are.
    """

    dataset: str
    family: str
    variants: Mapping[str, StressPoint]
    columns: Mapping[str, str]
    cells: Mapping[tuple[str, str, str], Cell]
    ceiling: str
    sizes: Sizes

    def cell(self, generator: str, metric: str) -> Cell | None:
        """The cell of one of the generators by a metric's plug-in; None if the study does not measure that."""
        return self.cells.get((self.dataset, generator, self.columns.get(metric, "")))

    def severest(self, damage: str) -> tuple[str, str] | None:
        """The label of the variant with this damage at its worst, and a remark; None if there is none.

        The worst that was narrated, where any was: of a refused prompt nothing can be measured. The remark names the
        strengths beyond it.
        """
        order: Sequence[float] = DAMAGES[damage].strengths
        sign = 1 if len(order) < 2 or order[-1] > order[0] else -1
        found = {label: point for label, point in self.variants.items() if point.damage == damage}
        worst_first = sorted(found, key=lambda label: -sign * (found[label].strength or 0.0))
        if not worst_first:
            return None
        narrated = next((label for label in worst_first if self._narrated(label)), worst_first[0])
        beyond = worst_first[: worst_first.index(narrated)]
        if not beyond:
            return narrated, ""
        strengths = ", ".join(DAMAGES[damage].shown(found[label].strength) for label in reversed(beyond))
        return narrated, f"; no clip was narrated at {strengths}"

    def _narrated(self, generator: str) -> bool:
        """Whether any metric has a number of any of its clips."""
        return any(self.cells[p].by_clip for p in self.cells if p[:2] == (self.dataset, generator))
