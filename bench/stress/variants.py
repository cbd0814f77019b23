"""The `stress` part of a study: which damages in which strengths, each of which makes a variant of every generator."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field, StrictStr, field_validator, model_validator

from bench.choice import LABEL, Strict
from bench.errors import shown
from bench.stress.catalogue import DAMAGES, Damage
from metrics.base.hints import nearest

if TYPE_CHECKING:
    from bench.sweep import GeneratorChoice

ALL = "all"
Strengths = tuple[float | None, ...]


class StressPoint(Strict):
    """Which damaged prompts a variant of a generator is given.

    Attributes:
        family: label of the generator, which is given the prompts as they are.
        damage: from `DAMAGES`.
        strength: in the damage's unit; None for a damage that has none.
    """

    family: StrictStr = Field(pattern=rf"^{LABEL.pattern}$")
    damage: StrictStr
    strength: float | None = Field(default=None, strict=True)

    @model_validator(mode="after")
    def _is_a_damage(self) -> StressPoint:
        check(self.damage, self.strength)
        return self


class Stress(Strict):
    """Strengths by damage, in the order of `DAMAGES`; written as "all", a list of damages, or a mapping.

    In a mapping each damage has a list of strengths, one of them, or "all".
    """

    damages: dict[StrictStr, Strengths]

    @model_validator(mode="before")
    @classmethod
    def _written_short(cls, value: Any) -> Any:
        if isinstance(value, dict) and set(value) == {"damages"}:  # as itself
            return value
        if value == ALL:
            value = dict.fromkeys(DAMAGES, ALL)
        elif isinstance(value, list) and all(isinstance(name, str) for name in value):
            value = dict.fromkeys(value, ALL)
        if not isinstance(value, dict) or not value:
            raise ValueError("must be 'all', a list of damages, or a mapping from damages to lists of strengths")
        return {"damages": {name: _listed(name, strengths) for name, strengths in value.items()}}

    @field_validator("damages")
    @classmethod
    def _in_order(cls, damages: dict[str, Strengths]) -> dict[str, Strengths]:
        for name, strengths in damages.items():
            for strength in strengths:
                check(name, strength)
            if len(set(strengths)) < len(strengths):
                raise ValueError(f"'{name}' has a strength twice")
        return {name: damages[name] for name in DAMAGES if name in damages}


def _listed(name: Any, strengths: Any) -> Any:
    """The strengths of a damage as a list; whatever is wrong with them is told where they are checked."""
    damage = DAMAGES.get(name) if isinstance(name, str) else None
    if damage is None:
        raise ValueError(f"there is no damage '{shown(name, 60)}'.{nearest(str(name)[:60], DAMAGES)}")
    if strengths == ALL or (strengths is None and not damage.strengths):
        return list(damage.strengths) or [None]
    listed = strengths if isinstance(strengths, list) else [strengths]
    if not listed or any(isinstance(s, bool) or not isinstance(s, int | float) for s in listed):
        wanted = "'all'; it has no strengths" if not damage.strengths else "'all' or a list of numbers"
        raise ValueError(f"'{name}' must be {wanted}, got {shown(repr(strengths), 60)}")
    return listed


def check(name: str, strength: float | None) -> None:
    """
    Raises:
        ValueError: an unknown damage, or a strength that it cannot have; one sentence.
    """
    damage = DAMAGES.get(name)
    if damage is None:
        raise ValueError(f"there is no damage '{shown(name, 60)}'.{nearest(name[:60], DAMAGES)}")
    if strength is None or not damage.strengths:
        if (strength is None) != (not damage.strengths):
            wanted = "needs a strength" if damage.strengths else "has no strengths: write 'all'"
            raise ValueError(f"'{name}' {wanted}")
        return
    if not math.isfinite(strength) or not damage.least <= strength <= damage.most or (
        damage.whole and strength != int(strength)
    ):  # fmt: skip
        kind = "a whole number" if damage.whole else "a number"
        raise ValueError(
            f"the strength of '{name}' ({damage.scale}) must be {kind} from {damage.least:g} to {damage.most:g}"
            f" {damage.unit}, got {strength:g}"
        )


def stressed(
    generators: Sequence[GeneratorChoice], stress: Mapping[str, Strengths], unstressed: Sequence[str]
) -> tuple[GeneratorChoice, ...]:
    """The generators of a study, each followed by its variants.

    Args:
        unstressed: plug-ins that have none: what they return does not depend on the prompt.

    Raises:
        ValueError: a variant's label is too long, or a generator is part of a sweep.
    """
    made: list[GeneratorChoice] = []
    for choice in generators:
        made.append(choice)
        if choice.plugin in unstressed or choice.stress is not None:
            continue
        if choice.sweep is not None:
            raise ValueError(
                f"the checkpoints of '{choice.sweep.family}' cannot be put under stress: name one of them as an option"
            )
        made += [_variant(choice, DAMAGES[name], s) for name, strengths in stress.items() for s in strengths]
    return tuple(made)


def _variant(choice: GeneratorChoice, damage: Damage, strength: float | None) -> GeneratorChoice:
    label = f"{choice.name}@{damage.tag(strength)}"
    if not LABEL.fullmatch(label):
        raise ValueError(f"the label {shown(label, 100)!r} of a variant is longer than 64: shorten the generator's")
    point = StressPoint(family=choice.name, damage=damage.name, strength=strength)
    return choice.model_copy(update={"name": label, "stress": point})
