"""What a large study costs beside its networks, for docs/plan.md: time and memory, stage by stage.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_scale.py stored --clips 5000 50000
    OMP_NUM_THREADS=1 python tests/benchmarks/bench_scale.py score --clips 500 5000
    OMP_NUM_THREADS=1 python tests/benchmarks/bench_scale.py study --generators 20 --datasets 4 --clips 100
    OMP_NUM_THREADS=1 python tests/benchmarks/bench_scale.py hour --seconds 3600

`stored` writes per-clip statistics as measuring would, scores and resamples them. `score` measures tiny clips, distinct
by a few bytes at their ends. `study` runs a study whose generators cost nothing. `hour` scores one long clip against
itself. Each step runs in a process of its own, whose peak memory and processor time are its own; --folder keeps what is
made, so that a measurement can be done in pieces.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

VECTORS = {"fid": (2048, 2), "fvd": (400, 2), "fad-ge2e": (256, 3), "kid": (2048, 1)}
"""Length of a feature vector, and how many a stored clip has."""
SEEDS = 20
"""Clips that are really encoded."""
RATE, FPS = 16000, 25


def stored(arguments: argparse.Namespace) -> None:
    """Write and score statistics of many clips."""
    for clips in arguments.clips:
        folder = arguments.folder / f"stored-{clips}"
        names = arguments.metrics.split(",")
        write = step(_write_statistics, folder, clips, names)
        size = sum(path.stat().st_size for path in folder.rglob("*.stats"))
        print(f"{clips} clips, written: {write['seconds']:.1f} s, {size / 2 / clips:.0f} bytes a clip", flush=True)
        for name in names:
            told = step(_score_statistics, folder, clips, name)
            print(
                f"{clips} clips, {name}: {told['seconds']:.1f} s, {told['processor']:.1f} s of processor, "
                f"peak {told['peak_mib']:.0f} MiB; {told['result']}",
                flush=True,
            )


def _write_statistics(folder: Path, clips: int, names: list[str]) -> str:
    from bench.scoring.pairs import Pair
    from bench.scoring.store import StatisticsStore, save
    from metrics.base.metric import PairedMetric

    for name in names:
        metric, measuring = _measuring(folder, name)
        store = StatisticsStore(measuring.store, metric)
        for number in range(clips):
            random = np.random.default_rng(number)
            if isinstance(metric, PairedMetric):
                path = store.pair(Pair(_identity("r", number), _identity("g", number)))
                if not path.exists():
                    save(path, {"value": np.array(random.normal(8.0, 2.0))})
                continue
            width, vectors = VECTORS[name]
            for side, shift in (("r", 0.0), ("g", 0.1)):
                path = store.clip(_identity(side, number))
                if not path.exists():
                    features = random.standard_normal((vectors, width), dtype=np.float32) + np.float32(shift)
                    save(path, {"features": features})
        for modality in sorted(metric.modalities):
            length = StatisticsStore(measuring.store, measuring.length(modality))
            for side, number in itertools.product("rg", range(clips)):
                path = length.clip(_identity(side, number))
                if not path.exists():
                    save(path, {"seconds": np.array(1.0)})
    return ""


def _score_statistics(folder: Path, clips: int, name: str) -> str:
    from bench.choice import Choice
    from bench.scoring.cells import Pairing, Scoring
    from bench.workers.threads import single_thread

    _, measuring = _measuring(folder, name)
    keys = [f"clip{number:06}" for number in range(clips)]
    sides = [{key: _identity(side, number) for number, key in enumerate(keys)} for side in "rg"]
    with single_thread():
        _, score = Scoring(measuring, {}).cell(Choice(name=name), Pairing(*sides, {}))
    return f"value {score.value:.6g} [{score.low:.6g}, {score.high:.6g}], n = {score.n}"


def _measuring(folder: Path, name: str) -> tuple[Any, Any]:
    from bench.choice import Choice
    from bench.media.clip import Decoding
    from bench.plugins import built_metric
    from bench.scoring.measure import Measuring

    choice = Choice(name=name)
    return built_metric(choice, "cpu"), Measuring(folder, Decoding(), (choice,), "cpu")


def _identity(side: str, number: int) -> str:
    from bench import fingerprint

    return fingerprint.of_json([side, number])


def step(function: Callable[..., str], *arguments: Any) -> dict[str, Any]:
    """What a function said in a process of its own, and what it cost there."""
    handed = json.dumps([function.__name__, [str(a) if isinstance(a, Path) else a for a in arguments]])
    done = subprocess.run(
        [sys.executable, __file__, "step", handed], stdout=subprocess.PIPE, text=True, check=True, timeout=3600
    )
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _step(handed: str) -> None:
    name, arguments = json.loads(handed)
    start, processor = time.perf_counter(), time.process_time()
    result = globals()[name](Path(arguments[0]), *arguments[1:])
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = {
        "seconds": time.perf_counter() - start,
        "processor": time.process_time() - processor + children.ru_utime + children.ru_stime,
        "peak_mib": max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, children.ru_maxrss) / 1024,
        "result": result,
    }
    print(json.dumps(told))


def main() -> None:
    if sys.argv[1:2] == ["step"]:
        _step(sys.argv[2])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["stored"])
    parser.add_argument("--clips", type=int, nargs="+", default=[500, 5000])
    parser.add_argument("--metrics", default="mcd,fad-ge2e,fvd,fid")
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        arguments.folder = arguments.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        {"stored": stored}[arguments.what](arguments)


if __name__ == "__main__":
    main()
