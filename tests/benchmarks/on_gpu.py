"""One step of `on_gpu.sh`: measures, and adds its part to the JSON file.

machine   clocks, rates of matrix products and copies
networks  windows or frames a second of Inception, I3D and PIPs++
narrator  the whole generator, paper sizes, random weights, float16: seconds per 10 s of clip by stage, peak memory,
          operations and their share of the measured rate of a matrix product
metrics   every metric on the GPU beside its value on the processor, and its throughput with decoding as a share of that
          of its network alone (Inception: fid, I3D: fvd, PIPs++: fvmd)
compiled  the denoising network through `torch.compile`: seconds, and whether its frames are the eager ones within
          `TOLERANCE` levels of 255, which rounding in float16 may move

A step that is ended for taking too long leaves what it has measured by then.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.choice import Choice
from bench.environment import describe
from bench.files import read_json, write_json
from bench.media.clip import Decoding
from bench.plugins import available
from bench.profiling.inspection import inspected
from bench.profiling.limits import Limits
from bench.profiling.machine import MachineWatch
from bench.profiling.memory import Peaks
from bench.profiling.metrics import profiled_metric
from bench.profiling.prompts import CORPUS, prompts_of
from bench.profiling.subject import Subject, subject
from bench.profiling.timing import kernel_seconds
from bench.run.selection import clip_file, load_index
from narrator.contract import Narration, Prompt

ROUNDS = 5
SECONDS = 10.0
"""Of clip, to which the generator's times are scaled."""
METRIC_CLIPS = 6
TOLERANCE = 4
DRY_GENERATOR = "cascade"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=list(STEPS))
    parser.add_argument("out", type=Path)
    parser.add_argument("--dry", action="store_true", help="on the processor, small")
    given = parser.parse_args()
    told, part = read_json(given.out) or {}, dict[str, Any]()
    start = time.perf_counter()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended: it took too long"))
    try:
        STEPS[given.step](given.dry, part)
    finally:
        part |= {"took": time.perf_counter() - start, "dry": given.dry}
        write_json(given.out, told | {given.step: part})


def machine(dry: bool, told: dict[str, Any]) -> None:
    """What the machine is, and the most that it can do."""
    device = place(dry)
    watch, limits = MachineWatch(device), Limits(device)
    kinds = ["float32"] if dry else ["float32", "float16", "bfloat16"]
    limits.arithmetic_seconds(dict.fromkeys(kinds, 1.0))
    limits.memory_seconds(1.0)
    told |= {
        "environment": describe(device),
        "machine": watch.seen().model_dump(mode="json"),
        "matmul": limits.matmul,
        "copy": limits.copy,
    }


def networks(dry: bool, told: dict[str, Any]) -> None:
    """Throughput of the metrics' networks, best of some rounds; weights matter to no time."""
    from metrics.motion.pips import PipsPlusPlus
    from metrics.video.i3d import i3d
    from metrics.video.inception import inception

    device = place(dry)
    pips = PipsPlusPlus().to(device).eval()
    side, points = (64, 4) if dry else (256, 400)
    tracked = torch.rand(points, 2, device=device) * side

    def track(frames: torch.Tensor) -> None:
        pips.track(pips.encode(frames), tracked)

    batches: dict[str, tuple[Callable[[torch.Tensor], Any], tuple[int, ...], int]] = {
        "inception, frames": (inception(2048, device), (1 if dry else 64, 3, 299, 299), 1 if dry else 64),
        "i3d, windows of 16": (i3d(device), (1 if dry else 8, 3, 16, 224, 224), 1 if dry else 8),
        "pips++, windows of 16": (track, (16, 3, side, side), 1),
    }
    with torch.inference_mode():
        for name, (network, shape, count) in batches.items():
            media = torch.rand(shape, device=device)
            network(media)
            best = min(kernel_seconds(lambda: network(media), device) for _ in range(1 if dry else ROUNDS))  # noqa: B023
            told[name] = {"batch": list(shape), "per_second": count / best}


