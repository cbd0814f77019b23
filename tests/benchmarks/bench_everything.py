"""What all metrics cost together, beside the six alone: the table of `docs/speed.md`.

Run by hand: `python tests/benchmarks/bench_everything.py ../shared/media` scores ten real clips in this process, on one
thread, the next clip standing for the generated one, and prints processor seconds. A metric's share is what its own
observer and comparisons take; what several metrics use is counted for the first that asks. The six are scored first,
the others with the six in the cache, so that what all cost together is a decode pass too high.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.choice import Choice
from bench.media.clip import Decoding
from bench.scoring.folders import FolderRules, score_folders
from bench.workers.pool import WorkerPool
from metrics.base.metric import ClipMetric, ClipObserver, PairedMetric, Statistics
from metrics.builtin import METRICS

SIX = ("fad-ge2e", "mcd", "stoi", "fid", "fvd", "fvmd-lk")
BEYOND = (
    "kid", "precision", "recall", "density", "coverage",
    "mouth-sync", "mouth-sync-lag", "mouth-sync-r", "identity", "identity-worst", "identity-drift",
    "blink-rate", "head-motion", "eye-opening", "gaze-spread",
    "voice-similarity", "pitch", "pace", "wer", "cer", "dnsmos", "dnsmos-sig", "dnsmos-bak", "plcmos",
    "loudness", "audible-speech", "flicker", "sharpness", "sharpness-drift", "noise-drift", "psnr", "ssim", "lpips",
)  # fmt: skip
CLIPS = (
    "grid_bbaf2n.mpg", "grid_brbk7n.mpg", "grid_lbax4n.mpg", "grid_lrwp9a.mpg", "grid_lwbsza.mpg",
    "vox2_idunknown_00086.mp4", "vox2_idunknown_00010.mp4", "vox2_idunknown_00473.mp4", "vox2_id05176_517600055.mp4",
    "vox2_id06209_620900105.mp4",
)  # fmt: skip
SECONDS = 2.4
SPENT: defaultdict[str, float] = defaultdict(float)


def main(media: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        real, generated = Path(folder, "real"), Path(folder, "generated")
        for place, name in enumerate(CLIPS):
            for side, source in ((real, name), (generated, CLIPS[place - 1])):
                side.mkdir(exist_ok=True)
                side.joinpath(f"{place}{Path(source).suffix}").symlink_to(media.resolve() / "real" / source)
            generated.joinpath(f"{place}.txt").write_text("place blue at f two now", encoding="utf-8")
        for metric in {METRICS[name] for name in (*SIX, *BEYOND)}:
            time_of(metric)
        cache = Path(folder, "cache")
        six = scored(real, generated, SIX, cache)
        everything = six + scored(real, generated, (*SIX, *BEYOND), cache)
    print("| metric | processor seconds |\n|---|---|")
    for name, seconds in sorted(SPENT.items(), key=lambda item: -item[1]):
        print(f"| `{name}` | {seconds:.1f} |")
    print(f"\nthe six {six:.1f} s, everything {everything:.1f} s, {everything / six:.2f} times as much")


def scored(real: Path, generated: Path, names: tuple[str, ...], cache: Path) -> float:
    """Processor seconds of one `score` of the first seconds of the clips."""
    start = time.process_time()
    choices = tuple(Choice(name=name, plugin=name) for name in names)
    pool, decoding = WorkerPool(1), Decoding(max_seconds=SECONDS)
    rules = FolderRules(max_failed=1.0)
    score_folders(real, generated, choices, decoding, "cpu", pool, cache, lambda made, *_: made, rules)
    return time.process_time() - start


def time_of(metric: type[ClipMetric]) -> None:
    """Count what a class of metrics spends."""
    observe: Callable[[Any], ClipObserver] = metric.observe
    metric.observe = lambda self: Timed(self.name, observe(self))  # type: ignore[method-assign, assignment]
    if issubclass(metric, PairedMetric):
        compare: Callable[..., Statistics] = metric.compare

        def timed(self: PairedMetric, reference: Statistics, generated: Statistics) -> Statistics:
            with counted(self.name):
                return compare(self, reference, generated)

        metric.compare = timed  # type: ignore[method-assign]


class Timed(ClipObserver):
    def __init__(self, name: str, observer: ClipObserver) -> None:
        self._name, self._observer = name, observer

    def frames(self, frames: NDArray[np.uint8]) -> None:
        with counted(self._name):
            self._observer.frames(frames)

    def waveform(self, waveform: NDArray[np.float32], sample_rate: int) -> None:
        with counted(self._name):
            self._observer.waveform(waveform, sample_rate)

    def finish(self) -> Callable[[], Statistics]:
        with counted(self._name):
            measured = self._observer.finish()

        def timed() -> Statistics:
            with counted(self._name):
                return measured()

        return timed


@contextmanager
def counted(name: str) -> Iterator[None]:
    start = time.process_time()
    try:
        yield
    finally:
        SPENT[name] += time.process_time() - start


if __name__ == "__main__":
    main(Path(sys.argv[1]))
