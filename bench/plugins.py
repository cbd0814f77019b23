"""Metrics, generators, datasets and recognisers by name, through entry points; built-ins register like a stranger's."""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from bench.choice import Choice
from bench.datasets.dataset import Dataset
from bench.errors import UserMistake, shown
from bench.options import GIVEN, checked, options_of, unknown_option
from metrics.audio.recognition import registry as recognition
from metrics.audio.recognition.recogniser import Recogniser
from metrics.base.hints import nearest
from metrics.weights import WeightsError, WeightsMissing, fetch
from narrator.contract import Generator

if TYPE_CHECKING:
    from metrics.base.metric import ClipMetric

Kind = Literal["metric", "generator", "dataset", "recogniser"]


@functools.cache
def available(kind: Kind) -> dict[str, EntryPoint]:
    """Every registered plug-in of a kind by name.

    Raises:
        UserMistake: two installed distributions register the same name.
    """
    found: dict[str, set[EntryPoint]] = defaultdict(set)
    group = entry_points(group=f"narrator_bench.{kind}s")
    for entry in recognition.available() if kind == "recogniser" else group:
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
        raise UserMistake(f"Unknown {kind} '{shown(name)}'.{nearest(name, known)}")
    try:
        factory = known[name].load()
    except (Exception, SystemExit) as error:  # a stranger's module may raise anything
        reason = f"{type(error).__name__}: {shown(error)}"
        raise UserMistake(f"The {kind} '{name}' ({known[name].value}) does not import: {reason}.") from error
    if not callable(factory):
        raise UserMistake(f"The {kind} '{name}' ({known[name].value}) is no class or function that makes a {kind}.")
    return cast("Callable[..., Any]", factory)


def make(kind: Kind, name: str, options: Mapping[str, Any]) -> Any:
    """One plug-in, built with its options.

    Raises:
        UserMistake: an option that the plug-in does not have, lacks or refuses, or code of it that fails.
    """
    return _built(kind, name, f"The {kind} '{name}'", options)


def build_metric(choice: Choice) -> ClipMetric:
    """The metric that a study names; raises as `make`."""
    metric: ClipMetric = _built("metric", choice.plugin, _called("metric", choice), choice.options)
    return metric


def build_dataset(choice: Choice) -> Dataset:
    """The dataset that a study names, not loaded yet; raises as `make`."""
    dataset: Dataset = _built("dataset", choice.plugin, _called("dataset", choice), choice.options)
    return dataset


def build_recogniser(choice: Choice) -> Recogniser:
    """The recogniser that a study names; raises as `make`."""
    recogniser: Recogniser = _built("recogniser", choice.plugin, _called("recogniser", choice), choice.options)
    return recogniser


def build_generator(choice: Choice, study_folder: Path) -> Generator:
    """The generator that a study names.

    Its weights are fetched; `study_folder`, where it takes that, is the folder that relative paths of the study start
    at. Its options are checked before anything is fetched.

    Raises:
        UserMistake: as `make`.
        WeightsError: weights that it needs cannot be had.
    """
    what = _called("generator", choice)
    factory = find("generator", choice.plugin)
    options = options_of(factory)
    for name in GIVEN & choice.options.keys():
        raise unknown_option(what, name, options)
    given: dict[str, Any] = dict.fromkeys(GIVEN & options.types.keys())
    checked(what, options, {**choice.options, **given})
    if "study_folder" in given:
        given["study_folder"] = study_folder
    if names := getattr(factory, "weights", ()):
        given["weight_paths"] = {name: fetch(name) for name in names}
    generator: Generator = _built("generator", choice.plugin, what, {**choice.options, **given})
    return generator


def _called(kind: Kind, choice: Choice) -> str:
    """How a sentence names a plug-in of a study."""
    return f"The {kind} '{choice.name}'" + (f" (plugin '{choice.plugin}')" if choice.name != choice.plugin else "")


def _contract(kind: Kind) -> type:
    if kind != "metric":
        return {"generator": Generator, "dataset": Dataset, "recogniser": Recogniser}[kind]
    from metrics.base.metric import ClipMetric  # waits for PyTorch, which most commands do without

    return ClipMetric


def _built(kind: Kind, name: str, what: str, given: Mapping[str, Any]) -> Any:
    factory = find(kind, name)
    options = options_of(factory)
    wanted = checked(what, options, given)
    try:
        made = factory(**options.arguments(wanted))
    except (UserMistake, WeightsError):
        raise
    except (TypeError, ValueError, OSError) as error:
        said = shown(error).removeprefix(f"{kind} '{name}': ").rstrip(".")
        raise UserMistake(f"{what}: {said or type(error).__name__}.") from error
    except (Exception, SystemExit) as error:  # a stranger's code may raise anything
        said = f"{type(error).__name__}: {shown(error)}".rstrip(".: ")
        raise UserMistake(f"{what} cannot be built: {said}.") from error
    if not isinstance(made, _contract(kind)):
        raise UserMistake(f"{what} ({factory.__module__}) made a {type(made).__name__}, which is no {kind}.")
    return made


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
