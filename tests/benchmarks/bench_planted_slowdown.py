"""Whether `profile` claims a planted slowdown: none, a hundredth and a tenth, while every other core is kept busy.

    python tests/benchmarks/bench_planted_slowdown.py cascade --prompts 12
    python tests/benchmarks/bench_planted_slowdown.py narrator:steps=1 --prompts 6 --slowdowns 1.1

The slow one is the very same generator that works off, in a busy loop, a share of the processor time that each of its
parts has just taken. Prints one row of Markdown for each: what was planted, the ratio and the control with their
intervals, the spread, and what is claimed; ends with exit code 1 where a claim is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.cli.arguments import chosen_generators
from bench.profiling.interleaved import compared
from bench.profiling.prompts import CORPUS, prompts_of
from bench.profiling.single import Session
from bench.profiling.subject import Subject, subject
from bench.profiling.warm_up import warmed_up
from bench.workers.threads import single_thread
from narrator.contract import Generator, Narration, Prompt
from reports.profiles import Estimate


class Slowed:
    """A generator that takes `factor` times as long."""

    def __init__(self, generator: Generator, factor: float) -> None:
        self.name, self._generator, self._share = f"{generator.name} x {factor:g}", generator, factor - 1

    def __call__(self, prompt: Prompt) -> Narration:
        start = time.process_time()
        narration = self._generator(prompt)
        assert isinstance(narration, Narration)
        self._idle(start)

        def frames() -> Iterator[NDArray[np.uint8]]:
            chunks = narration.chunks()
            while True:
                start = time.process_time()
                chunk = next(chunks, None)
                self._idle(start)
                if chunk is None:
                    return
                yield chunk

        return Narration(frames(), narration.fps, narration.waveform, narration.sample_rate, narration.seconds)

    def describe(self) -> Mapping[str, Any]:
        return self._generator.describe()

    def _idle(self, start: float) -> None:
        now = time.process_time()  # not that of the wall: where cores are scarce, a share of that is more work
        until = now + self._share * (now - start)
        while time.process_time() < until:
            pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("generator")
    parser.add_argument("--prompts", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slowdowns", type=float, nargs="+", default=[1.0, 1.01, 1.1])
    parser.add_argument("--busy", type=int, default=(os.cpu_count() or 2) - 1, help="processes that keep cores busy")
    given = parser.parse_args()

    (choice,) = chosen_generators([given.generator])
    plain = subject(choice, Path.cwd(), "", None)
    prompts, distinct = prompts_of(CORPUS, given.prompts, 0)
    wrong = 0
    print("| generator | planted | clock | ratio | A/A | spread | claim |", f"|{'---|' * 7}", sep="\n")
    with busy(given.busy), single_thread():
        warmed_up(plain.call, prompts, 0.0)
        for factor in given.slowdowns:
            slow: Subject = replace(plain, generator=Slowed(plain.generator, factor))
            for told in compared(plain, slow, Session(prompts, distinct, rounds=given.rounds)):
                claimed = f"{told.claim}" if told.claim else f"none: {told.reason}"
                cells = (given.generator, f"{100 * (factor - 1):g} %", told.clock, shown(told.ratio))
                spread = f"{100 * (told.spread or 0):.1f} %"
                print(f"| {' | '.join(cells)} | {shown(told.control)} | {spread} | {claimed} |", flush=True)
                wrong += told.claim != ("slower" if factor >= 1.1 else None)
    sys.exit(wrong > 0)


def shown(estimate: Estimate | None) -> str:
    return "—" if estimate is None else f"{estimate.value:.3f} [{estimate.low or 0:.3f}, {estimate.high or 0:.3f}]"


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep cores busy inside the block."""
    context = multiprocessing.get_context("spawn")
    spinners = [context.Process(target=spin, daemon=True) for _ in range(count)]
    for spinner in spinners:
        spinner.start()
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.terminate()


def spin() -> None:
    """Until the parent ends, however it does."""
    parent = os.getppid()
    while os.getppid() == parent:
        sum(range(10000))


if __name__ == "__main__":
    main()
