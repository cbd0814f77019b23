"""A small run for every test of reports."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reports.results import Results

sys.path.insert(0, str(Path(__file__).parent))  # tests here share `trial_run`, whatever the import mode
from trial_run import METRICS, VALUES, cell, with_cells


@pytest.fixture
def results() -> Results:
    """Three generators and both bounds on VoxCeleb; one value is missing."""
    return with_cells([cell(g, m, v) for g, values in VALUES.items() for m, v in zip(METRICS, values, strict=True)])
