"""Results of runs that can be compared: the same prompts, numbers by clip drawn from a seed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reports.results import Cell, Clip, Metric, Results, Study

METRICS = {
    "fid": Metric(title="FID", direction="lower"),
    "mcd": Metric(title="MCD", direction="lower", unit="dB"),
    "stoi": Metric(title="STOI", direction="higher"),
}
TYPICAL = {"fid": (40.0, 8.0), "mcd": (9.0, 1.5), "stoi": (0.6, 0.1)}
PROTOCOL = {"fps": 25.0, "sample_rate": 16000, "max_seconds": 10.0, "crf": 18}


def numbers(metric: str, dataset: str, n: int, seed: int, worse: float = 0.0) -> np.ndarray[Any, np.dtype[np.float64]]:
    """One number for each clip: what the prompt makes hard, the same for every seed, and what the seed draws.

    Args:
        worse: how much worse the generator is, in standard deviations of the seed's part.
    """
    mean, spread = TYPICAL[metric]
    prompts = np.random.default_rng([ord(letter) for letter in metric + dataset]).normal(size=n)
    drawn = np.random.default_rng([seed, *(ord(letter) for letter in metric + dataset)]).normal(size=n)
    sign = 1 if METRICS[metric].direction == "lower" else -1
    return np.asarray(mean + spread * (prompts + 0.5 * (drawn + sign * worse)))


def run(
    generators: Mapping[str, Any],
    datasets: tuple[str, ...] = ("hdtf",),
    n: int = 40,
    metrics: tuple[str, ...] = tuple(METRICS),
    **fields: Any,
) -> Results:
    """A run of `n` clips a dataset.

    Args:
        generators: by label the arguments of `numbers`: seed, worse, each the same for all metrics; or "bound".
        fields: replace those of `Results`.
    """
    cells, clips = [], []
    keys = [f"clip{index:03}" for index in range(n)]
    for dataset in datasets:
        for label, how in generators.items():
            for metric in metrics:
                drawn = numbers(metric, dataset, n, **({"seed": 0} if how == "bound" else how))
                cells.append(cell(dataset, label, metric, dict(zip(keys, map(float, drawn), strict=True))))
            clips += [clip(dataset, label, key) for key in keys]
    everything: dict[str, Any] = {
        "study": Study(
            name="study", seed=3, datasets=datasets, generators=tuple(generators),
            metrics={name: METRICS[name] for name in metrics},
            plugins={label: "ceiling" for label, how in generators.items() if how == "bound"},
        ),
        "protocol": PROTOCOL,
        "cells": tuple(cells),
        "clips": tuple(clips),
    }  # fmt: skip
    return Results(**everything | fields)


def cell(dataset: str, generator: str, metric: str, by_clip: Mapping[str, float], **fields: Any) -> Cell:
    """A cell whose value is the mean of its clips; FID is a distance between sets."""
    known: dict[str, Any] = {
        "dataset": dataset, "generator": generator, "metric": metric, "value": float(np.mean(list(by_clip.values()))),
        "missing": None, "n": len(by_clip), "direction": METRICS[metric].direction, "unit": METRICS[metric].unit,
        "signature": f"{metric}|stride:2|version:1", "protocol": "0123abcd", "by_clip": dict(by_clip),
        "details": {"reference_clips": len(by_clip), "bias_corrected": 20.0} if metric == "fid" else {},
    }  # fmt: skip
    return Cell(**known | fields)


def clip(dataset: str, generator: str, key: str, **fields: Any) -> Clip:
    """A clip that can be played."""
    known = {
        "dataset": dataset, "generator": generator, "key": key, "file": f"generated/{generator}/{dataset}/{key}.mp4",
        "reference": f"reference/{dataset}/{key}.mp4", "text": f"Words of {key}.", "text_source": "transcript",
        "voice_source": "own", "prompt": f"prompt of {key}", "reference_identity": f"identity of {key}",
    }  # fmt: skip
    return Clip(**known | fields)


def written(folder: Path, results: Results) -> Path:
    """The run's folder with its results files."""
    results.write(folder / "results.json")
    return folder


def changed(results: Results, metric: str | None = None, dataset: str | None = None, **fields: Any) -> Results:
    """The results with fields of some cells replaced."""
    chosen = [(metric in (None, c.metric)) and (dataset in (None, c.dataset)) for c in results.cells]
    cells = [c.model_copy(update=fields) if hit else c for c, hit in zip(results.cells, chosen, strict=True)]
    return results.model_copy(update={"cells": tuple(cells)})


def without(results: Results, key: str, reason: str = "no face found") -> Results:
    """The results with one clip that could not be made."""
    cells = []
    for each in results.cells:
        kept = {name: value for name, value in each.by_clip.items() if name != key}
        failed = {**each.failed, key: f"not generated: {reason}"}
        update = {"by_clip": kept, "n": len(kept), "value": float(np.mean(list(kept.values()))), "failed": failed}
        cells.append(each.model_copy(update=update))
    clips = [c.model_copy(update={"file": None, "error": reason}) if c.key == key else c for c in results.clips]
    return results.model_copy(update={"cells": tuple(cells), "clips": tuple(clips)})
