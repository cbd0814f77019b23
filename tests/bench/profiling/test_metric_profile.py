"""The profile of a metric: its parts add up, and its score is the one that the metric gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.choice import Choice
from bench.media.clip import Decoding, waveform
from bench.media.clip_file import ClipFile
from bench.profiling.metrics import profiled_metric
from metrics.audio.stoi import ShortTimeObjectiveIntelligibility


def test_the_score_is_the_metrics_own(clips: Path) -> None:
    files = [ClipFile(path) for path in sorted(clips.glob("*.mp4"))]
    told = profiled_metric(Choice(name="stoi", plugin="stoi"), files, Decoding(), "cpu")
    metric = ShortTimeObjectiveIntelligibility()
    sound = [waveform(file.video, Decoding()) for file in files]
    statistics = []
    for heard in sound:
        observer = metric.observe()
        observer.waveform(heard, 16000)
        statistics.append(observer.finish()())
    expected = metric.score({str(i): metric.compare(statistics[2 * i], statistics[2 * i + 1]) for i in range(2)})
    assert told.value.value == expected.value
    assert told.clips == 2
    assert told.startup > 0
    assert set(told.seconds) == {"decode", "network", "statistics"}
    assert told.clips_per_second == pytest.approx(4 / sum(told.seconds.values()))


def test_metrics_are_profiled_alone(cli: Callable[..., Any], clips: Path, tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    study.write_text(
        f"name: s\ndatasets: [{{name: made, plugin: folder, root: {clips}}}]\ngenerators: [still]\nmetrics: [mcd]\n"
    )
    outcome = cli("profile", "--metrics", "stoi,mcd", "--study", study, "--device", "cpu", "--json")
    assert outcome.code == 0, outcome.err
    report = json.loads(outcome.out)
    assert [told["metric"] for told in report["metrics"]] == ["stoi", "mcd"]
    assert "Metrics" in cli("profile", "--metrics", "stoi", "--study", study, "--device", "cpu").out
    nothing = cli("profile")
    assert nothing.code == 2
    assert "Name a generator, or metrics" in nothing.err
