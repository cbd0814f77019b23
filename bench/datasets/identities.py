"""Who speaks, across datasets: some share their people."""

from __future__ import annotations

import re

from bench.datasets.dataset import DatasetIndex, Sample

_VOXCELEB = re.compile(r"id\d{5}")
"""Speakers of VoxCeleb1, VoxCeleb2 and FakeAVCeleb, whose real clips are VoxCeleb2's, under the same ids."""


def identity(sample: Sample, dataset: str) -> str | None:
    """Name of the person that is the same in every dataset that shows this person; None if nobody is known.

    Args:
        dataset: the sample's, by its adapter's name; a prepared clip remembers the one it came from.
    """
    if not sample.speaker:
        return None
    if _VOXCELEB.fullmatch(sample.speaker):
        return f"voxceleb:{sample.speaker}"
    return f"{sample.metadata.get('dataset') or dataset}:{sample.speaker}"


def identities(index: DatasetIndex) -> dict[str, tuple[Sample, ...]]:
    """The clips of each known person, in the order of their keys."""
    found: dict[str, list[Sample]] = {}
    for sample in index.samples:
        if (person := identity(sample, index.name)) is not None:
            found.setdefault(person, []).append(sample)
    return {person: tuple(samples) for person, samples in sorted(found.items())}
