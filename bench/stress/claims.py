"""The claims of the paper's supplement (its sections 3 and 4, Figures 1-4), each decided by what a study measured.

A claim *holds* where the whole 95 % interval of what it is about lies on its side of a stated margin, *fails* where the
whole interval lies on the other side, and else *cannot be said*, with the reason. Nothing is judged by eye.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from bench.stress.evidence import Evidence, shift
from metrics.base.comparison import Difference, paired_difference
from metrics.base.intervals import FEWEST
from reports.footnotes import counted_reasons
from reports.results import Cell, Claim

LITTLE_AUDIO = 10.0
"""dB: softer by more than this is "very little audio"; 10 dB are heard as half as loud (Stevens 1955)."""
FINE_FRAMES = 1.0
"""dB of sharpness: within this, frames "stay fine", and a clip keeps its sharpness."""
PERSISTING = 0.5
"""Share of the open eyes' opening, below which the eyes of an output count as closed."""
STUCK = 0.5
"""Share of the gaze spread of the reference clips, below which a gaze is stuck."""
NO_NOISE = 0.5
"""Grey levels: a gain of less than half a step is none."""

Verdict = Literal["holds", "fails", "cannot be said"]
Judged = tuple[Verdict, str]
_PROFILES = {"voice-noise": "noisy", "voice-feeble": "feeble", "voice-silent": "blank"}


def claims(evidence: Evidence) -> list[Claim]:
    """Every claim that is about something in the study: one sentence each with the numbers that decide it."""
    judged: list[tuple[str, Judged]] = []
    for damage, called in _PROFILES.items():
        if (worst := evidence.severest(damage)) is not None:
            variant, beyond = worst
            for claim, (verdict, words) in (
                (f"A {called} voice profile yields very little audio", _softer(evidence, variant)),
                (f"With a {called} voice profile the frames stay fine", _as_sharp(evidence, variant)),
            ):
                judged.append((claim, (verdict, words + beyond)))
    if (worst := evidence.severest("image-eyes-closed")) is not None:
        judged.append(("Closed eyes in the driving image persist in the video", _closed(evidence, worst[0])))
    judged += [
        ("Gaze can stick in one direction", _stuck(evidence)),
        ("No noise is gained over the clip", _noise(evidence)),
        ("No sharpness is lost over the clip", _sharpness(evidence)),
        ("The output stays at the driving image's resolution", _resolution(evidence)),
    ]
    return [
        Claim(dataset=evidence.dataset, generator=evidence.family, claim=claim, verdict=verdict, evidence=words)
        for claim, (verdict, words) in judged
    ]


def below(difference: Difference, margin: float) -> Verdict:
    """Whether a mean lies below a margin."""
    if difference.low is None or difference.high is None:
        return "cannot be said"
    return "holds" if difference.high < margin else "fails" if difference.low > margin else "cannot be said"


def within(difference: Difference, margin: float) -> Verdict:
    """Whether a mean lies less than a margin away from zero: "fails" where the whole interval lies further away."""
    if difference.low is None or difference.high is None:
        return "cannot be said"
    if -margin < difference.low and difference.high < margin:
        return "holds"
    return "fails" if difference.low > margin or difference.high < -margin else "cannot be said"


def _softer(evidence: Evidence, variant: str) -> Judged:
    return _of_change(
        evidence, variant, "loudness",
        lambda change, _: (below(change, -LITTLE_AUDIO), f"very little: more than {LITTLE_AUDIO:g} dB softer"),
        "loudness", "dB",
    )  # fmt: skip


def _as_sharp(evidence: Evidence, variant: str) -> Judged:
    return _of_change(
        evidence, variant, "sharpness",
        lambda change, _: (within(change, FINE_FRAMES), f"fine: within {FINE_FRAMES:g} dB"),
        "sharpness", "dB",
    )  # fmt: skip


def _closed(evidence: Evidence, variant: str) -> Judged:
    def decide(change: Difference, clean: Cell) -> Judged:
        open_eyes = clean.value or 0.0
        margin = -(1 - PERSISTING) * open_eyes
        return below(change, margin), f"closed: less than half of the {open_eyes:.3f} with open eyes"

    return _of_change(evidence, variant, "eye-opening", decide, "eye opening")


