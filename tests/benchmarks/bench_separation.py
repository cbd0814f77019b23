"""How well the metrics of face, voice, words and cleanness tell what they are named for, on the real clips.

Run by hand: `python tests/benchmarks/bench_separation.py ../shared/media [PART ...]` prints the table of
`docs/beyond-six.md`, or its parts face, motion, voice, pictures, words and clean.
AUC is the share of pairs, one of what should score well and one of what should not, that the metric puts in this order;
its 95 % interval is over clips, by the bootstrap.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from bench.media.audio import native_waveform, resampled
from bench.media.clip import Decoding, frames
from metrics.base.asked import Asked
from metrics.base.metric import PairedMetric, Statistics, Unmeasurable
from metrics.base.sharing import shared_work
from metrics.builtin import make

RATE = 16000
SECONDS = 4.0
Sound = NDArray[np.float32]
LEFT_OUT = ("hamilton", "latentsync", "visualvoice")  # several people; a small face; noise
SAME = ("grid_pwij3p", "grid_s2_swwp2s")  # one person in two recordings


def main(media: Path, parts: Sequence[str]) -> None:
    rows = list(csv.DictReader(media.joinpath("manifest.tsv").open(encoding="utf-8"), delimiter="\t"))
    real = [row for row in rows if row["file"].startswith("real/") and not any(n in row["file"] for n in LEFT_OUT)]
    heard = [row for row in real if row["audio_sr"] and "silent" not in row["file"]]
    spoken = [row for row in rows if row["file"].startswith("speech/")]
    grid = [row for row in real if "grid" in row["file"]]
    told = [row for row in [*grid, *spoken] if row["transcript"]]
    print("| metric | should score well | should not | n | AUC | 95 % interval |\n|---|---|---|---|---|---|")
    if "face" in parts:
        identity(media, [row for row in real if SAME[1] not in row["file"]])
    if "motion" in parts:
        motion(media, [row for row in real if float(row["duration"]) > SECONDS][::2][:9])  # eyes in every frame: slow
    if "voice" in parts:
        for name in ("voice-similarity", "pitch", "pace"):
            voices(name, media, [row for row in heard if SAME[1] not in row["file"]])
        pace(media, [row for row in [*heard, *spoken] if float(row["duration"]) > SECONDS])
    if "pictures" in parts:
        reconstruction(("psnr", "ssim", "lpips"), media, real[:12])
        flicker(media, real[:12])
    if "words" in parts:
        words(("wer", "cer"), media, told, {})
        words(("wer", "cer"), media, grid, {"recogniser": "pocketsphinx"})
    if "clean" in parts:
        clean = [sound(media / row["file"], 6.0) for row in spoken]
        for ill, damaged in (
            ("the same in white noise, 20 dB", lambda each, drawn: noisy(each, 20, drawn)),
            ("the same in white noise, 10 dB", lambda each, drawn: noisy(each, 10, drawn)),
            ("the same, 10 % of its packets lost", gapped),
        ):
            drawn = np.random.default_rng(0)
            worse = [damaged(each, drawn) for each in clean]
            for names in (("dnsmos", "dnsmos-sig", "dnsmos-bak"), ("plcmos",)):
                alone(names, clean, worse, "speech recordings", ill)


def identity(media: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """The first frame with a face against the second half of the clip, the same person's and the others'."""
    metric = make("identity")
    seen = [kept for row in rows if (kept := observed(metric, video=media / row["file"])) is not None]
    halves = [clip["faces"][len(clip["faces"]) // 2 :] for clip in seen]
    values = np.array([[float((half @ clip["faces"][0]).mean()) for half in halves] for clip in seen])
    report("identity", "same person, later in the clip", "another person", values)


def motion(media: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """The first half of a clip against the second half, as it moves and with its first picture held."""
    metrics = [make(name) for name in ("blink-rate", "head-motion")]
    kept: dict[str, list[list[Statistics]]] = {metric.name: [] for metric in metrics}
    for row in rows:
        observers = [metric.observe() for metric in metrics]
        for chunk in frames(media / row["file"], Decoding(max_seconds=5.0)):
            with shared_work():
                for observer in observers:
                    observer.frames(chunk)
        for metric, observer in zip(metrics, observers, strict=True):
            try:
                (name, whole), *_ = observer.finish()().items()
            except Unmeasurable as reason:
                print(f"<!-- {metric.name}: {row['file']}: {reason} -->")
                continue
            halves = [half for half in np.array_split(whole, 2) if np.isfinite(half).any()]
            if len(halves) == 2:
                held = np.repeat(halves[1][np.isfinite(halves[1][:, 0])][:1], len(halves[1]), axis=0)
                kept[metric.name].append([{name: half} for half in (*halves, held)])
    for metric in metrics:
        pairs = [[-value(metric, first, each) for each in (second, held)] for first, second, held in kept[metric.name]]
        print(f"<!-- {metric.name}: {int(np.sum(np.ptp(pairs, axis=1) == 0))} of {len(pairs)} alike -->")
        paired(metric.name, "the clip's other half", "the same with its first picture held", np.array(pairs))


def pace(media: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """The first half of a soundtrack against the second half, as it is and played at another speed."""
    metric, pairs = make("pace"), []
    for row in rows:
        first, second = np.array_split(sound(media / row["file"], 10.0), 2)
        changed = [np.asarray(soxr.resample(second, RATE / factor, RATE), np.float32) for factor in (1.5, 1 / 1.5)]
        reference, *kept = [observed(metric, audio=each) for each in (first, second, *changed)]
        if reference is not None and None not in kept:
            pairs.append([-value(metric, reference, each) for each in kept])
    for place, how in ((1, "1.5 times as slow"), (2, "1.5 times as fast")):
        paired("pace", "speech, other half", f"the same {how}", np.array(pairs)[:, [0, place]])


def voices(name: str, media: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """The first half of a soundtrack against the second half, the same person's and the others'."""
    metric = make(name)
    sounds = [sound(media / row["file"], 10.0) for row in rows]
    both = [[observed(metric, audio=part) for part in np.array_split(each, 2)] for each in sounds]
    usable = [(first, second) for first, second in both if first is not None and second is not None]
    values = np.array([[value(metric, a, b) for _, b in usable] for a, _ in usable])
    report(name, "own voice, other half", "another's voice", values if metric.higher_is_better else -values)


def alone(names: Sequence[str], good: Sequence[Sound], bad: Sequence[Sound], well: str, ill: str) -> None:
    metrics = [make(name) for name in names]
    kept = [[observed(metrics[0], audio=each) for each in pair] for pair in zip(good, bad, strict=True)]
    for metric in metrics:
        pairs = [[value(metric, {}, each) for each in pair] for pair in kept]
        paired(metric.name, well, ill, np.array(pairs))


def words(names: Sequence[str], media: Path, rows: Sequence[Mapping[str, str]], options: Mapping[str, Any]) -> None:
    """What is said against its own transcript, and against the next clip's."""
    metrics = [make(name, **options) for name in names]
    heard = [observed(metrics[0], audio=sound(media / row["file"], 12.5)) for row in rows]
    texts = [metrics[0].asked(Asked(row["transcript"])) for row in rows]
    for metric in metrics:
        pairs = np.array(
            [
                [-value(metric, text, each) for text in (texts[place], texts[(place + 1) % len(texts)])]
                for place, each in enumerate(heard)
            ]
        )
        engine = options.get("recogniser", "whisper-base")
        print(f"<!-- {metric.name}, {engine}: {-pairs.mean(axis=0)} with the right and with other words -->")
        paired(f"{metric.name} ({engine})", "right words", "words of another clip", pairs)


