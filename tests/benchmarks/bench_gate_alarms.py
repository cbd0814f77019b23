"""How often `gate` is wrong: `python tests/benchmarks/bench_gate_alarms.py [gates [table ...]]`.

Prints the tables of docs/gate.md: alarms, tolerance, power, frechet-power.

Every gate is a whole one, from two results files to the verdict: 4 datasets x 6 metrics of one generator.
The two runs share their clips (a clip that is hard is hard in both) and differ by noise of their own; the Frechet
distances are those of vectors drawn for both runs, with the numbers by clip that a run keeps.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import stdtr

from bench.gating.evidence import chance, standard_error
from bench.gating.judge import judge
from bench.gating.reference import Reference
from bench.gating.rules import Amount, Rules
from metrics.frechet.distance import Gaussian
from metrics.frechet.influence import influence
from reports.gate import GateResult
from reports.results import Cell, Clip, Metric, Results, Study

Array = NDArray[np.float64]
Noise = Callable[[np.random.Generator, int], Array]

DATASETS = 4
NAMES = [f"metric{number}" for number in range(6)]
LEVEL, SPREAD, NOISE = 9.0, 1.5, 0.4
"""As of MCD, in dB: the score, how much clips differ, how much a clip differs between runs."""


class Pair(NamedTuple):
    """The numbers by clip of one cell in two runs."""

    reference: Array
    run: Array


NOISES: dict[str, Noise] = {
    "normal": lambda g, n: g.normal(size=n),
    "skewed (lognormal, sigma 1)": lambda g, n: (g.lognormal(size=n) - np.exp(0.5)) / 2.16,
    "heavy tails (Student, 3 degrees)": lambda g, n: g.standard_t(3, n) / 3**0.5,
    "one clip in five differs": lambda g, n: g.normal(size=n) * (g.random(n) < 0.2) * 5**0.5,
}


def paired(noise: Noise, n: int, generator: np.random.Generator, planted: float = 0.0) -> list[Pair]:
    """24 cells of a metric that scores pairs; `planted` is added to the first dataset's first metric.

    The six metrics of a dataset hear the same mishaps: half of the variance of their noise is shared.
    """
    pairs = []
    for _ in range(DATASETS):
        shared = [noise(generator, n) for _ in range(2)]
        for _ in NAMES:
            clips = LEVEL + SPREAD * generator.normal(size=n)
            first, second = (clips + NOISE * 0.5**0.5 * (each + noise(generator, n)) for each in shared)
            pairs.append(Pair(first, second + planted * (len(pairs) == 0)))
    return pairs


def frechet(n: int, generator: np.random.Generator, cells: int, planted: float = 0.0) -> list[Pair]:
    """So many Frechet distances, in 32 dimensions with four vectors a clip, and paired metrics in the other cells.

    `planted` moves the vectors of the first cell's run away, in standard deviations of an entry.
    """
    return [
        *(_frechet_pair(n, generator, planted * (number == 0)) for number in range(cells)),
        *paired(NOISES["normal"], n, generator)[cells:],
    ]


def _frechet_pair(n: int, generator: np.random.Generator, planted: float, d: int = 32, k: int = 4) -> Pair:
    scale, clips = np.logspace(0, -1.5, d), generator.normal(size=(n, 1, d))
    real, first, second = (
        list(torch.from_numpy(((clips + generator.normal(size=(n, k, d))) * 0.5**0.5 + shift) * scale))
        for shift in (0.0, 0.5, 0.5 + planted)
    )
    return Pair(_numbers(real, first), _numbers(real, second))


def _numbers(real: list[torch.Tensor], generated: list[torch.Tensor]) -> Array:
    """The distance plus n times each clip's influence, as `Score.by_clip` has it."""
    found = influence(Gaussian.fitted(real, ddof=1), Gaussian.fitted(generated, ddof=1), real, generated)
    return found.distance + len(real) * (found.first + found.second)


def gated(pairs: list[Pair], tolerances: Sequence[float]) -> list[GateResult]:
    """The gate under each relative tolerance."""
    reference = Reference.of(_results(pair.reference for pair in pairs), Rules(), "rules")
    run = _results(pair.run for pair in pairs)
    rules = [Rules(tolerance=Amount(relative=tolerance)) for tolerance in tolerances]
    return [judge(run, reference, each, "reference", "rules") for each in rules]


def _results(numbers: Iterable[Array]) -> Results:
    datasets = tuple(f"dataset{number}" for number in range(DATASETS))
    places = [(dataset, metric) for dataset in datasets for metric in NAMES]
    cells = []
    for (dataset, metric), values in zip(places, numbers, strict=True):
        by_clip = {f"clip{number:04}": float(value) for number, value in enumerate(values)}
        cells.append(
            Cell(
                dataset=dataset, generator="g", metric=metric, value=float(values.mean()), missing=None, n=len(values),
                direction="lower", signature=metric, by_clip=by_clip,
            )
        )  # fmt: skip
    clips = [
        Clip(dataset=dataset, generator="g", key=key, file=None, reference=None, text="", text_source="",
             voice_source="", prompt=key, reference_identity=key)
        for dataset in datasets for key in cells[0].by_clip
    ]  # fmt: skip
    metrics = {name: Metric(title=name, direction="lower") for name in NAMES}
    study = Study(name="alarms", seed=0, datasets=datasets, generators=("g",), metrics=metrics)
    return Results(study=study, protocol={}, cells=tuple(cells), clips=tuple(clips))


