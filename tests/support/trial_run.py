"""A small run with everything a report has to cope with."""

from __future__ import annotations

from typing import Any

from reports.results import Cell, Clip, Finding, Metric, Profile, Results, Study

METRICS = {
    "fid": Metric(title="FID", direction="lower"),
    "mcd": Metric(title="MCD", direction="lower", unit="dB"),
    "stoi": Metric(title="STOI", direction="higher"),
}
VALUES = {
    "ceiling": (0.0, 0.0, 1.0),
    "chance": (80.0, 15.0, 0.15),
    "STE": (34.21, 9.0, 0.12),
    "ETE": (42.88, None, 0.17),
    "still": (55.5, 12.0, 0.17),
}


def cell(generator: str, metric: str, value: float | None, **fields: Any) -> Cell:
    """A cell of VoxCeleb."""
    described = METRICS[metric]
    known = {"low": value - 1, "high": value + 1, "n": 6} if value is not None else {"n": 0}
    missing = None if value is not None else "no clip could be scored: silent"
    return Cell(
        **{
            "dataset": "voxceleb", "generator": generator, "metric": metric, "value": value, "missing": missing,
            "direction": described.direction, "unit": described.unit, "signature": f"{metric}|version:1", **known,
            **fields,
        }
    )  # fmt: skip


def with_cells(cells: list[Cell], **fields: Any) -> Results:
    """Results around some cells; `fields` replace what is here."""
    everything: dict[str, Any] = {
        "study": Study(name="trial", seed=3, datasets=("voxceleb",), generators=tuple(VALUES), metrics=METRICS),
        "protocol": {"fps": 25, "sample_rate": 16000, "size": None},
        "environment": {"python": "3.11", "git": {"dirty": True}},
        "cells": tuple(cells),
        "profiles": (
            Profile(dataset="voxceleb", generator="ceiling", clips=6, failed=0),
            Profile(
                dataset="voxceleb", generator="STE", clips=4, failed=2, stages={"speech": 2.0, "video": 6.0},
                seconds=8.0, media_seconds=16.0, frames=400, real_time_factor=0.5, frames_per_second=50.0,
                peak_memory_mib={"host": 812.4},
            ),
        ),
        "clips": tuple(
            Clip(
                dataset="voxceleb", generator=generator, key="a b#1", file=f"generated/{generator}/a b#1.mp4",
                reference="references/a b#1.mp4", text="Hello there.", text_source="transcript", voice_source="own",
            )
            for generator in ("STE", "ETE", "ceiling")
        ),
        "findings": (Finding(dataset="voxceleb", item="x.mp4", reason="no sound"),),
        "notes": ("Synthetic corpus.",),
    }  # fmt: skip
    return Results(**everything | fields)
