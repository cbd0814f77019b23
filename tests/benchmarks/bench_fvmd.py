"""Time FVMD beside the package fvmd 1.0.0 in one process, on one thread, taking turns; least processor time counts.

    python tests/benchmarks/bench_fvmd.py fvmd-1.0.0 [ROUNDS]

where fvmd-1.0.0 is its unpacked wheel, see `tests/reference/make_fvmd_goldens.py`. A round takes about a minute.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from metrics.motion.grid import WINDOW, grid_points
from metrics.motion.histograms import motion_histograms
from metrics.motion.lucas_kanade import LucasKanade
from metrics.motion.pips import PipsPlusPlus

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))
from make_fvmd_goldens import make_importable


def best(rounds: int, *functions: Callable[[], object]) -> list[float]:
    """Least processor seconds of each function, called in turns; a busy machine hardly moves them."""
    seconds = [float("inf")] * len(functions)
    for _ in range(rounds):
        for place, function in enumerate(functions):
            start = time.process_time()
            function()
            seconds[place] = min(seconds[place], time.process_time() - start)
    return seconds


def report(what: str, seconds: Sequence[float]) -> None:
    ours, theirs = seconds
    print(f"{what}: {ours * 1e3:.2f} ms, the package {theirs * 1e3:.2f} ms, {theirs / ours:.1f} times as fast")


def main(package: str, rounds: int = 3) -> None:
    make_importable(package)
    from fvmd.extract_motion_features import calc_hist
    from fvmd.keypoint_tracking import calc_acceleration, calc_velocity
    from fvmd.nets.pips2 import Pips
    from support.seeded_pips import seeded_frames, seeded_tracks, seeded_weights

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    tracks = seeded_tracks(0, windows=1)

    def package_histogram() -> None:
        velocity = calc_velocity(torch.from_numpy(tracks))
        for vectors in (velocity, calc_acceleration(velocity)):
            calc_hist(vectors.numpy())

    report("histogram of a window", best(50, lambda: motion_histograms(tracks[0]), package_histogram))

    frames = seeded_frames()
    images = [*frames.permute(0, 2, 3, 1).numpy().astype(np.uint8)] * 3
    tracker = LucasKanade().start(torch.device("cpu"))
    (seconds,) = best(1, lambda: [tracker.track(image) for image in images])
    print(f"Lucas-Kanade, all windows of a stream: {seconds / len(images) * 1e3:.1f} ms a frame")

    theirs, ours = Pips(stride=8).eval(), PipsPlusPlus().eval()
    weights = seeded_weights({name: value.shape for name, value in theirs.state_dict().items()})
    theirs.load_state_dict(weights)
    ours.load_state_dict(weights)
    points = torch.from_numpy(grid_points())
    with torch.inference_mode():
        features = ours.encode(frames)

        def next_window() -> None:
            ours.encode(frames[:1])
            ours.track(features, points)

        def package_window() -> None:
            theirs(points.repeat(1, WINDOW, 1, 1), frames[None], iters=16, beautify=True)

        ours.track(features, points[:4])
        report("PIPs++, one more frame of a stream", best(rounds, next_window, package_window))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
