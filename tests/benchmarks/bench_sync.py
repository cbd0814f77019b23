"""How often `mouth-sync` finds a shift of the sound: `python tests/benchmarks/bench_sync.py` prints the tables of
`docs/sync.md`, in about five minutes of one core.

All talking clips of the shared media are looked at, the real and the generated ones; of pictures with several panels
the generated panel.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.media.clip import Decoding, UnreadableClip, frames, waveform
from metrics.base.metric import Unmeasurable
from metrics.sync.mouth import Floats, mouth_shape, without_gaps
from metrics.sync.mouth_sync import CONVENTIONS, sync_curve
from metrics.video.face_mesh import FaceMeshTracker

SHARED = Path(os.environ.get("NARRATOR_BENCH_SHARED", Path(__file__).resolve().parents[3] / "shared"))
PANELS = {"sonic_grid_xyjy": slice(2048, 2560), "aniportrait_zl": slice(515, 1030), "makeittalk_pred": slice(256, 512)}
SHIFTS = (0, 2, 5, 10, 15)
OTHERS = 5
"""Sounds of other clips that each clip is measured with."""
FRAME, RATE = 640, 16000
REACH = CONVENTIONS["mouth-sync"].reach

Clip = tuple[Floats, NDArray[np.float32]]


def clips(folder: Path) -> Iterator[tuple[str, Clip]]:
    """Mouth shapes and sound of each clip that can be measured; why not of the others."""
    for path in sorted(file for file in folder.iterdir() if file.suffix in (".mp4", ".mpg")):
        tracker, panel = FaceMeshTracker(), PANELS.get(path.stem, slice(None))
        try:
            sound = waveform(path, Decoding())
            points = [tracker.track(frame[:, panel]) for chunk in frames(path, Decoding()) for frame in chunk]
            mouth = without_gaps([None if each is None else mouth_shape(each) for each in points])
            sync_curve(mouth, sound, RATE, REACH)
        except (UnreadableClip, Unmeasurable) as reason:
            print(f"left out: {path.name}: {reason}")
            continue
        yield path.stem, (mouth, sound)


def report(folder: str, measured: Mapping[str, Clip]) -> None:
    """Print a folder's tables."""
    hits: dict[int, list[bool]] = {shift: [] for shift in SHIFTS}
    own, others = [], []
    print(f"\n| {folder} | frames | own lag | found at {', '.join(map(str, SHIFTS[1:]))} | confidence | at lag 0 |")
    print("|---|---|---|---|---|---|")
    sounds = [sound for _, sound in measured.values()]
    for place, (name, (mouth, sound)) in enumerate(measured.items()):
        curves = [sync_curve(mouth, shifted(sound, shift), RATE, REACH) for shift in SHIFTS]
        lags = [int(curve.argmax()) - REACH for curve in curves]
        for shift, lag in zip(SHIFTS, lags, strict=True):
            hits[shift].append(abs(lag - lags[0] - shift) <= 1)
        own.append(confidence(curves[0]))
        for step in range(1, OTHERS + 1):
            other = sounds[(place + step) % len(sounds)]
            length = min(len(sound), len(other))
            if length // FRAME >= 2 * REACH + 13:
                curve = sync_curve(mouth[: length // FRAME], other[:length], RATE, REACH)
                others.append((place, confidence(curve)))
        told = ", ".join(str(lag) for lag in lags[1:])
        print(f"| `{name}` | {len(mouth)} | {lags[0]} | {told} | {own[-1]:.2f} | {curves[0][REACH]:.2f} |")
    shares = "; ".join(f"{shift}: {np.mean(found):.0%}" for shift, found in hits.items())
    print(f"\nfound within one frame, of {len(own)} clips: {shares}")
    low, high = np.quantile([area(own, others, np.random.default_rng(seed)) for seed in range(500)], [0.025, 0.975])
    print(f"own sound over another clip's: AUC {area(own, others):.2f} [{low:.2f}, {high:.2f}]")


def confidence(curve: Floats) -> float:
    return float(curve.max() - np.median(curve))


def area(own: list[float], others: list[tuple[int, float]], generator: np.random.Generator | None = None) -> float:
    """The share of pairs in which a clip's own sound wins; of clips drawn again, where a generator draws."""
    drawn = np.arange(len(own)) if generator is None else generator.integers(len(own), size=len(own))
    numbers = np.array(own)
    weights = np.bincount(drawn, minlength=len(own))
    wrong = np.array([value for _, value in others])
    weight = np.array([weights[place] for place, _ in others], float)
    wins = (numbers[drawn][:, None] > wrong) @ weight / weight.sum()
    return float(wins.mean())


def shifted(sound: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """The sound later by so many frames, silence before it."""
    return np.concatenate([np.zeros(count * FRAME, np.float32), sound])[: len(sound)]


if __name__ == "__main__":
    for folder in ("real", "generated"):
        report(folder, dict(clips(SHARED / "media" / folder)))
