"""The examples in the audio metrics' docstrings."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize("module", ["mcd", "stoi", pytest.param("fad", marks=pytest.mark.weights)])
def test_docstring_examples(module: str) -> None:
    results = doctest.testmod(importlib.import_module(f"metrics.audio.{module}"))
    assert results.attempted > 0
    assert results.failed == 0
