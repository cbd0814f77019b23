"""The rules of a gate, from a small YAML file: which cells are judged, and how much worse each may be.

significance: 0.01                 # share of gates of equally good runs that may say regression, over all cells
generators: [mine]                 # what is judged; likewise datasets and metrics; all, where left out
tolerance: {relative: 0.01}        # how much worse a score may be
fewest: 20                         # clips; with fewer a cell is not measured
latency: {slower: 10%}             # judge the run's profile too; not judged where left out
rules:                             # exceptions; of those that match a cell, a later one wins
  - {metric: fid, tolerance: {absolute: 0.5}}
  - {dataset: hdtf, metric: stoi, tolerance: {relative: 0}, visible: {absolute: 0.01}}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, StrictStr, ValidationError, model_validator

from bench.choice import Strict
from bench.errors import UserMistake, problem_in_words, shown
from bench.files import UnreadableFile, as_text, read_small
from bench.strict_yaml import MAX_BYTES, read_yaml
from metrics.base.hints import nearest

SELECTORS = ("dataset", "generator", "metric")
LATENCY = "latency"
"""In the place of a metric where the verdict is on how long a generator takes."""
_SPEED = ("speed", "seconds", "frames_per_second", "real_time_factor", "throughput")


class Place(NamedTuple):
    """Which cell."""

    dataset: str
    generator: str
    metric: str


class Amount(Strict):
    """So much of a score: a share of the reference's value, or a number in the metric's unit."""

    relative: float | None = Field(default=None, ge=0, le=10, strict=True)
    absolute: float | None = Field(default=None, ge=0, strict=True)

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Amount:
        if (self.relative is None) == (self.absolute is None):
            raise ValueError("give either relative, such as {relative: 0.01}, or absolute, such as {absolute: 0.5}")
        return self

    def of(self, value: float) -> float:
        """The amount in the unit of a score of this value."""
        return abs(value) * self.relative if self.relative is not None else self.absolute or 0.0


def _share(written: Any) -> Any:
    """`10%` is 0.1."""
    if isinstance(written, str) and (percent := re.fullmatch(r"(\d{1,3}(?:\.\d{1,6})?) ?%", written)):
        return float(percent[1]) / 100
    return written


class Latency(Strict):
    """How much longer a generator may take for the prompts of a profile than for those of the reference's.

    Attributes:
        slower: share, `0.1` or `10%`; it has to cover how much a machine differs from day to day, see `docs/gate.md`.
        clock: seconds on the wall, or seconds that processors computed, which other processes disturb less.
        fewest: prompts that both profiles must have timed.
    """

    slower: Annotated[float, BeforeValidator(_share)] = Field(default=0.1, ge=0, le=10, strict=True)
    clock: Literal["wall", "processor"] = "wall"
    fewest: int = Field(default=8, ge=2, strict=True)


class _Limits(Strict):
    """What a rule may set.

    Attributes:
        tolerance: how much worse than the reference a score may be.
        fewest: clips that both scores must share.
        more_failed: by how much the share of clips without a score may rise.
        visible: a worsening of this size must be one that the gate would find in 80 of 100 runs, or the cell is not
            measured; not asked for where left out.
        latency: judge how long generators take; not judged where left out.
    """

    tolerance: Amount | None = None
    fewest: int | None = Field(default=None, ge=2, strict=True)
    more_failed: float | None = Field(default=None, ge=0, le=1, strict=True)
    visible: Amount | None = None
    latency: Latency | None = None


class Rule(_Limits):
    """Limits for the cells of a dataset, a generator, a metric, or of several of these together."""

    dataset: StrictStr | None = None
    generator: StrictStr | None = None
    metric: StrictStr | None = None

    @model_validator(mode="after")
    def _selects_and_sets(self) -> Rule:
        if not any(getattr(self, selector) for selector in SELECTORS):
            raise ValueError(f"a rule names at least one of {', '.join(SELECTORS)}")
        if all(getattr(self, limit) is None for limit in _Limits.model_fields):
            raise ValueError(f"a rule sets at least one of {', '.join(_Limits.model_fields)}")
        if self.metric is None:
            _refuse_absolute(self)
        elif self.latency is not None:
            raise ValueError("latency is a generator's: name no metric in its rule")
        return self

    def matches(self, place: Place) -> bool:
        return all(getattr(self, selector) in (None, getattr(place, selector)) for selector in SELECTORS)


class Limits(NamedTuple):
    """What holds for one cell, see `_Limits`."""

    tolerance: Amount = Amount(relative=0.01)
    fewest: int = 20
    more_failed: float = 0.05
    visible: Amount | None = None
    latency: Latency | None = None


Names = Annotated[tuple[StrictStr, ...], Field(min_length=1)]


class Rules(_Limits):
    """All rules of a gate.

    Attributes:
        significance: share of gates of equally good runs that may say regression, over all cells together; at 1 noise
            is not asked for, and the tolerance alone decides.
        datasets, generators, metrics: which cells are judged; all where left out, apart from ceiling and chance.
        rules: exceptions; where several set the same for a cell, the last one wins.
    """

    significance: float = Field(default=0.01, gt=0, le=1, strict=True)
    datasets: Names | None = None
    generators: Names | None = None
    metrics: Names | None = None
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _an_absolute_amount_has_a_metric(self) -> Rules:
        _refuse_absolute(self)
        return self

    def of(self, place: Place) -> Limits:
        """The limits of a cell: the exceptions over what holds for all, over the defaults."""
        told: dict[str, Any] = {}
        for rule in (self, *(rule for rule in self.rules if rule.matches(place))):
            told |= {name: value for name in _Limits.model_fields if (value := getattr(rule, name)) is not None}
        return Limits(**told)

    @property
    def judges_latency(self) -> bool:
        """Whether any rule asks for it."""
        return any(rule.latency is not None for rule in (self, *self.rules))

    def latency_of(self, dataset: str, generator: str) -> Latency | None:
        """What holds for a generator's latencies on the prompts of a dataset; None where they are not judged."""
        selected = (self.datasets is None or dataset in self.datasets) and (
            self.generators is None or generator in self.generators
        )
        return self.of(Place(dataset, generator, LATENCY)).latency if selected else None

    def selects(self, place: Place, bounds: frozenset[str]) -> bool:
        """Whether a cell is judged; `bounds` are the generators that are none, judged only where they are named."""
        return (
            (self.datasets is None or place.dataset in self.datasets)
            and (place.generator not in bounds if self.generators is None else place.generator in self.generators)
            and (self.metrics is None or place.metric in self.metrics)
        )

    def check_names(self, known: Mapping[str, Iterable[str]], where: str) -> None:
        """Refuse a dataset, generator or metric that neither the run nor the reference knows.

        Args:
            known: the names by selector.
            where: what the rules are, as a sentence begins with it.

        Raises:
            UserMistake: the first unknown name, with the nearest ones.
        """
        for selector in SELECTORS:
            named = [*(getattr(self, f"{selector}s") or ()), *(getattr(rule, selector) for rule in self.rules)]
            for name in named:
                if name is not None and name not in known[selector]:
                    raise UserMistake(
                        f"{where}: unknown {selector} '{shown(name, 80)}'.{nearest(name, known[selector])}"
                    )


