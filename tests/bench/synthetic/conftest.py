"""A small corpus of every flavour, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.synthetic import FLAVOURS, make

SEED = 7


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each flavour: two clips of voxceleb, one of every other."""
    root = tmp_path_factory.mktemp("synthetic")
    for flavour in FLAVOURS:
        make(root / flavour, flavour, clips=2 if flavour == "voxceleb" else 1, seed=SEED)
    return {flavour: root / flavour for flavour in FLAVOURS}
