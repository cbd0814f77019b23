"""Fixtures of the video half."""

from __future__ import annotations

from pathlib import Path

import pytest
from public_video import PublicPipeline, load


@pytest.fixture(scope="session")
def public(shared: Path) -> PublicPipeline:
    """The tiny networks of the public fixtures with what went in and came out of the public code."""
    return load(shared)