def reconstruction(names: Sequence[str], media: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Noise of 8 levels against half a second's delay."""
    metrics, kept = [make(name) for name in names], []
    for row in rows:
        shown = np.concatenate(list(frames(media / row["file"], Decoding(max_seconds=2.0))))
        noise = np.random.default_rng(0).normal(0, 8, shown.shape).astype(np.float32)
        noised = (shown + noise).clip(0, 255).astype(np.uint8)[:-12]
        kept.append([observed(metrics[0], shown=each) for each in (shown[:-12], noised, shown[12:])])
    for metric in metrics:
        sign = 1 if metric.higher_is_better else -1
        pairs = [[sign * value(metric, first, each) for each in (noised, late)] for first, noised, late in kept]
        paired(metric.name, "the clip with noise of 8 levels", "the clip 12 frames late", np.array(pairs))


def flicker(media: Path, rows: Sequence[Mapping[str, str]]) -> None:
    metric, pairs = make("flicker"), []
    for row in rows:
        shown = np.concatenate(list(frames(media / row["file"], Decoding(max_seconds=2.0))))
        jumps = np.random.default_rng(0).normal(0, 4, (len(shown), 1, 1, 1))
        uneven = (shown + jumps).clip(0, 255).astype(np.uint8)
        pairs.append([-value(metric, {}, observed(metric, shown=each)) for each in (shown, uneven)])
    paired("flicker", "the clip", "the clip, its brightness jumping by 4 levels", np.array(pairs))


def observed(
    metric: PairedMetric, video: Path | None = None, audio: Sound | None = None, shown: NDArray[np.uint8] | None = None
) -> Statistics | None:
    observer = metric.observe()
    if audio is not None:
        observer.waveform(audio, RATE)
    for chunk in [] if video is None else frames(video, Decoding(max_seconds=SECONDS)):
        observer.frames(chunk)
    if shown is not None:
        observer.frames(shown)
    try:
        return observer.finish()()
    except Unmeasurable as reason:
        print(f"<!-- {metric.name}: {video or 'sound'}: {reason} -->")
        return None


def value(metric: PairedMetric, reference: Statistics | None, generated: Statistics | None) -> float:
    assert reference is not None and generated is not None  # noqa: PT018
    return float(metric.compare(reference, generated)["value"])


def sound(path: Path, seconds: float) -> Sound:
    native, rate = native_waveform(path, seconds)
    return np.ascontiguousarray(resampled(native, rate, RATE))


def noisy(clean: Sound, decibels: float, generator: np.random.Generator) -> Sound:
    noise = generator.standard_normal(len(clean)) * np.sqrt(np.mean(np.square(clean, dtype=np.float64)))
    return np.asarray((clean + noise * 10 ** (-decibels / 20)).clip(-1, 1), np.float32)


def gapped(clean: Sound, generator: np.random.Generator) -> Sound:
    """Every tenth packet of 20 ms is lost, at random."""
    made = clean.copy()
    for start in range(0, len(made), 320):
        if generator.random() < 0.1:
            made[start : start + 320] = 0
    return made


def report(name: str, well: str, ill: str, values: NDArray[np.float64]) -> None:
    """Of each clip (rows) against each (columns): the diagonal should score well, the rest should not."""
    n = len(values)
    other = ~np.eye(n, dtype=bool)

    def auc(rows: NDArray[np.intp]) -> float:
        good = np.diag(values)[rows]
        return rank(good, np.concatenate([values[row][other[row]] for row in rows]))

    told(name, well, ill, n, auc)


def paired(name: str, well: str, ill: str, values: NDArray[np.float64]) -> None:
    told(name, well, ill, len(values), lambda rows: rank(values[rows, 0], values[rows, 1]))


def rank(good: NDArray[np.float64], bad: NDArray[np.float64]) -> float:
    return float(((good[:, None] > bad).mean() + (good[:, None] >= bad).mean()) / 2)


def told(name: str, well: str, ill: str, n: int, auc: Callable[[NDArray[np.intp]], float]) -> None:
    generator = np.random.default_rng(0)
    drawn = [auc(generator.integers(0, n, n)) for _ in range(1000)]
    low, high = np.percentile(drawn, (2.5, 97.5))
    print(f"| `{name}` | {well} | {ill} | {n} | {auc(np.arange(n)):.3f} | {low:.3f} .. {high:.3f} |", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ("face", "motion", "voice", "pictures", "words", "clean"))