def _of_change(
    evidence: Evidence,
    variant: str,
    metric: str,
    decide: Callable[[Difference, Cell], Judged],
    what: str,
    unit: str = "",
) -> Judged:
    """A claim on how far a damage moves a metric."""
    clean, cell = evidence.cell(evidence.family, metric), evidence.cell(variant, metric)
    if clean is None or cell is None:
        return "cannot be said", f"the study does not measure {metric}"
    if not clean.by_clip or not cell.by_clip:
        lacking = cell if clean.by_clip else clean
        return "cannot be said", f"{lacking.generator} has no {metric}: {counted_reasons(lacking.failed) or 'no clips'}"
    change = shift(clean.by_clip, cell.by_clip)
    if change is None:
        return "cannot be said", f"{variant} and {evidence.family} share no clip"
    verdict, margin = decide(change, clean)
    lost = f"; {len(cell.failed)} of {cell.n + len(cell.failed)} clips lack it" if cell.failed else ""
    return verdict, f"{variant}: {what} {_told(change, unit)} ({margin}){lost}"


def _stuck(evidence: Evidence) -> Judged:
    own, real = evidence.cell(evidence.family, "gaze-spread"), evidence.cell(evidence.ceiling, "gaze-spread")
    if own is None or real is None:
        what = "measure gaze-spread" if own is None else "hold the reference clips (ceiling) to compare with"
        return "cannot be said", f"the study does not {what}"
    excess = shift({key: STUCK * value for key, value in real.by_clip.items()}, own.by_clip)
    if excess is None:
        lacking = own if not own.by_clip else real
        return "cannot be said", f"{lacking.generator} has no gaze-spread: {counted_reasons(lacking.failed)}"
    spread = f"gaze spread {own.value:.2f} deg" if own.value is not None else "gaze spread"
    return below(excess, 0.0), (
        f"{spread}, {_told(excess, 'deg')} beside half of the reference clips' (stuck: below that half)"
    )


def _noise(evidence: Evidence) -> Judged:
    return _of_drift(
        evidence, "noise-drift",
        lambda drift: (below(drift, NO_NOISE), f"gained: more than {NO_NOISE:g}"), "noise", "grey levels",
    )  # fmt: skip


def _sharpness(evidence: Evidence) -> Judged:
    def decide(drift: Difference) -> Judged:
        flipped: dict[Verdict, Verdict] = {"holds": "fails", "fails": "holds"}
        verdict = below(drift, -FINE_FRAMES)
        return flipped.get(verdict, verdict), f"lost: more than {FINE_FRAMES:g} dB less"

    return _of_drift(evidence, "sharpness-drift", decide, "sharpness", "dB")


def _of_drift(evidence: Evidence, metric: str, decide: Callable[[Difference], Judged], what: str, unit: str) -> Judged:
    """A claim on what becomes of the prompts as they are, from the first frame to the last looked at."""
    cell = evidence.cell(evidence.family, metric)
    if cell is None:
        return "cannot be said", f"the study does not measure {metric}"
    if not cell.by_clip:
        return "cannot be said", f"{cell.generator} has no {metric}: {counted_reasons(cell.failed) or 'no clips'}"
    drift = mean_of(cell.by_clip)
    verdict, margin = decide(drift)
    last = max((int(name.removeprefix("frame_")) for name in cell.details if name.startswith("frame_")), default=0)
    lost = f"; {len(cell.failed)} of {cell.n + len(cell.failed)} clips are too short or lack it" if cell.failed else ""
    return verdict, f"{what} {_told(drift, unit)} from frame 1 to frame {last} ({margin}){lost}"


def _resolution(evidence: Evidence) -> Judged:
    sizes = evidence.sizes
    if not sizes:
        return "cannot be said", "no clip was generated"
    other = [pair for pair in sizes.values() if pair[0] != pair[1]]
    if not other:
        return "holds", f"all {len(sizes)} clips have the size of their driving images"
    (width, height), (wide, high) = other[0]
    return "fails", (
        f"{len(other)} of {len(sizes)} clips have another size, for example {wide} x {high} for an image of"
        f" {width} x {height} pixels"
    )


def mean_of(by_clip: Mapping[str, float]) -> Difference:
    """The mean of single numbers with its interval, as their difference from zero."""
    values = np.array([by_clip[key] for key in sorted(by_clip)])
    return paired_difference(np.zeros_like(values), values)


def _told(difference: Difference, unit: str = "") -> str:
    after = f" {unit}" if unit else ""
    if difference.low is None or difference.high is None:
        return f"{difference.mean:+.3g}{after} (n = {difference.n}: below {FEWEST} clips nothing is claimed)"
    low, high = f"{difference.low:+.3g}", f"{difference.high:+.3g}"
    return f"{difference.mean:+.3g} [{low}, {high}]{after} (n = {difference.n})"
