"""Outputs of real generators beside real clips, each clip's own numbers: the table of `docs/beyond-six.md`.

Run by hand: `python tests/benchmarks/bench_generators.py ../shared/media CACHE` measures the first four seconds of each
clip and prints the table; killed, it goes on where it stopped. Faces are held against the clip's own first face.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.choice import Choice
from bench.media.clip import Decoding
from bench.media.clip_file import ClipFile
from bench.scoring.measure import Measuring, MeasuringTask, measure
from bench.scoring.store import StatisticsStore, load
from metrics.base.asked import Asked
from metrics.base.metric import PairedMetric, Statistics, Unmeasurable
from metrics.builtin import make
from metrics.video.face_motion import BlinkRate, HeadMotion

DECODING = Decoding(max_seconds=4.0)
NAMES = (
    "mouth-sync", "mouth-sync-lag", "mouth-sync-r", "identity", "identity-worst", "identity-drift", "blink-rate",
    "head-motion", "eye-opening", "gaze-spread", "pitch", "pace", "wer", "dnsmos", "dnsmos-sig", "dnsmos-bak", "plcmos",
    "loudness", "flicker", "sharpness",
)  # fmt: skip
REAL = (
    "grid_bbaf2n", "grid_lwbsza", "vox2_id06811_681100216", "vox2_id07414_741400104", "vox2_idunknown_00015",
    "aniportrait_pose_ref_video", "retalking_face_2", "retalking_face_4", "liveportrait_d20",
    "visualvoice_noisy_restaurant",
)  # fmt: skip


def main(media: Path, cache: Path) -> None:
    rows = list(csv.DictReader(media.joinpath("manifest.tsv").open(encoding="utf-8"), delimiter="\t"))
    texts = {row["file"]: row["transcript"] for row in rows}
    files = [name for name in texts if name.startswith("generated/") or Path(name).stem in REAL]
    measuring = Measuring(cache, DECODING, tuple(Choice(name=name, plugin=name) for name in NAMES), "cpu")
    metrics = {name: make(name) for name in NAMES}
    print("| clip |", " | ".join(f"`{name}`" for name in NAMES), "|\n|---|" + "---|" * len(NAMES))
    for name in sorted(files):
        clip = ClipFile(media / name)
        identity = clip.identity(DECODING)
        measure(MeasuringTask(measuring, {identity: clip}))
        told = [
            number(metric, StatisticsStore(cache, metric).clip(identity), texts[name]) for metric in metrics.values()
        ]
        print(f"| `{Path(name).stem}` |", " | ".join(told), "|", flush=True)


def number(metric: Any, kept: Path, text: str) -> str:
    """A clip's own number, or a dash."""
    try:
        return f"{own(metric, load(kept), text):.3g}"
    except Unmeasurable as reason:
        print(f"<!-- {metric.name}: {reason} -->")
        return "-"


def own(metric: PairedMetric, clip: Statistics, text: str) -> float:
    if isinstance(metric, BlinkRate | HeadMotion):
        return metric._number(clip)
    absolute: Mapping[str, Callable[[], float]] = {
        "pitch": lambda: float(2 ** clip["voice"][0]),
        "pace": lambda: float(clip["voice"][0]),
    }
    if metric.name in absolute:
        return absolute[metric.name]()
    reference = dict(clip)
    if metric.name == "wer":
        reference = dict(metric.asked(Asked(text or None)))
    return float(np.asarray(metric.compare(reference, clip)["value"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
