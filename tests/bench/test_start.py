"""The command line starts without what only some commands need: PyTorch takes seconds to import."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("torch", "torchmetrics", "pandas", "scipy.signal", "scipy.stats", "transformers", "onnxruntime", "matplotlib")


def test_no_command_waits_for_what_it_does_not_need() -> None:
    told = f"import sys, bench.cli.app; print(*[name for name in {HEAVY} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""
