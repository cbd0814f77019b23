"""How the seconds of a clip grow: with its length, with the size of its frames, with an option such as `steps`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from bench.errors import UserMistake, shown
from bench.profiling.calls import Call
from bench.profiling.ratios import exponent
from bench.profiling.single import Session
from bench.profiling.subject import Subject
from bench.profiling.timing import collect_between, garbage_kept
from bench.strict_yaml import read_yaml
from narrator.contract import Prompt
from reports.profiles import Growth

ROUNDS = 3
"""Timed calls at each level, after one that is not."""
FEWEST = 3
"""Levels that an exponent takes."""
LENGTH, RESOLUTION = "length", "resolution"


@dataclass(frozen=True)
class Variation:
    """What is varied, and through which values.

    Attributes:
        over: `length` (how many texts are spoken, one after another), `resolution` (factors on the driving image's
            sides), or an option of the generator.
        levels: at least three different ones.
    """

    over: str
    levels: tuple[float, ...]


def read_variation(written: str) -> Variation:
    """`steps=1,2,4`.

    Raises:
        UserMistake: not a name with three different positive numbers.
    """
    over, equals, values = written.partition("=")
    levels = [read_yaml(value, f"--vary: '{shown(value, 40)}'") for value in values.split(",")] if equals else []
    numbers = {level for level in levels if isinstance(level, int | float) and not isinstance(level, bool)}
    if not over or len(numbers) < len(levels) or len(numbers) < FEWEST or min(numbers) <= 0:
        raise UserMistake(
            f"--vary '{shown(written, 80)}' is not NAME=V,V,V with {FEWEST} different numbers above 0 or more, for "
            "example length=1,2,4 or steps=2,4,8."
        )
    if over == LENGTH and any(level != int(level) for level in numbers):
        raise UserMistake(f"--vary {over} counts texts: its values are whole numbers, for example length=1,2,4.")
    return Variation(over, tuple(sorted(numbers)))


def grown(subject: Subject, build: Callable[[float], Subject], variation: Variation, session: Session) -> Growth:
    """Time one generator at each level in turns, and fit the exponent on what came out.

    Args:
        subject: the generator, for its name.
        build: the generator at one level of an option.
        variation: what is varied.
        session: its first prompts are used.
    """
    over, levels = variation.over, variation.levels
    subjects = {level: subject if over in (LENGTH, RESOLUTION) else build(level) for level in levels}
    prompts = {level: _prompt(session.prompts, over, level) for level in levels}
    found: list[tuple[float, float]] = []
    failed: list[str] = []

    def each() -> Iterable[Call]:
        for turn in range(1 + ROUNDS):
            for level in levels:
                collect_between()
                call = subjects[level].call(prompts[level])
                if call.error is not None:
                    failed.append(f"at {over} {level:g}: {call.error}")
                elif turn:
                    found.append((_reached(call, over, level), call.seconds))
                yield call
            session.machine.look()

    with garbage_kept():
        for _ in session.shown(each(), (1 + ROUNDS) * len(levels), f"{subject.name}: {over}"):
            pass
    reached, seconds = tuple(x for x, _ in found), tuple(y for _, y in found)
    fitted = exponent(reached, seconds) if all(x > 0 and y > 0 for x, y in found) else None
    known = {LENGTH: "s of clip", RESOLUTION: "pixels"}
    missing = None
    if fitted is None:
        missing = failed[0] if failed else f"what it makes has fewer than {FEWEST} different {known.get(over, over)}"
    return Growth(
        generator=subject.name,
        over=over,
        unit=known.get(over, ""),
        levels=reached,
        seconds=seconds,
        exponent=fitted,
        missing=missing,
    )


def _prompt(prompts: Sequence[Prompt], over: str, level: float) -> Prompt:
    first = prompts[0]
    if over == LENGTH:
        return replace(first, text=" ".join(prompts[i % len(prompts)].text for i in range(int(level))))
    if over == RESOLUTION:
        height, width = (max(2, round(side * level / 2) * 2) for side in first.image.shape[:2])
        kind = cv2.INTER_AREA if level < 1 else cv2.INTER_CUBIC
        return replace(first, image=np.asarray(cv2.resize(first.image, (width, height), interpolation=kind), np.uint8))
    return first


def _reached(call: Call, over: str, level: float) -> float:
    """What the level came to in the clip that was made."""
    if over == LENGTH:
        return call.video_seconds
    return float(call.height * call.width) if over == RESOLUTION else level
