"""Runs as a gate sees them: numbers by clip that two runs of one generator share in part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from reports.results import Cell, Clip, Metric, Results, Study

METRICS = {
    "fid": Metric(title="FID", direction="lower"),
    "mcd": Metric(title="MCD", direction="lower", unit="dB"),
    "stoi": Metric(title="STOI", direction="higher"),
}
DATASETS, GENERATORS = ("hdtf", "voxceleb"), ("ceiling", "mine")
LEVELS = {"fid": (34.0, 12.0, 6.0), "mcd": (9.0, 1.5, 0.4), "stoi": (0.8, 0.06, 0.02)}
"""Of each metric the score, how much clips differ, and how much a clip differs between two runs."""


def gated_run(seed: int = 0, clips: int = 40, worse: Mapping[str, float] | None = None, **fields: Any) -> Results:
    """A run of 'mine' and of the ceiling on two datasets.

    Args:
        seed: of the run; the clips themselves are the same for every seed.
        worse: by how much every clip of a metric is worse, for the generator 'mine'.
        fields: replace those of the results.
    """
    keys = [f"clip{number:03}" for number in range(clips)]
    cells = []
    for dataset in DATASETS:
        for generator in GENERATORS:
            for metric, (level, spread, noise) in LEVELS.items():
                of_clips = np.random.default_rng([len(dataset), len(metric), 7]).normal(0, spread, clips)
                of_run = np.random.default_rng([seed, len(dataset), len(generator), len(metric)])
                sign = 1 if METRICS[metric].direction == "lower" else -1
                numbers = level + of_clips + of_run.normal(0, noise, clips)
                if generator == "mine":
                    numbers = numbers + sign * (worse or {}).get(metric, 0.0)
                cells.append(made_cell(dataset, generator, metric, dict(zip(keys, numbers.tolist(), strict=True))))
    made: dict[str, Any] = {
        "study": Study(name="nightly", seed=seed, datasets=DATASETS, generators=GENERATORS, metrics=METRICS),
        "protocol": {"fps": 25.0, "crf": 18},
        "cells": tuple(cells),
        "clips": tuple(
            Clip(
                dataset=dataset, generator=generator, key=key, file=None, reference=None, text="", text_source="",
                voice_source="", prompt=f"{number:032x}", reference_identity=f"{number + 7:032x}",
            )
            for dataset in DATASETS for generator in GENERATORS for number, key in enumerate(keys)
        ),
    }  # fmt: skip
    return Results(**made | fields)


def made_cell(dataset: str, generator: str, metric: str, by_clip: Mapping[str, float], **fields: Any) -> Cell:
    """The cell of numbers by clip."""
    value = float(np.mean(list(by_clip.values())))
    made: dict[str, Any] = {
        "dataset": dataset, "generator": generator, "metric": metric, "value": value, "missing": None,
        "n": len(by_clip), "low": value - 1, "high": value + 1, "direction": METRICS[metric].direction,
        "unit": METRICS[metric].unit, "signature": f"{metric}|stride:1|version:0.1.0", "protocol": "aaaaaaaa",
        "by_clip": dict(by_clip),
    }  # fmt: skip
    return Cell(**made | fields)
