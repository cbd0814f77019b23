"""Tables of a profile: latencies, streaming, stages, work, comparisons, growth, batches, metrics, and the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

import pandas as pd

from reports.footnotes import counted_reasons
from reports.numbers import decimals, fixed
from reports.profiles import (
    Comparison,
    Distribution,
    Estimate,
    GeneratorProfile,
    Percentile,
    ProfileReport,
    Quantity,
    Stage,
)
from reports.tables import Entry, Row, Table

PERCENTILES = (
    "p50: nearest rank, the smallest latency that half of the calls do not exceed, with its 95 % interval between two "
    "order statistics; a percentile with fewer calls than such an interval takes is not reported."
)


def profile_tables(report: ProfileReport) -> list[Table]:
    """Every table that the profile has something for."""
    made = (
        _latencies(report), _streams(report), _stages(report), _work(report), _comparisons(report), _growth(report),
        _batches(report), _metrics(report),
    )  # fmt: skip
    return [table for table in made if table is not None]


def profile_frame(report: ProfileReport) -> pd.DataFrame:
    """Every number of every generator, one row each: generator, quantity, value, interval, unit."""
    rows = [
        {"generator": profile.generator, "device": profile.device, **row}
        for profile in report.generators
        for row in _numbers(profile)
    ]
    columns = ["generator", "device", "quantity", "value", "low", "high", "unit"]
    return pd.DataFrame(rows, columns=columns)


def machine_remarks(report: ProfileReport) -> tuple[str, ...]:
    """What the machine did meanwhile, in one sentence for each thing."""
    machine, told = report.machine, []
    if machine.other_cores is not None:
        load = f"; load {machine.load[0]:.1f} before, {machine.load[1]:.1f} after" if machine.load else ""
        told.append(f"Other processes kept {machine.other_cores:.2f} cores busy meanwhile{load}.")
    if machine.clock_mhz is not None:
        told.append(f"Processor clock: at least {machine.clock_mhz[0]:.0f} MHz, {machine.clock_mhz[1]:.0f} on average.")
    throttled = machine.throttled
    told.append(
        f"Throttling: not known, {throttled.missing}." if throttled.value is None
        else f"The processor was slowed for heat or power {throttled.value:.0f} times."
    )  # fmt: skip
    if yard := machine.yardstick:
        spent = ", ".join(f"{1000 * seconds:.2f} ms by the {clock}" for clock, seconds in yard.items())
        told.append(f"The same small piece of work, timed between the calls, took {spent} (median).")
    if machine.switches is not None:
        told.append(f"This process lost its core {machine.switches} times.")
    told += [f"GPU: {line}." for line in machine.gpu]
    return tuple(told)


def _latencies(report: ProfileReport) -> Table | None:
    if not report.generators:
        return None
    percents = next((p.latency.percentiles for p in report.generators if p.latency), ())
    headings = ["prompts", "failed", "cold (s)", "mean (s)", *(f"p{p.percent:g} (s)" for p in percents)]
    headings += ["RTF video", "RTF audio", "frames/s", "peak (MiB)", "J per clip"]

    def entries(profile: GeneratorProfile) -> Iterable[Entry]:
        yield Entry(str(profile.prompts))
        yield Entry(str(len(profile.failed)))
        yield Entry(fixed(profile.warm_up.cold_seconds if profile.warm_up else None))
        yield Entry(fixed(profile.latency.mean if profile.latency else None))
        told = profile.latency.percentiles if profile.latency else [None] * len(percents)
        yield from map(_percentile, told)
        yield from map(_estimate, (profile.video_rate, profile.audio_rate, profile.frames_per_second))
        yield Entry(fixed(max(profile.memory_mib.values(), default=None), 0))
        yield Entry(fixed(profile.joules.value))

    return Table(
        title="Latency",
        labels=("device", "generator"),
        headings=tuple(map(Entry, headings)),
        groups=_by_device(report.generators, entries),
        remarks=(
            PERCENTILES,
            "RTF: seconds of computing for a second of video or sound, below 1 is faster than real time; it is also "
            "the seconds per output second. Writing files is not in any time.",
            *(sentence for profile in report.generators for sentence in _told(profile)),
            *machine_remarks(report),
        ),
    )


def _streams(report: ProfileReport) -> Table | None:
    profiles = [profile for profile in report.generators if profile.scenario == "stream"]

    def entries(profile: GeneratorProfile) -> Iterable[Entry]:
        for told in (profile.first_audio, profile.first_frame, profile.playable, profile.latency):
            yield _percentile(told.percentiles[0] if told else None)

    return _table(
        "Streaming",
        ("device", "generator"),
        ("first audio (s)", "first frame (s)", "playable (s)", "whole clip (s)"),
        _by_device(profiles, entries),
        "Medians, or the percentile that was asked for first. Playable: how long one has to wait before the clip plays "
        "to its end without a halt while the rest is made.",
    )


def _stages(report: ProfileReport) -> Table | None:
    profiles = [profile for profile in report.generators if profile.stages]
    places = list(dict.fromkeys(place for p in profiles for stage in p.stages for place in stage.memory_mib))

    def entries(stage: Stage) -> Iterable[Entry]:
        yield Entry(fixed(stage.seconds))
        yield Entry(f"{100 * stage.share:.1f} %")
        yield Entry("—" if stage.calls is None else f"{stage.calls:g}")
        yield from (Entry(fixed(stage.memory_mib.get(place), 0)) for place in places)
        yield Entry(fixed(stage.operations / 1e9 if stage.operations else None))
        yield Entry(fixed(stage.operations / 1e9 / stage.seconds if stage.operations and stage.seconds > 0 else None))

    return _table(
        "Stages",
        ("generator", "stage"),
        ("s per clip", "share", "calls", *(f"{place} (MiB)" for place in places), "GFLOP", "GFLOP/s"),
        tuple(tuple(Row((p.generator, s.name), tuple(entries(s))) for s in p.stages) for p in profiles),
        "By the generator's own marks. Calls, memory (how high it stood during the stage) and operations were looked "
        "at in one call more, which is not among the timed ones.",
    )


def _work(report: ProfileReport) -> Table | None:
    machine = report.machine
    profiles = [p for p in report.generators if p.work is not None and p.work.bytes_moved.value is not None]

    def entries(profile: GeneratorProfile) -> Iterable[Entry]:
        work = profile.work
        if work is None:
            return
        for quantity, scale in ((work.parameters, 1e6), (work.operations, 1e9), (work.bytes_moved, 1e9)):
            yield Entry(fixed(quantity.value / scale if quantity.value is not None else None))
        yield from (_share(quantity) for quantity in (work.arithmetic_share, work.memory_share))

    rates = [f"a product of matrices of {kind} {rate / 1e9:.1f} GFLOP/s" for kind, rate in machine.matmul.items()]
    rates += [f"a copy on {device} {rate / 1e9:.1f} GB/s" for device, rate in machine.copy_rate.items()]
    return _table(
        "Work",
        ("device", "generator"),
        ("parameters (M)", "GFLOP", "GB moved", "of product rate", "of copy rate"),
        _by_device(profiles, entries),
        f"Limits measured in the same run: {', '.join(rates) or 'none'}. Of a clip's seconds, the shares that its "
        "operations take at the one rate and its bytes at the other; what is left is the gap to the limit. Only what "
        "PyTorch computes is counted, each tensor's bytes in full, so that caches may make more of the copy rate.",
    )


def _comparisons(report: ProfileReport) -> Table | None:
    def row(told: Comparison) -> Row:
        claimed = {"slower": "is slower", "faster": "is faster", None: "no difference is claimed"}[told.claim]
        verdict = f"{claimed}: {told.reason}" if told.reason else claimed
        entries = (
            Entry(str(len(told.ratios))), _estimate(told.ratio), _estimate(told.control),
            Entry("—" if told.spread is None else f"{100 * told.spread:.1f} %"), Entry(verdict),
        )  # fmt: skip
        return Row((told.first, told.second, told.clock), entries)

    return _table(
        "Timed in turns",
        ("first", "second", "clock"),
        ("pairs", "second / first", "first / first", "spread", "second"),
        (tuple(map(row, report.comparisons)),) if report.comparisons else (),
        "Ratios of seconds on the wall, and of seconds that processors computed, which leave out waiting for a core "
        "that others hold; A B A' A' B A on each prompt in each round. First / first is the very same "
        "generator as its own control. "
        "Hodges and Lehmann's estimate with Wilcoxon's 95 % interval over these blocks. A difference is claimed where "
        "its whole interval lies beyond the spread: how far the control's reaches, 2 % at least.",
    )


def _growth(report: ProfileReport) -> Table | None:
    rows = [
        Row(
            (growth.generator, growth.over),
            (
                Entry(str(len(growth.levels))),
                Entry(f"{min(growth.levels):.4g}–{max(growth.levels):.4g} {growth.unit}" if growth.levels else "—"),
                _estimate(growth.exponent) if growth.exponent else Entry(f"missing: {growth.missing}"),
            ),
        )
        for growth in report.growth
    ]
    return _table(
        "Growth",
        ("generator", "over"),
        ("calls", "from – to", "exponent"),
        tuple(tuple(group) for _, group in groupby(rows, key=lambda row: row.labels[0])),
        "Seconds of a clip = c × x^exponent, fitted on logarithms, with Student's 95 % interval.",
    )


def _batches(report: ProfileReport) -> Table | None:
    rows = [
        Row(
            (batch.generator, str(batch.size)),
            (
                Entry(fixed(batch.clips_per_second) if batch.missing is None else f"missing: {batch.missing}"),
                Entry(fixed(batch.media_per_second)),
                Entry(fixed(max(batch.memory_mib.values(), default=None), 0)),
            ),
        )
        for batch in report.batches
    ]
    return _table(
        "Batches",
        ("generator", "size"),
        ("clips/s", "s of clip/s", "peak (MiB)"),
        tuple(tuple(group) for _, group in groupby(rows, key=lambda row: row.labels[0])),
    )


def _metrics(report: ProfileReport) -> Table | None:
    def entries(seconds: dict[str, float]) -> Iterable[Entry]:
        for part in ("decode", "network", "statistics"):
            yield Entry(fixed(seconds.get(part)))

    groups: dict[str, list[Row]] = {}
    for told in report.metrics:
        peak = max(told.memory_mib.values(), default=None)
        cells = (
            Entry(str(told.clips)), Entry(fixed(told.startup)), *entries(told.seconds),
            Entry(fixed(told.clips_per_second)), Entry(fixed(peak, 0)),
            Entry(fixed(told.value.value) if told.value.missing is None else f"missing: {told.value.missing}"),
        )  # fmt: skip
        groups.setdefault(told.device, []).append(Row((told.device, told.metric), cells))
    return _table(
        "Metrics",
        ("device", "metric"),
        ("clips", "startup (s)", "decode (s)", "network (s)", "statistics (s)", "clips/s", "peak (MiB)", "value"),
        tuple(map(tuple, groups.values())),
        "Seconds for all clips; decode is done once for all metrics of a run. Statistics: the score from all clips.",
    )


def _table(
    title: str, labels: tuple[str, ...], headings: Sequence[str], groups: tuple[tuple[Row, ...], ...], *remarks: str
) -> Table | None:
    """A table, or None where it would be empty."""
    return Table(title, labels, tuple(map(Entry, headings)), groups, remarks=remarks) if groups else None


def _by_device(
    profiles: Sequence[GeneratorProfile], entries: Callable[[GeneratorProfile], Iterable[Entry]]
) -> tuple[tuple[Row, ...], ...]:
    groups: dict[str, list[Row]] = {}
    for profile in profiles:
        row = Row((profile.device, profile.generator), tuple(entries(profile)))
        groups.setdefault(profile.device, []).append(row)
    return tuple(map(tuple, groups.values()))


def _percentile(told: Percentile | None) -> Entry:
    if told is None:
        return Entry("—")
    if told.value is None:
        return Entry("—", f"needs {told.needs}")
    return _estimate(Estimate(value=told.value, low=told.low, high=told.high))


def _estimate(told: Estimate | None) -> Entry:
    if told is None:
        return Entry("—")
    places = decimals(told.value)
    small = "" if told.low is None else f"[{fixed(told.low, places)}, {fixed(told.high, places)}]"
    return Entry(fixed(told.value, places), small)


def _share(told: Quantity) -> Entry:
    return Entry("—" if told.value is None else f"{100 * told.value:.1f} %")


def _told(profile: GeneratorProfile) -> Iterable[str]:
    """What stands below the table for one generator."""
    name, warm = profile.generator, profile.warm_up
    if warm is not None:
        spread = "" if warm.spread is None else f", the last three within {100 * warm.spread:.1f} %"
        ended = "stable" if warm.stable else "not stable, timed all the same"
        yield (
            f"{name}: built in {warm.build_seconds:.3f} s, calls to warm up after the cold one: {len(warm.seconds)}"
            f"{spread}: {ended}."
        )
    if profile.output is not None:
        same = "the same bytes" if not profile.output.different else "OTHER bytes"
        yield f"{name}: {profile.output.compared} timed clips were made again untimed: {same}."
    if profile.harness_seconds is not None:
        yield f"{name}: the harness took {1000 * profile.harness_seconds:.2f} ms for itself between two clips."
    if profile.joules.missing:
        yield f"{name}: energy is missing, {profile.joules.missing}."
    if profile.distinct < profile.prompts:
        yield f"{name}: {profile.distinct} of the prompts differ, the others come again with another seed."
    if profile.failed:
        yield f"{name}: not narrated: {counted_reasons(profile.failed)}."
    yield from (f"{name}: {note}" for note in profile.notes)


def _numbers(profile: GeneratorProfile) -> Iterable[dict[str, object]]:
    def row(
        quantity: str, value: float | None, unit: str, low: float | None = None, high: float | None = None
    ) -> dict[str, object]:
        return {"quantity": quantity, "value": value, "low": low, "high": high, "unit": unit}

    yield row("prompts", profile.prompts, "")
    yield row("failed", len(profile.failed), "")
    if profile.warm_up:
        yield row("build", profile.warm_up.build_seconds, "s")
        yield row("cold", profile.warm_up.cold_seconds, "s")
    distributions: dict[str, Distribution | None] = {
        "latency": profile.latency, "processor": profile.worked, "first audio": profile.first_audio,
        "first frame": profile.first_frame, "playable": profile.playable,
    }  # fmt: skip
    for name, told in distributions.items():
        if told is not None:
            yield row(f"{name} mean", told.mean, "s")
            yield from (row(f"{name} p{p.percent:g}", p.value, "s", p.low, p.high) for p in told.percentiles)
    rates = {"real-time factor video": profile.video_rate, "real-time factor audio": profile.audio_rate}
    for name, estimate in (rates | {"frames per second": profile.frames_per_second}).items():
        if estimate is not None:
            yield row(name, estimate.value, "", estimate.low, estimate.high)
    yield from (row(f"peak memory {place}", peak, "MiB") for place, peak in profile.memory_mib.items())
    for stage in profile.stages:
        yield row(f"stage {stage.name}", stage.seconds, "s")
    yield row("energy", profile.joules.value, "J")
    yield row("harness", profile.harness_seconds, "s")
