"""Claims on planted numbers: what is so holds, what is not fails, and what the clips cannot show is not said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from bench.stress.claims import below, claims, within
from bench.stress.evidence import Evidence, changes, shift
from metrics.base.comparison import Difference
from reports.results import Cell, Claim, StressPoint

CLIPS = 12
METRICS = ("loudness", "sharpness", "eye-opening", "gaze-spread", "noise-drift", "sharpness-drift")
POINTS = {
    f"mine@{damage}": StressPoint(family="mine", damage=damage, part="voice", strength=strength)
    for damage, strength in (("voice-noise", -5.0), ("voice-feeble", -60.0), ("voice-silent", None))
} | {"mine@image-eyes-closed": StressPoint(family="mine", damage="image-eyes-closed", part="image")}


def cell(generator: str, metric: str, mean: float, spread: float, failed: Mapping[str, str] | None = None) -> Cell:
    """Numbers of clips with exactly this mean, and about this deviation, the same clips being hard for everyone."""
    noise = np.random.default_rng(5).standard_normal(CLIPS)
    own = np.random.default_rng(sum(map(ord, generator + metric))).standard_normal(CLIPS)
    values = mean + 3 * spread * (noise - noise.mean()) + spread * (own - own.mean())
    by_clip = {f"clip{i:02}": float(value) for i, value in enumerate(values) if f"clip{i:02}" not in (failed or {})}
    value = float(np.mean(list(by_clip.values()))) if by_clip else None
    return Cell(
        dataset="d", generator=generator, metric=metric, value=value, n=len(by_clip), failed=dict(failed or {}),
        missing=None if by_clip else "nothing", direction="lower", signature="s", by_clip=by_clip,
        details={"frame_1": 1.0, "frame_100": 2.0},
    )  # fmt: skip


def told(numbers: Mapping[tuple[str, str], tuple[float, float]], **more: Any) -> dict[str, Claim]:
    clean = {"loudness": (-25, 1), "sharpness": (20, 0.2), "eye-opening": (0.3, 0.01), "gaze-spread": (4, 0.3),
             "noise-drift": (0.0, 0.05), "sharpness-drift": (0.0, 0.1)}  # fmt: skip
    cells: dict[tuple[str, str, str], Cell] = {}
    for generator in ("mine", "ceiling", *POINTS):
        for metric in METRICS:
            mean, spread = numbers.get((generator, metric), clean[metric])
            cells["d", generator, metric] = cell(generator, metric, mean, spread)
    known: dict[str, Any] = {
        "dataset": "d", "family": "mine", "variants": POINTS, "columns": {m: m for m in METRICS}, "cells": cells,
        "ceiling": "ceiling", "sizes": {"clip00": ((10, 10), (10, 10))},
    }  # fmt: skip
    known["cells"] = cells | more.pop("cells", {})
    return {claim.claim: claim for claim in claims(Evidence(**known | more))}


LITTLE = "A noisy voice profile yields very little audio"
FINE = "With a noisy voice profile the frames stay fine"
CLOSED = "Closed eyes in the driving image persist in the video"
STUCK = "Gaze can stick in one direction"
NOISE = "No noise is gained over the clip"
SHARP = "No sharpness is lost over the clip"
SIZE = "The output stays at the driving image's resolution"


@pytest.mark.parametrize(
    ("claim", "place", "so", "not_so", "unclear"),
    [
        (LITTLE, ("mine@voice-noise", "loudness"), (-50, 1), (-26, 1), (-35, 8)),
        (FINE, ("mine@voice-noise", "sharpness"), (20.1, 0.2), (14, 0.2), (19, 0.3)),
        (CLOSED, ("mine@image-eyes-closed", "eye-opening"), (0.08, 0.01), (0.28, 0.01), (0.15, 0.03)),
        (STUCK, ("mine", "gaze-spread"), (0.5, 0.1), (3.9, 0.3), (2.0, 0.3)),
        (NOISE, ("mine", "noise-drift"), (0.0, 0.05), (3.0, 0.2), (0.5, 0.3)),
        (SHARP, ("mine", "sharpness-drift"), (0.2, 0.1), (-4.0, 0.2), (-1.0, 0.5)),
    ],
)
def test_what_is_planted_is_found(claim: str, place: tuple[str, str], so: Any, not_so: Any, unclear: Any) -> None:
    for numbers, verdict in ((so, "holds"), (not_so, "fails"), (unclear, "cannot be said")):
        found = told({place: numbers})[claim]
        assert found.verdict == verdict, found
        assert "(n = 12)" in found.evidence


def test_a_refusal_is_no_silence() -> None:
    """The known-wrong reading: clips that were never made would count as clips without a sound."""
    refused = dict.fromkeys((f"clip{i:02}" for i in range(CLIPS)), "not generated: the voice profile is silent")
    gone = {("d", "mine@voice-silent", metric): cell("mine@voice-silent", metric, 0, 1, refused) for metric in METRICS}
    found = told({}, cells=gone)["A blank voice profile yields very little audio"]
    assert found.verdict == "cannot be said"
    assert "12 x not generated: the voice profile is silent" in found.evidence


def test_the_worst_strength_that_was_narrated_is_looked_at() -> None:
    point = POINTS["mine@voice-feeble"].model_copy(update={"strength": -30.0})
    variants = POINTS | {"mine@soft": point}
    refused = dict.fromkeys((f"clip{i:02}" for i in range(CLIPS)), "not generated: silent")
    cells = {("d", "mine@voice-feeble", metric): cell("mine@voice-feeble", metric, 0, 1, refused) for metric in METRICS}
    cells |= {("d", "mine@soft", metric): cell("mine@soft", metric, -50, 1) for metric in METRICS}
    found = told({}, variants=variants, cells=cells)["A feeble voice profile yields very little audio"]
    assert found.verdict == "holds"
    assert found.evidence.startswith("mine@soft: loudness -25")
    assert found.evidence.endswith("no clip was narrated at -60 dB")


def test_only_clips_of_both_are_compared() -> None:
    """Where the loud half of the clips is refused, the rest is not softer than it was."""
    clean = {f"c{i}": -20.0 - 3 * i for i in range(12)}
    soft = {key: value for key, value in clean.items() if value < -35}
    difference = shift(clean, soft)
    assert difference is not None
    assert (difference.mean, difference.n) == (0, len(soft))
    assert shift(clean, {"other": 1.0}) is None


def test_few_clips_say_nothing() -> None:
    three = {f"clip{i:02}": "lost" for i in range(3, CLIPS)}
    cells = {
        ("d", g, "loudness"): cell(g, "loudness", m, 0.1, three) for g, m in (("mine", -20), ("mine@voice-noise", -60))
    }
    found = told({}, cells=cells)[LITTLE]
    assert found.verdict == "cannot be said"
    assert "n = 3: below 5 clips nothing is claimed" in found.evidence


def test_what_is_not_there_is_said() -> None:
    assert "does not measure loudness" in told({}, columns={})[LITTLE].evidence
    assert "hold the reference clips" in told({}, ceiling="")[STUCK].evidence
    assert told({}, sizes={})[SIZE].verdict == "cannot be said"
    other = told({}, sizes={"a": ((10, 12), (10, 12)), "b": ((10, 12), (8, 8))})[SIZE]
    assert (other.verdict, other.evidence) == (
        "fails", "1 of 2 clips have another size, for example 8 x 8 for an image of 10 x 12 pixels",
    )  # fmt: skip


def test_verdicts_at_their_borders() -> None:
    assert below(Difference(0, 9, 1, -2, -1), -0.5) == "holds"
    assert below(Difference(0, 9, 1, -0.4, 1), -0.5) == "fails"
    assert below(Difference(0, 9, 1, -2, 1), -0.5) == "cannot be said"
    assert within(Difference(0, 9, 1, -0.4, 0.4), 0.5) == "holds"
    assert within(Difference(0, 9, 1, 0.6, 1), 0.5) == "fails"
    assert within(Difference(0, 9, 1, -1, 0.4), 0.5) == "cannot be said"
    assert within(Difference(0, 2), 0.5) == "cannot be said"


def test_changes_are_of_variants_with_numbers_only() -> None:
    cells = [cell("mine", "mcd", 5, 0.1), cell("mine@voice-noise", "mcd", 6, 0.1), cell("other", "mcd", 6, 0.1)]
    (change,) = changes({"mine@voice-noise": POINTS["mine@voice-noise"]}, cells)
    assert (change.generator, change.n) == ("mine@voice-noise", CLIPS)
    assert change.difference == pytest.approx(1)
    assert change.low is not None
    assert change.low > 0.5
