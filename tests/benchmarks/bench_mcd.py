"""Mel-cepstral distortion beside pymcd: `python tests/benchmarks/bench_mcd.py REFERENCE.wav GENERATED.wav`.

Both run in one process on one core, in turns, and the median of five is printed, with the ratio to pymcd's. "4 against
1" scores four generated clips against one reference, whose analysis we keep and pymcd repeats.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from collections.abc import Callable

import librosa
import numpy as np

from metrics.audio.functional import mel_cepstral_distortion
from metrics.audio.mcd import MelCepstralDistortion
from metrics.base.metric import Statistics

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pymcd.mcd import Calculate_MCD

RATE = 16000
ROUNDS = 5


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def observed(metric: MelCepstralDistortion, waveform: np.ndarray) -> Statistics:
    observer = metric.observe()
    observer.waveform(waveform, RATE)
    return observer.finish()()


def four_against_one(convention: str, reference: np.ndarray, generated: np.ndarray) -> None:
    metric = MelCepstralDistortion(convention)
    kept = observed(metric, reference)
    for _ in range(4):
        metric.compare(kept, observed(metric, generated))


def main(reference_path: str, generated_path: str) -> None:
    reference, generated = (librosa.load(path, sr=RATE)[0] for path in (reference_path, generated_path))

    def package(mode: str, times: int = 1) -> None:
        for _ in range(times):
            Calculate_MCD(mode).calculate_mcd(reference_path, generated_path)

    cases: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        name: (
            lambda name=name: mel_cepstral_distortion(generated, reference, RATE, name),
            lambda mode=mode: package(mode),
        )
        for name, mode in {
            "mcd": "dtw",
            "mcd-pymcd-plain": "plain",
            "mcd-pymcd-dtw": "dtw",
            "mcd-pymcd-dtw-sl": "dtw_sl",
        }.items()
    }
    cases["mcd, 4 against 1"] = lambda: four_against_one("mcd", reference, generated), lambda: package("dtw", 4)
    cases["mcd-pymcd-dtw, 4 against 1"] = (
        lambda: four_against_one("mcd-pymcd-dtw", reference, generated),
        lambda: package("dtw", 4),
    )
    for name, (ours, theirs) in cases.items():
        rounds = [(seconds(ours), seconds(theirs)) for _ in range(ROUNDS + 1)][1:]
        mine, pymcd = (statistics.median(times) for times in zip(*rounds, strict=True))
        ratio = statistics.median(other / own for own, other in rounds)
        print(f"{name:28} {mine:7.3f} s   pymcd {pymcd:7.3f} s   {ratio:5.2f} times as fast")


if __name__ == "__main__":
    main(*sys.argv[1:])