def narrator(dry: bool, told: dict[str, Any]) -> None:
    """The generator through the contract: seconds by stage scaled to ten seconds of clip, memory, work."""
    made, prompt = generator(dry)
    made.call(prompt)
    peaks = Peaks(made.device)
    call = made.call(prompt)
    if call.error is not None:
        raise SystemExit(call.error)
    memory, scale = peaks.mib(), SECONDS / call.video_seconds
    _, counts = inspected(lambda: made.untimed(prompt), made.device)
    operations: dict[str, float] = {}
    for counted in counts.values():
        for kind, count in counted.operations.items():
            operations[kind] = operations.get(kind, 0.0) + count
    limits = Limits(made.device)
    told |= {
        "generator": made.choice.model_dump(mode="json"),
        "description": dict(made.generator.describe()),
        "clip_seconds": call.video_seconds,
        "seconds_per_10_s": call.seconds * scale,
        "first_frame": call.first_frame,
        "stages_per_10_s": {name: seconds * scale for name, seconds in call.stages.items()},
        "memory_mib": memory,
        "operations_per_10_s": {kind: count * scale for kind, count in operations.items()},
        "share_of_product_rate": limits.arithmetic_seconds(operations) / call.seconds,
        "matmul": limits.matmul,
        "same_bytes": made.untimed(prompt).digest == made.untimed(prompt).digest,
    }


def compiled(dry: bool, told: dict[str, Any]) -> None:
    """Eager against compiled on one clip: times, and how far the frames are apart."""
    made, prompt = generator(dry)
    steps = {} if dry else {"steps": 8}
    made = rebuilt(made, steps)
    eager = drawn(made, prompt)
    times = told["seconds"] = {"eager": made.call(prompt).seconds}
    if dry:
        told["missing"] = "a dry run compiles nothing"
        return
    made = rebuilt(made, {**steps, "compile": True})
    start = time.perf_counter()
    frames = drawn(made, prompt)
    told["first_call"] = time.perf_counter() - start
    times["compiled"] = made.call(prompt).seconds
    difference = np.abs(eager.astype(np.int16) - frames.astype(np.int16))
    told |= {
        "times_as_fast": times["eager"] / times["compiled"],
        "equal": not difference.any(),
        "within_tolerance": bool(difference.max() <= TOLERANCE),
        "tolerance": TOLERANCE,
        "largest_difference": int(difference.max()),
        "mean_difference": float(difference.mean()),
    }


def metrics(dry: bool, told: dict[str, Any]) -> None:
    """Every metric on the device, and on the processor where that is another."""
    index = load_index(CORPUS)
    clips = [clip_file(sample) for sample in index.samples[: 4 if dry else METRIC_CLIPS]]
    decoding = Decoding(max_seconds=1.0 if dry else 2.0)
    for name in ("stoi", "fvmd-lk") if dry else available("metric"):
        choice = Choice(name=name, plugin=name)
        try:
            for device in dict.fromkeys((place(dry), "cpu")):
                profile = profiled_metric(choice, clips, decoding, device)
                parts = profile.seconds
                beside = parts.get("decode", 0.0) + parts.get("network", 0.0)
                share = parts["network"] / beside if beside else None
                told.setdefault(name, {})[device] = profile.model_dump(mode="json") | {"share_with_decoding": share}
        except Exception as error:  # one metric that cannot be had must not hide the others
            told.setdefault(name, {})["error"] = f"{type(error).__name__}: {error}"


STEPS: Mapping[str, Callable[[bool, dict[str, Any]], None]] = {
    "machine": machine, "networks": networks, "narrator": narrator, "metrics": metrics, "compiled": compiled,
}  # fmt: skip


def place(dry: bool) -> str:
    return "cpu" if dry else "cuda"


def generator(dry: bool) -> tuple[Subject, Prompt]:
    options = {} if dry else {"preset": "paper", "device": "cuda", "dtype": "float16"}
    name = DRY_GENERATOR if dry else "narrator"
    (prompt,), _ = prompts_of(CORPUS, 1, 0)
    return subject(Choice(name=name, plugin=name, options=options), Path.cwd(), "", None), prompt


def rebuilt(made: Subject, options: dict[str, Any]) -> Subject:
    """The same generator with more options."""
    choice = made.choice.model_copy(update={"options": {**made.choice.options, **options}})
    return replace(subject(choice, Path.cwd(), "", None), time_limit=None)


def drawn(made: Subject, prompt: Prompt) -> np.ndarray:  # type: ignore[type-arg]
    narration = made.generator(prompt)
    assert isinstance(narration, Narration)
    return np.concatenate(list(narration.chunks()))


if __name__ == "__main__":
    main()
