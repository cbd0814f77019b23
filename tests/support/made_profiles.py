"""Profiles as a gate sees them: seconds by prompt that two profiles of one generator share in part."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.profiling.percentiles import distribution
from reports.profiles import GeneratorProfile, Machine, ProfileReport, Quickest

ENVIRONMENT: dict[str, Any] = {
    "processor": "AMD EPYC", "cores": 2, "gpu": None, "threads": 1, "packages": {"torch": "2"},
    "git": {"revision": "a", "dirty": False},
}  # fmt: skip


def made_profile(
    seed: int,
    slower: float = 1.0,
    *,
    count: int = 12,
    generators: tuple[str, ...] = ("mine",),
    rounds: int = 3,
    device: str = "cpu",
    yardstick: float = 1.0,
    failing: int = 0,
    busy: float = 0.5,
    disturbed: float = 1.0,
    **fields: Any,
) -> ProfileReport:
    """A profile whose prompts take 0.5 to 2 s, 1 % more or less each time; processors compute half of that.

    Args:
        seed: of the profile; the prompts are the same for every seed.
        slower: how many times as long every prompt takes.
        yardstick: how many times as long the machine itself takes.
        failing: prompts that fail, the last ones.
        busy: cores that other processes kept busy, of two.
        disturbed: how many times as long the first prompt alone takes.
        fields: replace those of the report.
    """
    work = np.random.default_rng(7).uniform(0.5, 2, count)
    seconds = slower * work * np.exp(np.random.default_rng([seed, 1]).normal(0, 0.01, count))
    seconds[0] *= disturbed
    keys = [f"{number:04d}" for number in range(count)]
    wall = dict(list(zip(keys, seconds.tolist(), strict=True))[: count - failing])
    profiles = tuple(
        GeneratorProfile(
            generator=name, plugin="still", scenario="single", device=device, prompts=count, distinct=count,
            rounds=rounds, failed=dict.fromkeys(keys[count - failing :], "it had to"), keys=tuple(wall),
            latency=distribution(list(wall.values())),
            quickest=Quickest(wall=wall, processor={key: value / 2 for key, value in wall.items()}),
        )
        for name in generators
    )  # fmt: skip
    made: dict[str, Any] = {
        "prompts": {"dataset": "hdtf", "count": count, "hash": f"a{count}"}, "environment": ENVIRONMENT,
        "machine": Machine(other_cores=busy, yardstick={"wall": 0.004 * yardstick, "processor": 0.004 * yardstick}),
        "generators": profiles,
    }  # fmt: skip
    return ProfileReport(**made | fields)
