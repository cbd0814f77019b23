"""The clips that changed most between two sides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from bench.comparing.pairing import Compared
from reports.comparison import Change, ChangedClip
from reports.results import Clip

SHOWN = 6


def changed_most(
    compared: Sequence[Compared], clips: Mapping[str, Mapping[str, tuple[Clip, Clip]]]
) -> tuple[ChangedClip, ...]:
    """Up to `SHOWN` clips, those that changed most first.

    The differences of a metric on a dataset are taken in their root mean square, so that metrics can be added; a clip's
    change is the root mean square of its own over the metrics.
    """
    changes: dict[tuple[str, str], list[Change]] = {}
    for each in compared:
        if each.sample is None or each.dataset is None:
            continue
        differences = each.sample.second - each.sample.first
        typical = float(np.sqrt(np.mean(differences**2)))
        for index, key in enumerate(each.sample.keys):
            share = float(differences[index]) / typical if typical else 0.0
            values = float(each.sample.first[index]), float(each.sample.second[index])
            change = Change(metric=each.metric, first=values[0], second=values[1], share=share)
            changes.setdefault((each.dataset, key), []).append(change)
    sizes = {place: math.sqrt(float(np.mean([c.share**2 for c in found]))) for place, found in changes.items()}
    order = sorted((place for place, size in sizes.items() if size), key=lambda place: (-sizes[place], place))
    return tuple(_clip(*place, changes[place], clips[place[0]][place[1]]) for place in order[:SHOWN])


def _clip(dataset: str, key: str, changes: Sequence[Change], pair: tuple[Clip, Clip]) -> ChangedClip:
    first, second = pair
    return ChangedClip(
        dataset=dataset, key=key, text=first.text, changes=tuple(sorted(changes, key=lambda c: -abs(c.share))),
        first_file=first.file, second_file=second.file, reference=first.reference,
    )  # fmt: skip
