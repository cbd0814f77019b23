"""Fixtures that every test room shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("NARRATOR_BENCH_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real clips and numeric fixtures that lies beside the repository.

    Where it is absent the test skips; where NARRATOR_BENCH_REQUIRE_SHARED is set (continuous integration) it fails.
    """
    if not SHARED.is_dir():
        if os.environ.get("NARRATOR_BENCH_REQUIRE_SHARED"):
            pytest.fail("The folder ../shared with the real clips is required here and is not there.")
        pytest.skip("needs ../shared, the folder of real clips and fixtures beside the repository")
    return SHARED
