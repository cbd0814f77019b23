"""Time and memory of verifying and splitting a VoxCeleb2 tree of many clips; for docs/prepare.md.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_large_dataset.py [--clips 1000 10000]

The clips are hard links to a few tiny ones of 1 s, under as many names; every one is opened and decoded nevertheless.
Memory is the peak of each command's own process.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS)]
from support.prepared import tiny_voxceleb  # noqa: E402


def grow(root: Path, clips: int) -> None:
    """A tree of so many clips, ten to a speaker."""
    tiny_voxceleb(root / "seed", 20)
    seeds = sorted((root / "seed").rglob("*.mp4"))
    for number in range(clips):
        folder = root / f"tree/dev/mp4/id{number // 10:05d}/aaaaaaaaaaa"
        folder.mkdir(parents=True, exist_ok=True)
        for suffix in (".mp4", ".wav"):
            os.link(seeds[number % 20].with_suffix(suffix), folder / f"{number:05d}{suffix}")


def measured(*words: str | Path) -> tuple[float, float, str]:
    """Seconds, peak MiB and the last line of one command."""
    start = time.perf_counter()
    code = (
        "import resource, sys; from bench.cli.app import main\n"
        "try: main()\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=True)
    return time.perf_counter() - start, float(done.stderr.split()[-1]), done.stdout.strip().splitlines()[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, nargs="+", default=[1000, 10000])
    for clips in parser.parse_args().clips:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            grow(root, clips)
            for words in (("verify", "voxceleb", root / "tree"),
                          ("split", "voxceleb", root / "tree", "--out", root / "split.csv")):  # fmt: skip
                seconds, mib, said = measured("data", *words)
                print(f"{clips} clips, {words[0]}: {seconds:.1f} s, {mib:.0f} MiB: {said}", flush=True)


if __name__ == "__main__":
    main()
