"""Which of two revisions is faster, benchmark by benchmark: `make bench-compare A=main B=HEAD [ROUNDS=6] [ONLY=mcd]`.

Both are unpacked from git into a temporary folder and run the benchmarks of the working tree, taking turns: A B B A in
every round, each time in a fresh process, on one thread. A round gives one ratio of the seconds, B to A, and one of the
last A to the first: the control, of which the truth is 1. Nothing is claimed that the control's spread would cover.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.profiling.ratios import FEWEST, claim, paired_ratio
from reports.profiles import Estimate

HOME = Path(__file__).resolve().parents[2]
Round = tuple[Mapping[str, float], ...]
"""Seconds by benchmark of the four turns."""


def unpacked(revision: str, folder: Path) -> Path:
    """The files of a revision, with the benchmarks of the working tree."""
    archive = subprocess.run(["git", "-C", HOME, "archive", revision], capture_output=True)
    if archive.returncode:
        sys.exit(f"git knows no revision {revision!r}: {archive.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    for name in ("benchmarks", "support"):
        shutil.rmtree(folder / "tests" / name, ignore_errors=True)
        shutil.copytree(HOME / "tests" / name, folder / "tests" / name)
    return folder


def measured(folder: Path, only: str) -> dict[str, float]:
    """The least seconds of each benchmark in one process of this revision; one that fails there is absent."""
    told = folder / "benchmarks.json"
    told.unlink(missing_ok=True)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder)}
    program = [sys.executable, "-m", "pytest", "-q", "-o", "addopts=", "--import-mode=importlib", "tests/benchmarks"]
    choice = ["-k", only] if only else []
    wanted = [*program, *choice, f"--benchmark-json={told}", "--benchmark-warmup=on", "--benchmark-min-rounds=3"]
    done = subprocess.run(wanted, cwd=folder, env=environment, capture_output=True, text=True)
    if not told.exists():
        sys.exit(f"No benchmark ran in {folder.name}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return {each["name"]: each["stats"]["min"] for each in json.loads(told.read_text())["benchmarks"]}


def line(name: str, rounds: Sequence[Round]) -> str:
    """The row of one benchmark."""
    seconds = [[turn[name] for turn in each] for each in rounds]
    ratio = paired_ratio([math.sqrt(b * c / (a * d)) for a, b, c, d in seconds])
    control = paired_ratio([d / a for a, _, _, d in seconds])
    claimed, spread, why = claim(ratio, control)
    why = why if len(rounds) >= FEWEST else f"fewer than {FEWEST} rounds"
    verdict = f"B is {claimed}" if claimed else f"no difference of more than {100 * spread:.1f} % to be seen: {why}"
    return f"| {name} | {min(a for a, *_ in seconds):.4g} | {shown(ratio)} | {shown(control)} | {verdict} |"


def shown(estimate: Estimate) -> str:
    interval = "" if estimate.low is None else f" ({estimate.low:.3f} .. {estimate.high:.3f})"
    return f"{estimate.value:.3f}{interval}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("a")
    parser.add_argument("b")
    parser.add_argument("--rounds", type=int, default=6, help="below six there are no intervals")
    parser.add_argument("--only", default="", help="an expression of pytest's -k")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="narrator-bench-") as folder:
        a, b = (unpacked(revision, Path(folder) / name) for revision, name in ((given.a, "A"), (given.b, "B")))
        rounds: list[Round] = []
        for number in range(given.rounds):
            rounds.append(tuple(measured(side, given.only) for side in (a, b, b, a)))
            print(f"round {number + 1} of {given.rounds}", file=sys.stderr)
    common = [name for name in rounds[0][0] if all(name in turn for each in rounds for turn in each)]
    print(f"A = {given.a}, B = {given.b}; seconds of B to those of A\n")
    print("| benchmark | s, A | B / A | control, A / A | |\n|---|---|---|---|---|")
    for name in common:
        print(line(name, rounds))
    for name in sorted({name for each in rounds for turn in each for name in turn} - set(common)):
        print(f"{name}: not in every turn")


if __name__ == "__main__":
    main()
