"""The package offers what it says, and importing the weights does not import PyTorch."""

from __future__ import annotations

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
