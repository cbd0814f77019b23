"""What metrics cost: to start, to decode for, to compute for each clip, and to make a score of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bench import plugins
from bench.choice import Choice
from bench.media.audio import native_waveform, resampled
from bench.media.clip import Decoding, UnreadableClip, frames
from bench.media.clip_file import ClipFile
from bench.profiling.memory import Peaks
from bench.profiling.timing import DeviceClock, garbage_kept
from metrics import ClipMetric, PairedMetric
from metrics.base.metric import DistributionMetric, Statistics, Unmeasurable
from metrics.weights import WeightsMissing
from reports.profiles import MetricProfile, Quantity

DECODE, NETWORK, STATISTICS = "decode", "network", "statistics"


def profiled_metric(choice: Choice, clips: Sequence[ClipFile], decoding: Decoding, device: str) -> MetricProfile:
    """Profile one metric: every second clip is a reference, those between are taken for generated.

    The first clip is measured once before the timing, so that what a network does at its first use is in `startup`.
    """
    clock = DeviceClock(device)
    seconds = {DECODE: 0.0, NETWORK: 0.0, STATISTICS: 0.0}
    known: dict[str, Any] = {"metric": choice.name, "device": device, "clips": len(clips) // 2}

    @contextmanager
    def timed(part: str) -> Iterator[None]:
        start, _ = clock.read()
        yield
        seconds[part] += clock.read()[0] - start

    start, _ = clock.read()
    try:
        metric = plugins.build_metric(choice)
        metric.to(device)
        metric.prepare()
        _observed(metric, clips[0], decoding, timed)
    except (WeightsMissing, Unmeasurable, UnreadableClip) as reason:
        return MetricProfile(**known, startup=clock.read()[0] - start, value=Quantity(missing=str(reason)))
    startup = clock.read()[0] - start
    seconds = dict.fromkeys(seconds, 0.0)
    with garbage_kept():
        peaks = Peaks(device)
        value = _score(metric, clips, decoding, timed)
        memory = peaks.mib()
    spent = sum(seconds.values())
    return MetricProfile(
        **known,
        startup=startup,
        seconds=seconds,
        clips_per_second=len(clips) / spent if spent > 0 else None,
        memory_mib=memory,
        value=value,
    )


def _score(metric: ClipMetric, clips: Sequence[ClipFile], decoding: Decoding, timed: Callable[[str], Any]) -> Quantity:
    try:
        told = {f"{i // 2:04d}-{i % 2}": _observed(metric, clip, decoding, timed) for i, clip in enumerate(clips)}
        reference, generated = ({key[:4]: told[key] for key in told if key.endswith(side)} for side in ("-0", "-1"))
        with timed(STATISTICS):
            if isinstance(metric, PairedMetric):
                score = metric.score({key: metric.compare(reference[key], generated[key]) for key in generated})
            elif isinstance(metric, DistributionMetric):
                score = metric.score(reference, generated)
            else:
                return Quantity(missing="neither a metric of pairs nor one of sets")
    except (Unmeasurable, UnreadableClip) as reason:
        return Quantity(missing=str(reason))
    return Quantity(missing=score.missing or "no value") if score.value is None else Quantity(value=score.value)


def _observed(metric: ClipMetric, clip: ClipFile, decoding: Decoding, timed: Callable[[str], Any]) -> Statistics:
    """One clip's statistics, decoded for this metric alone."""
    with timed(NETWORK):
        observer = metric.observe()
    if "video" in metric.modalities:
        chunks = frames(clip.video, decoding)
        while True:
            with timed(DECODE):
                chunk = next(chunks, None)
            if chunk is None:
                break
            with timed(NETWORK):
                observer.frames(chunk)
    if "audio" in metric.modalities:
        with timed(DECODE):
            heard, rate = native_waveform(clip.audio or clip.video, decoding.max_seconds)
            if not metric.native_audio and decoding.sample_rate and decoding.sample_rate != rate:
                heard, rate = resampled(heard, rate, decoding.sample_rate), decoding.sample_rate
        with timed(NETWORK):
            observer.waveform(heard, rate)
    with timed(NETWORK):
        statistics: Statistics = observer.finish()()
    return statistics
