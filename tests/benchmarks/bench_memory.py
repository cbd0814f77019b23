"""Peak memory of scoring: 200 clips against 50, all six metrics.

    python tests/benchmarks/bench_memory.py [--few 50] [--many 200] [--workers 1]

Makes that many small clips, scores them against themselves with noise in a process of its own, and prints the largest
resident memory of any process of it. Memory must not grow with the number of clips: the ratio should stay below 1.15.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from bench.media.writing import write_clip

METRICS = "fad-ge2e,mcd,stoi,fid:stride=5,fvd:windows=first,fvmd-lk"
SECONDS, FPS, RATE, SIDE = 1.2, 25, 16000, 96


def make(folder: Path, clips: int, noise: float) -> None:
    """Distinct clips: a drifting pattern and a buzzing voice, both with noise."""
    for number in range(clips):
        random = np.random.default_rng(number)
        time = np.arange(int(SECONDS * RATE)) / RATE
        voice = sum(np.sin(2 * np.pi * (90 + number) * k * time) / k for k in range(1, 16))
        speech = 0.1 * voice * (1 + np.sin(2 * np.pi * 4 * time)) + noise * random.standard_normal(len(time))
        across = np.arange(SIDE) + random.uniform(0, 9)
        frames = [128 + 60 * np.sin((across[:, None] + across + t) / 7) for t in range(int(SECONDS * FPS))]
        pictures = np.stack(frames)[..., None] + 100 * noise * random.standard_normal((len(frames), SIDE, SIDE, 3))
        write_clip(
            folder / f"{number:04d}.mp4", [pictures.clip(0, 255).astype(np.uint8)], FPS, speech.astype("f4"), RATE
        )


def peak(real: Path, generated: Path, workers: int) -> float:
    """MiB of the largest process while scoring."""
    command = [sys.executable, "-m", "bench", "score", "--real", str(real), "--generated", str(generated)]
    watched = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command += ["--metrics", METRICS, "--workers", str(workers)]
    return int(subprocess.check_output([sys.executable, "-c", watched, *command], text=True)) / 1024


def main() -> None:
    """Print both peaks and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=50)
    parser.add_argument("--many", type=int, default=200)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    peaks = []
    for clips in (arguments.few, arguments.many):
        with tempfile.TemporaryDirectory() as folder:
            real, generated = Path(folder, "real"), Path(folder, "generated")
            make(real, clips, 0.01)
            make(generated, clips, 0.05)
            peaks.append(peak(real, generated, arguments.workers))
        print(f"{clips:5d} clips on each side: peak {peaks[-1]:7.0f} MiB", flush=True)
    print(f"ratio {peaks[1] / peaks[0]:.3f}")


if __name__ == "__main__":
    main()
