"""Profiles collect garbage between calls; with all of the suite in memory that would take most of the tests' time."""

from __future__ import annotations

import gc

import pytest


@pytest.fixture(autouse=True)
def _garbage_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gc, "collect", lambda *_: 0)