def alarms(draw: Callable[[np.random.Generator], list[Pair]], gates: int) -> list[float]:
    """Share of gates that say regression: nothing tolerated at a significance of 0.05, at 0.01, and by default."""
    found = np.zeros(3)
    for seed in range(gates):
        strict, default = gated(draw(np.random.default_rng(seed)), (0.0, 0.01))
        smallest = min(cell.p_value for cell in strict.cells if cell.p_value is not None)
        found += [smallest <= 0.05, strict.verdict == "regression", default.verdict == "regression"]
    return [float(share) for share in found / gates]


def power(draw: Callable[[np.random.Generator], list[Pair]], gates: int) -> float:
    """Share of gates that call the first cell a regression, under the default rules."""
    found = (gated(draw(np.random.default_rng(seed)), (0.01,))[0] for seed in range(gates))
    first = ("dataset0", NAMES[0], "regression")
    return sum(first in {(cell.dataset, cell.metric, cell.verdict) for cell in made.cells} for made in found) / gates


def decisions(noise: Noise, n: int, planted: float, tolerance: float, gates: int) -> list[float]:
    """Share of gates that call a cell of 24 a regression at a significance of 0.05, by three rules.

    Ours tests the excess over the tolerance; Student's t does so too; the third asks that the worsening is beyond the
    tolerance and tests it against zero. The other 23 cells are taken as equal, so that Holm is Bonferroni.
    """
    found, level = np.zeros(3), 0.05 / 24
    for seed in range(gates):
        generator = np.random.default_rng(seed)
        worse = planted + NOISE * (noise(generator, n) - noise(generator, n))
        excess = worse - tolerance
        found += [
            chance(excess) <= level,
            stdtr(n - 1, -excess.mean() / standard_error(excess)) <= level,
            chance(worse) <= level and excess.mean() > 0,
        ]
    return [float(share) for share in found / gates]


def row(*entries: object) -> None:
    print("| " + " | ".join(f"{e:.1%}" if isinstance(e, float) else str(e) for e in entries) + " |", flush=True)


def header(*names: str) -> None:
    print()
    row(*names)
    row(*["---"] * len(names))


def alarm_table(gates: int) -> None:
    header("equal runs", "clips", "0.05, nothing tolerated", "0.01, nothing tolerated", "default: 0.01, 1 % tolerated")
    for name, noise in NOISES.items():
        for n in (20, 100):
            row(f"pairs, {name}", n, *alarms(lambda g, n=n, noise=noise: paired(noise, n, g), gates))
    for n in (20, 50):
        row("4 Frechet distances, 20 of pairs", n, *alarms(lambda g, n=n: frechet(n, g, 4), gates))


def tolerance_table(gates: int) -> None:
    header(
        "true worsening of one cell", "clips", "excess tested (ours)", "by Student's t", "worsening tested against 0"
    )
    skewed = "skewed (lognormal, sigma 1)"
    for planted, name in ((0.0, "normal"), (0.2, "normal"), (0.2, skewed), (0.4, "normal"), (0.4, skewed)):
        for n in (20, 50, 200):
            row(f"{planted} dB where 0.2 is tolerated, {name}", n, *decisions(NOISES[name], n, planted, 0.2, 5 * gates))


def power_table(gates: int) -> None:
    sizes = (0.1, 0.2, 0.3, 0.5)
    header("found: pairs", *(f"{size} dB ({size / NOISE:.2g} sd)" for size in sizes))
    for n in (20, 50, 100, 200):
        row(f"{n} clips", *(power(lambda g, n=n, s=size: paired(NOISES["normal"], n, g, s), gates) for size in sizes))


def frechet_power_table(gates: int) -> None:
    shifts = (0.05, 0.1, 0.2)
    header("found: Frechet distances", *(f"moved by {shift} sd" for shift in shifts))
    for n in (20, 50, 100):
        row(f"{n} clips", *(power(lambda g, n=n, s=shift: frechet(n, g, 1, s), gates) for shift in shifts))


def main() -> None:
    torch.set_num_threads(1)
    gates = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    tables = {
        "alarms": alarm_table,
        "tolerance": tolerance_table,
        "power": power_table,
        "frechet-power": frechet_power_table,
    }
    print(f"Each entry: {gates} gates of 24 cells.")
    for name in sys.argv[2:] or tables:
        tables[name](gates)


if __name__ == "__main__":
    main()
