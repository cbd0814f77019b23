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
import io
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from stage_clock import Clock

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


def score(arguments: argparse.Namespace) -> None:
    """Score tiny clips, half of them real and half generated."""
    for clips in arguments.clips:
        folder = arguments.folder / f"clips-{clips}"
        print(step(_make_clips, folder, clips)["result"], flush=True)
        told = step(_score_clips, folder, arguments.metrics)
        print(f"{clips} clips: {told['seconds']:.1f} s, {told['processor']:.1f} s of processor, "
              f"peak {told['peak_mib']:.0f} MiB; {told['result']}", flush=True)  # fmt: skip


def _make_clips(folder: Path, clips: int) -> str:
    for side, noise in (("real", 0.01), ("generated", 0.05)):
        _tiny_clips(folder / side, clips // 2, noise)
    return f"{clips} clips in {folder.name}"


def _tiny_clips(folder: Path, clips: int, noise: float, size: int = 64, seconds: float = 1.2) -> None:
    """Clips that are distinct by a box of a few bytes at their end, which players skip."""
    from bench.files import atomic
    from bench.media.writing import write_clip

    for number in range(clips):
        target = folder / f"{number:06}.mp4"
        if target.exists():
            continue
        seed = folder / f".seed{number % SEEDS}.mp4"
        if not seed.exists():
            write_clip(seed, _pictures(number, noise, size, seconds), FPS, _voice(number, noise, seconds), RATE)
            os.chmod(seed.with_suffix(".wav"), 0o644)
        if not target.with_suffix(".wav").exists():
            os.link(seed.with_suffix(".wav"), target.with_suffix(".wav"))
        mark = number.to_bytes(8, "big")
        with atomic(target) as temporary:
            temporary.write_bytes(seed.read_bytes() + (8 + len(mark)).to_bytes(4, "big") + b"free" + mark)


def _pictures(number: int, noise: float, size: int, seconds: float) -> Iterator[Any]:
    random = np.random.default_rng(number)
    across = np.arange(size) + random.uniform(0, 9)
    for frame in range(int(seconds * FPS)):
        grey = 128 + 60 * np.sin((across[:, None] + across + frame) / 7)
        noisy = grey[None, :, :, None] + 100 * noise * random.standard_normal((1, size, size, 3))
        yield noisy.clip(0, 255).astype(np.uint8)


def _voice(number: int, noise: float, seconds: float) -> Any:
    random = np.random.default_rng(number)
    moments = np.arange(int(seconds * RATE)) / RATE
    voice = sum(np.sin(2 * np.pi * (90 + number % SEEDS) * k * moments) / k for k in range(1, 16))
    loudness = 0.1 * (1 + np.sin(2 * np.pi * 4 * moments))
    return (loudness * voice + noise * random.standard_normal(len(moments))).astype(np.float32)


def _score_clips(folder: Path, metrics: str) -> str:
    """`score` in this process, with a clock on each stage."""
    clock = Clock()
    _time_measuring(clock)
    values = {name: score["value"] for name, score in _scored(folder, metrics).items()}
    return f"{clock}; {values}"


def _scored(folder: Path, metrics: str, *more: str) -> dict[str, Any]:
    """What `score --json` says of a folder's two sides, in this process."""
    sides = ["--real", str(folder / "real"), "--generated", str(folder / "generated")]
    told = _commanded("score", *sides, "--cache", str(folder / "cache"), "--metrics", metrics, "--workers", "1",
                      "--no-bounds", "--json", *more)  # fmt: skip
    scores: dict[str, Any] = json.loads(told)
    return scores


def _commanded(*words: str) -> str:
    """What a command of ours prints, in this process."""
    from bench.cli.app import main as command

    sys.argv = ["narrator-bench", *words]
    with contextlib.redirect_stdout(io.StringIO()) as told, contextlib.suppress(SystemExit):
        command()
    return told.getvalue()


def _time_measuring(clock: Clock) -> None:
    with clock.stage("start"):
        import bench.cli.scores  # noqa: F401
        from bench.media import clip_file
        from bench.scoring import cells, folders, measure
        from metrics.base.metric import DistributionMetric, PairedMetric
        from metrics.builtin import make

        for name in ("fid", "fvd", "fad-ge2e", "mcd", "stoi", "fvmd-lk"):
            make(name)
    for name in ("native_waveform", "resampled"):
        clock.times(measure, name, "decode")
    clock.times(clip_file, "frames", "decode")
    for name in ("show_frames", "show_sound"):
        clock.times(measure._Pass, name, "networks")
    finish = measure._Pass.finish

    def finished(observing: Any) -> Any:
        pending = finish(observing)
        for path, each in pending.items():
            holder = SimpleNamespace(call=each)
            clock.times(holder, "call", "networks")
            pending[path] = holder.call
        return pending

    measure._Pass.finish = finished  # type: ignore[method-assign]
    clock.times(PairedMetric, "paired", "networks")
    clock.times(measure, "_kept", "statistics")
    clock.times(measure, "save", "statistics")
    clock.times(measure, "discard_damaged", "statistics")
    clock.times(cells, "load", "statistics")
    clock.times(cells, "kept_reason", "statistics")
    clock.times(folders, "identities", "hash")
    clock.times(folders, "found_clips", "find")
    for metric in (PairedMetric, DistributionMetric):
        clock.times(metric, "score", "reduce")


def study(arguments: argparse.Namespace) -> None:
    """A study whose generators are folders of clips that are there."""
    folder = arguments.folder / f"study-{arguments.generators}-{arguments.datasets}-{arguments.clips[0]}"
    sizes = arguments.generators, arguments.datasets, arguments.clips[0]
    print(step(_make_study, folder, *sizes)["result"], flush=True)
    for again in ("first", "again"):
        told = step(_run_study, folder, arguments.metrics)
        print(f"{again}: {told['seconds']:.1f} s, {told['processor']:.1f} s of processor, "
              f"peak {told['peak_mib']:.0f} MiB; {told['result']}", flush=True)  # fmt: skip
    run = folder / "run"
    for name in ("results.json", "clip_scores.json", "costs.json", "report/index.html"):
        print(f"{name}: {(run / name).stat().st_size} bytes")
    files = Counter(path.relative_to(run).parts[0] for path in run.rglob("*") if path.is_file())
    print("files:", dict(files), "most in a folder:", max(Counter(p.parent for p in run.rglob("*")).values()))


def _make_study(folder: Path, generators: int, datasets: int, clips: int) -> str:
    import yaml

    for number in range(datasets):
        _tiny_clips(folder / f"real{number}", clips, 0.01 + number / 1000)
        for path in sorted((folder / f"real{number}").glob("*.mp4")):
            path.with_suffix(".txt").write_text("Some words.", encoding="utf-8")
    _tiny_clips(folder / "made", clips, 0.05)
    content = {
        "name": "scale", "seed": 1, "protocol": {"max_seconds": 1.2}, "bounds": False,
        "datasets": [{"name": f"set{n}", "plugin": "folder", "root": str(folder / f"real{n}"), "clips": clips}
                     for n in range(datasets)],
        "generators": [{"name": f"made{n:02}", "plugin": "folder", "options": {"root": str(folder / "made")}}
                       for n in range(generators)],
    }  # fmt: skip
    (folder / "study.json").write_text(yaml.safe_dump(content), encoding="utf-8")
    return f"{generators} generators, {datasets} datasets, {clips} clips"


def _run_study(folder: Path, metrics: str) -> str:
    import yaml

    content = yaml.safe_load((folder / "study.json").read_text(encoding="utf-8"))
    (folder / "study.yaml").write_text(yaml.safe_dump(content | {"metrics": metrics.split(",")}), encoding="utf-8")
    clock = Clock()
    _time_run(clock)
    _commanded("run", str(folder / "study.yaml"), "--out", str(folder / "run"), "--workers", "1")
    return str(clock)


def _time_run(clock: Clock) -> None:
    _time_measuring(clock)
    import reports
    import reports.rendering
    from bench.run import collect, execute, generate, plan
    from reports.results import Results

    clock.times(execute, "select", "select")
    clock.times(execute, "unfinished", "plan")
    clock.times(plan, "is_done", "plan: whole?")
    clock.times(execute, "generate", "generate")
    clock.times(generate, "store_finished", "encode")
    clock.times(execute, "measure_all", "measure")
    clock.times(execute, "collect", "collect")
    clock.times(collect, "record_of", "collect: records")
    clock.times(execute.Execution, "identify", "identify")
    clock.times(Results, "write", "write results")
    clock.times(Results, "read", "read results")
    clock.times(reports, "render", "report")


def hour(arguments: argparse.Namespace) -> None:
    """One long clip against itself with other noise, metric by metric."""
    for seconds in arguments.seconds:
        folder = arguments.folder / f"hour-{seconds}"
        print(step(_make_hour, folder, seconds)["result"], flush=True)
        for name in arguments.metrics.split(","):
            told = step(_score_hour, folder, name)
            print(f"{seconds} s, {name}: {told['seconds']:.1f} s, peak {told['peak_mib']:.0f} MiB; {told['result']}",
                  flush=True)  # fmt: skip


def _make_hour(folder: Path, seconds: int) -> str:
    from bench.files import atomic
    from bench.media.writing import write_clip, write_wav

    for side, noise in (("real", 0.01), ("generated", 0.05)):
        minute, clip = folder / f"{side}.mp4", folder / side / "long.mp4"
        if not clip.exists():
            write_clip(minute, _pictures(0, noise, 32, 60), FPS, np.zeros(0, np.float32), RATE)
            write_wav(clip.with_suffix(".wav"), np.tile(_voice(0, noise, 60), seconds // 60), RATE)
            with atomic(clip) as temporary:
                _repeat(minute, temporary, seconds // 60)
    return f"two clips of {seconds} s"


def _repeat(source: Path, target: Path, times: int) -> None:
    """Put a minute of pictures many times in a row without encoding it again."""
    import av

    with av.open(str(target), "w", format="mp4") as made:
        stream = None
        for number in range(times):
            with av.open(str(source)) as read:
                stream = stream or made.add_stream_from_template(read.streams.video[0])
                for packet in read.demux(video=0):
                    if packet.dts is not None:
                        assert packet.pts is not None
                        assert packet.time_base is not None
                        shift = round(60 * number / packet.time_base)
                        packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                        made.mux(packet)


def _score_hour(folder: Path, metric: str) -> str:
    scores = _scored(folder, metric, "--max-seconds", "3600")
    return str({name: (score["value"], score["missing"]) for name, score in scores.items()})


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
    parser.add_argument("what", choices=["stored", "score", "study", "hour"])
    parser.add_argument("--clips", type=int, nargs="+", default=[500, 5000])
    parser.add_argument("--metrics", default="mcd,fad-ge2e,fvd,fid")
    parser.add_argument("--generators", type=int, default=20)
    parser.add_argument("--datasets", type=int, default=4)
    parser.add_argument("--seconds", type=int, nargs="+", default=[600, 3600])
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        arguments.folder = arguments.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        {"stored": stored, "score": score, "study": study, "hour": hour}[arguments.what](arguments)


if __name__ == "__main__":
    main()