def read_rules(path: Path) -> Rules:
    """Rules from a YAML file.

    Raises:
        UserMistake: no such file, not YAML, or no rules; one sentence with the place.
    """
    try:
        text = as_text(read_small(path, MAX_BYTES))
    except UnreadableFile as reason:
        raise UserMistake(f"Cannot read the rules {path}: {reason}.") from reason
    content = read_yaml(text, str(path))
    if not isinstance(content, dict):
        raise UserMistake(f"{path} holds no rules: expected keys such as {', '.join(Rules.model_fields)}.")
    try:
        return Rules.model_validate(content)
    except ValidationError as error:
        raise UserMistake(f"{path}: {_first_problem(error)}") from error


def _refuse_absolute(limits: _Limits) -> None:
    for name in ("tolerance", "visible"):
        amount = getattr(limits, name)
        if amount is not None and amount.absolute is not None:
            raise ValueError(f"an absolute {name} is in a metric's unit: set it in a rule that names the metric")


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    place = problem["loc"]
    spelled = ".".join(map(str, place))
    if problem["type"] == "extra_forbidden" and place[-1] in _SPEED:
        return (
            f"'{shown(spelled, 80)}': what judges seconds is `latency: {{slower: 10%}}`, which compares profiles of "
            "one machine; see docs/gate.md."
        )
    model = _MODELS.get(str(place[-2]), Rule if place[0] == "rules" else Rules) if len(place) > 1 else Rules
    return problem_in_words(problem, spelled, model.model_fields)


_MODELS: dict[str, type[Strict]] = {"tolerance": Amount, "visible": Amount, LATENCY: Latency}
