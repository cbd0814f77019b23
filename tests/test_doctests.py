"""The examples in the docstrings of every module run and print what they say."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("bench", "metrics", "baselines", "reports", "narrator")
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for room in ROOMS
    for path in sorted((ROOT / room).rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.weights
@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings(module: str) -> None:
    results = doctest.testmod(importlib.import_module(module), verbose=False)
    assert results.attempted
    assert not results.failed


def test_the_metrics_have_examples() -> None:
    assert {"metrics", "metrics.audio.mcd", "metrics.video.fvd", "metrics.motion.fvmd"} <= set(MODULES)
