"""Profiles as files, tables and figures: what is there is told, what is not says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

import reports
from reports.profile_figures import figures
from reports.profile_rendering import render_profile
from reports.profile_tables import profile_frame, profile_tables
from reports.profiles import (
    Batch,
    Comparison,
    Distribution,
    Estimate,
    GeneratorProfile,
    Growth,
    Machine,
    MetricProfile,
    OutputCheck,
    Percentile,
    ProfileReport,
    Quantity,
    Stage,
    WarmUp,
    Work,
)
from reports.results import Results
from reports.terminal import plain

NONE = Quantity(missing="nobody counts it")


def generator(name: str, seconds: float) -> GeneratorProfile:
    told = Distribution(
        samples=(seconds, 2 * seconds),
        mean=1.5 * seconds,
        least=seconds,
        greatest=2 * seconds,
        percentiles=(
            Percentile(percent=50, needs=6, value=seconds, low=seconds / 2, high=2 * seconds),
            Percentile(percent=99, needs=368),
        ),
    )
    return GeneratorProfile(
        generator=name, plugin="still", scenario="stream", device="cpu", prompts=3, distinct=2,
        failed={"p2": "no <b>face</b>"}, keys=("p0", "p1"),
        warm_up=WarmUp(build_seconds=0.1, cold_seconds=9.0, seconds=(1.0, 1.0, 1.2), stable=False, spread=0.2),
        latency=told, worked=told, first_audio=told, first_frame=told, playable=told,
        audio_rate=Estimate(value=0.5), video_rate=Estimate(value=0.5, low=0.4, high=0.6),
        frames_per_second=Estimate(value=50.0),
        stages=(Stage(name="speech", seconds=seconds, share=0.8, calls=2, memory_mib={"host": 700.0}, operations=4e9),
                Stage(name="elsewhere", seconds=seconds / 4, share=0.2)),
        memory_mib={"host": 712.0}, output=OutputCheck(compared=2),
        work=Work(operations=Quantity(value=4e9), bytes_moved=Quantity(value=1e9), parameters=NONE,
                  arithmetic_share=Quantity(value=0.4), memory_share=NONE),
        joules=NONE, harness_seconds=0.0021,
    )  # fmt: skip


@pytest.fixture
def report() -> ProfileReport:
    """A profile with something of everything."""
    known = {"first": "one", "second": "two", "prompts": 6}
    return ProfileReport(
        environment={"python": "3.11"},
        machine=Machine(load=(0.5, 1.0), other_cores=0.25, clock_mhz=(2000.0, 2400.0), throttled=NONE, switches=7,
                        yardstick={"wall": 0.003, "processor": 0.002},
                        matmul={"float32 on cpu": 9e10}, copy_rate={"cpu": 1.7e10}),
        generators=(generator("one", 1.0), generator("two", 2.0)),
        comparisons=(
            Comparison(**known, clock="wall", ratio=Estimate(value=1.1, low=1.08, high=1.12), ratios=(1.1,),
                       control=Estimate(value=1.0, low=0.99, high=1.01), controls=(1.0,), spread=0.02, claim="slower"),
            Comparison(**known, clock="processor", reason="no prompt was narrated by both"),
        ),
        growth=(Growth(generator="one", over="length", unit="s of clip", levels=(1.0, 2.0, 4.0),
                       seconds=(1.0, 2.0, 4.0), exponent=Estimate(value=1.0, low=0.9, high=1.1)),
                Growth(generator="one", over="resolution", unit="pixels", missing="its frames have one size")),
        batches=(Batch(generator="one", size=1, clips_per_second=2.0, media_per_second=6.0, memory_mib={"host": 1.0}),
                 Batch(generator="one", size=2, missing="out of memory")),
        metrics=(MetricProfile(metric="fid", device="cpu", clips=4, startup=1.0, seconds={"decode": 1.0, "network": 2},
                               clips_per_second=2.0, memory_mib={"host": 900.0}, value=Quantity(value=12.0)),
                 MetricProfile(metric="fvmd", device="cpu", clips=4, startup=0.1, value=Quantity(missing="none"))),
    )  # fmt: skip


def test_every_part_has_its_table(report: ProfileReport) -> None:
    tables = {table.title: plain(table) for table in profile_tables(report)}
    assert list(tables) == [
        "Latency", "Streaming", "Stages", "Work", "Timed in turns", "Growth", "Batches", "Metrics"
    ]  # fmt: skip
    for title, says in {
        "Latency": (
            "[0.500, 2.000]",
            "needs 368",
            "not stable",
            "1 x no <b>face</b>",
            "2.10 ms",
            "nobody counts it",
            "took 2.00 ms by the processor, 3.00 ms by the wall (median)",
        ),
        "Stages": ("80.0 %", "700", "4.000"),
        "Work": ("40.0 %", "90.0 GFLOP/s", "17.0 GB/s"),
        "Timed in turns": ("is slower", "2.0 %", "no difference is claimed: no prompt was narrated by both"),
        "Growth": ("[0.900, 1.100]", "missing: its frames have one size"),
        "Batches": ("missing: out of memory",),
        "Metrics": ("12.00", "missing: none"),
    }.items():
        for part in says:
            assert part in tables[title], tables[title]


def test_an_empty_profile_has_no_table() -> None:
    assert profile_tables(ProfileReport()) == []
    assert figures(ProfileReport()) == {}
    assert profile_frame(ProfileReport()).empty


def test_a_profile_is_written_whole_and_read_back(report: ProfileReport, tmp_path: Path) -> None:
    page = render_profile(report, tmp_path)
    assert ProfileReport.read(tmp_path / "profile.json") == report
    told = page.read_text()
    assert "<svg" in told
    assert "&lt;b&gt;face" in told
    assert "<b>face" not in told
    written = {str(file.relative_to(tmp_path)): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert set(written) == {
        "profile.json", ".profile.json", "report/profile.html",
        *(f"report/figures/profile-{name}.svg" for name in ("stages", "latency")),
        *(f"report/tables/profile.{ending}" for ending in ("md", "tex", "csv")),
    }  # fmt: skip
    render_profile(report, tmp_path)
    assert all((tmp_path / name).read_bytes() == content for name, content in written.items())


def test_a_run_and_its_profile_share_no_file(report: ProfileReport, results: Results, tmp_path: Path) -> None:
    results.write(tmp_path / "results.json")
    states: list[dict[Path, int]] = [{}]
    for draw in (lambda: render_profile(report, tmp_path), lambda: reports.render(tmp_path)) * 2:
        draw()
        files = [path for path in (tmp_path / "report").rglob("*") if path.is_file()]
        states.append({path: path.stat().st_ctime_ns for path in files})
        assert states[-2].items() <= states[-1].items()
    assert states[-1] == states[-2] == states[-3]


def test_a_quantity_is_a_value_or_a_reason() -> None:
    for fields in ({}, {"value": 1.0, "missing": "both"}):
        with pytest.raises(ValidationError, match="a value or a reason"):
            Quantity(**fields)
