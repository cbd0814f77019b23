"""A small run for every test of reports."""

from __future__ import annotations

import pytest
from support.trial_run import METRICS, VALUES, cell, with_cells

from reports.results import Results


@pytest.fixture
def results() -> Results:
    """Three generators and both bounds on VoxCeleb; one value is missing."""
    return with_cells([cell(g, m, v) for g, values in VALUES.items() for m, v in zip(METRICS, values, strict=True)])
