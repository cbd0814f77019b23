"""Metrics, generators and datasets by name, through entry points; built-ins register like a stranger's."""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from bench.choice import Choice
from bench.errors import UserMistake, nearest
from metrics.base.metric import ClipMetric
from metrics.weights import WeightsMissing

Kind = Literal["metric", "generator", "dataset"]


def available(kind: Kind) -> dict[str, EntryPoint]:
    """Every registered plug-in of a kind by name.

    Raises:
        UserMistake: two installed distributions register the same name.
    """
    found: dict[str, set[EntryPoint]] = defaultdict(set)
    for entry in entry_points(group=f"narrator_bench.{kind}s"):
        found[entry.name].add(EntryPoint(entry.name, entry.value, entry.group))
    for name, entries in found.items():
        if len(entries) > 1:
            places = " and ".join(sorted(entry.value for entry in entries))
            raise UserMistake(f"The {kind} name '{name}' is registered twice, by {places}; uninstall one of them.")
    return {name: next(iter(entries)) for name, entries in sorted(found.items())}


def find(kind: Kind, name: str) -> Callable[..., Any]:
    """The factory of one plug-in; an unknown name answers with the nearest names and the list."""
    known = available(kind)
    if name not in known:
        raise UserMistake(f"Unknown {kind} '{name}'.{nearest(name, known)}")
    try:
        factory: Callable[..., Any] = known[name].load()
    except ImportError as error:
        raise UserMistake(f"The {kind} '{name}' ({known[name].value}) does not import: {error}.") from error
    return factory


def make(kind: Kind, name: str, options: dict[str, Any]) -> Any:
    """One plug-in, built with its options; a wrong option is the user's mistake."""
    factory = find(kind, name)
    try:
        return factory(**options)
    except (TypeError, ValueError) as error:
        if isinstance(error, TypeError) and "argument" not in str(error):
            raise
        raise UserMistake(f"The {kind} '{name}' does not accept {options or 'no options'}: {error}") from error


def built_metric(choice: Choice, device: str) -> ClipMetric:
    """The metric that a study names, on its device; built once in each process."""
    return _built_metric(choice.plugin, json.dumps(choice.options, sort_keys=True), device)


@functools.cache
def _built_metric(plugin: str, options: str, device: str) -> ClipMetric:
    metric: ClipMetric = make("metric", plugin, json.loads(options))
    metric.to(device)
    return metric


def lacking_weights(metric: ClipMetric) -> str | None:
    """One sentence on the weights that this metric needs and that cannot be had; None if all are there."""
    try:
        metric.prepare()
    except WeightsMissing as reason:
        return str(reason)
    return None
