"""The example of `narrator-bench agreement`: damages as generators, whose true ranking is known.

`python tests/benchmarks/bench_agreement.py` measures it and writes `docs/examples/agreement`, in a minute or two.
The speech of eight real clips is damaged by white noise in five strengths; a generator is one strength.
Only numbers are written, no clip is.
"""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path
from typing import Any

import torch

from metrics.base.metric import ClipMetric, PairedMetric
from metrics.builtin import make
from reports.results import Cell, Metric, Results, Study

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.damage_curves import observed, real_speech, talking_clips
from support.damages import NOISE

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("NARRATOR_BENCH_SHARED", ROOT.parent / "shared"))
FOLDER = ROOT / "docs" / "examples" / "agreement"
CLIPS, SECONDS = 8, 4
NAMES = ("mcd", "stoi", "stoi-dtw", "fad-ge2e")


def main() -> None:
    torch.set_num_threads(1)
    clips = talking_clips(SHARED)[:CLIPS]
    cells = _cells([real_speech(clip, SECONDS) for clip in clips])
    labels = [f"damage-{place}" for place in range(1, 6)]
    built = {name: make(name) for name in NAMES}
    study = Study(
        name="damages", seed=0, datasets=("voxceleb",), generators=tuple(labels),
        metrics={n: Metric(title=m.title, direction=m.direction, unit=m.unit) for n, m in built.items()},
    )  # fmt: skip
    FOLDER.mkdir(parents=True, exist_ok=True)
    notes = ("Speech of real clips with white noise in five strengths; see bench_agreement.py.",)
    Results(study=study, protocol={"fps": 25.0}, cells=tuple(cells), notes=notes).write(FOLDER / "results.json")
    pairs = [f"{better},{worse}" for better, worse in itertools.combinations(labels, 2)]
    (FOLDER / "preferences.csv").write_text("better,worse\n" + "\n".join(pairs) + "\n", encoding="utf-8")


def _cells(clips: list[Any]) -> list[Cell]:
    made = []
    for name in NAMES:
        metric = make(name)
        clean = _keyed(metric, clips)
        for place, strength in enumerate(NOISE.strengths, 1):
            damaged = _keyed(metric, [NOISE.apply(clip, strength) for clip in clips])
            if isinstance(metric, PairedMetric):
                score = metric.score({key: metric.compare(clean[key], damaged[key]) for key in clean})
            else:
                score = metric.score(clean, damaged)  # type: ignore[attr-defined]  # a DistributionMetric
            made.append(
                Cell(dataset="voxceleb", generator=f"damage-{place}", metric=name, value=score.value, missing=None,
                     n=score.n, low=score.low, high=score.high, direction=score.direction, unit=score.unit,
                     signature=score.signature, notes=score.notes, by_clip=dict(score.by_clip))
            )  # fmt: skip
            print(name, strength, score.value, flush=True)
    return made


def _keyed(metric: ClipMetric, clips: list[Any]) -> dict[str, Any]:
    return {f"clip{i}": statistics for i, statistics in enumerate(observed(metric, clips))}


if __name__ == "__main__":
    main()
