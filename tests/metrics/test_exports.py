"""The package offers what it says, and importing the weights does not import PyTorch."""

from __future__ import annotations

import doctest
import importlib
import subprocess
import sys

import pytest

import metrics
from metrics import functional


def test_every_exported_name_is_there() -> None:
    for name in metrics.__all__:
        assert getattr(metrics, name).__name__ in (name, "Mapping")
    assert set(metrics.__all__) <= set(dir(metrics))
    assert all(callable(getattr(functional, name)) for name in functional.__all__)
    with pytest.raises(AttributeError, match="no attribute 'FID'"):
        _ = metrics.FID


def test_weights_are_light_to_import() -> None:
    code = "import sys, metrics.weights; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.weights
@pytest.mark.parametrize("module", ["metrics", "metrics.frechet.distance", "metrics.video.fid", "metrics.video.fvd"])
def test_examples_in_docstrings(module: str) -> None:
    results = doctest.testmod(importlib.import_module(module), verbose=False)
    assert results.attempted
    assert not results.failed
