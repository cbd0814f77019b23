"""The registry: one list of names, and options that are checked by name, type and range."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import tomllib

from metrics.builtin import METRICS

PROJECT = tomllib.loads(Path(__file__).parents[2].joinpath("pyproject.toml").read_text(encoding="utf-8"))
ENTRY_POINTS: dict[str, str] = PROJECT["project"]["entry-points"]["narrator_bench.metrics"]


def built(name: str, **options: Any) -> Any:
    return EntryPoint(name, ENTRY_POINTS[name], "narrator_bench.metrics").load()(**options)


def test_the_entry_points_are_the_conventions() -> None:
    assert list(ENTRY_POINTS) == list(METRICS)
    for name in ENTRY_POINTS:
        metric = built(name)
        assert (type(metric), metric.name) == (METRICS[name], name)


def test_options_change_fields_and_the_signature() -> None:
    assert built("fid", stride=5).signature.startswith("fid|resize:tf1|width:2048|stride:5|")
    assert built("fvmd-compat", epsilon=0).config.epsilon == 0.0


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("fid", {"strid": 2}, r"fid has no option 'strid'\. Did you mean: stride\? Available: ddof, offset, region,"),
        ("fid", {"stride": -3}, "stride must be a whole number of at least 1, got -3"),
        ("fid", {"stride": True}, "stride must be a whole number of at least 1, got True"),
        ("fid", {"offset": float("nan")}, "offset must be a number from 1 to 255, got nan"),
        ("fid", {"region": "fase"}, r"region must be one of frame, face, got 'fase'\. Did you mean: face"),
        ("fad-ge2e", {"embedding": "ge2e"}, "embedding must be an Embedding, got 'ge2e'"),
        (
            "mcd",
            {"sample_rate": 16000.5},
            "whole number from 8000 to 192000 or None, got 16000.5",
        ),
        ("stoi", {"alignment": None}, "alignment must be one of truncate, dtw, got None"),
        ("fvmd-lk", {"tracker": [1]}, r"tracker must be a Tracker, got \[1\]"),
    ],
)
def test_a_wrong_option_is_one_sentence(name: str, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        built(name, **options)
