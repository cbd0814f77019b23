"""What a clip costs each metric, in processor seconds on one thread; writes docs/metrics/costs.yaml.

    python tests/benchmarks/bench_metric_costs.py            # all metrics that run here
    python tests/benchmarks/bench_metric_costs.py stoi mcd   # these anew, the others as they were

Processor time, since other programs on the machine do not count in it. The clip is the first of the bundled synthetic
corpus at 25 frames a second, decoded once for all; each metric sees it once before the timing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from bench import plugins
from bench.choice import Choice
from bench.environment import describe
from bench.media.audio import native_waveform
from bench.media.clip import frames
from bench.run.selection import clip_file, decoding_of, load_index
from bench.study import DatasetChoice, Protocol
from bench.workers.threads import single_thread
from metrics import ClipMetric, PairedMetric, Unmeasurable
from metrics import weights as store

TARGET = Path(__file__).resolve().parents[2] / "docs/metrics/costs.yaml"
SECONDS = 3.0


def clip() -> tuple[NDArray[np.uint8], NDArray[np.float32], int]:
    """Frames and sound of the clip, cut to `SECONDS`."""
    sample = load_index(DatasetChoice(name="synthetic", plugin="synthetic")).samples[0]
    file, decoding = clip_file(sample), decoding_of(Protocol(max_seconds=SECONDS))
    heard, rate = native_waveform(file.audio or file.video, SECONDS)
    return np.concatenate(list(frames(file.video, decoding))), heard, rate


def observed(metric: ClipMetric, video: NDArray[np.uint8], heard: NDArray[np.float32], rate: int) -> float:
    """Processor seconds that a clip takes, and that its comparison with a reference does."""
    start = time.process_time()
    observer = metric.observe()
    if "video" in metric.modalities:
        observer.frames(video)
    if "audio" in metric.modalities:
        observer.waveform(heard, rate)
    statistics = observer.finish()()
    if isinstance(metric, PairedMetric) and not metric.needs:  # what is held against a prompt has little left to do
        with suppress(Unmeasurable):
            metric.compare(statistics, statistics)
    return time.process_time() - start


def measured(names: Sequence[str]) -> Iterator[tuple[str, float]]:
    """The metrics whose weights are here."""
    here = {row.weights.name for row in store.status() if row.state == "verified"}
    video, heard, rate = clip()
    for name in names or plugins.available("metric"):
        try:
            metric = plugins.build_metric(Choice(name=name, plugin=name))
            if set(metric.weights) <= here:
                metric.prepare()
                observed(metric, video, heard, rate)
                yield name, observed(metric, video, heard, rate)
        except Exception as reason:  # a package or weights that this machine lacks
            print(f"{name}: left out, {reason}")


def main() -> None:
    with single_thread():
        found = {name: float(f"{spent:.2g}") for name, spent in measured(sys.argv[1:])}
    before = yaml.safe_load(TARGET.read_text(encoding="utf-8"))["seconds"] if sys.argv[1:] else {}
    told = {
        "heading": "processor seconds of one clip",
        "how": f"A clip of {SECONDS:g} s at 25 frames a second, on one thread of {describe('cpu')['processor']}, "
        "without decoding, with the comparison of a pair (`tests/benchmarks/bench_metric_costs.py`).",
        "seconds": dict(sorted((before | found).items())),
    }
    TARGET.write_text(yaml.safe_dump(told, sort_keys=False, width=1000), encoding="utf-8")


if __name__ == "__main__":
    main()
