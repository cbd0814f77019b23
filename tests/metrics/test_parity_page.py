"""The page on parity names every package that the goldens were made with, by its version, and every convention."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.reference_goldens import Goldens

from metrics.audio import fad
from metrics.video import fid, fvd

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "parity.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("subject", ["fid", "fvd", "fad", "frechet", "beyond", "praat"])
def test_packages_are_named(subject: str) -> None:
    for record in Goldens(subject).records.values():
        assert record["package"] in PAGE


def test_conventions_are_named() -> None:
    left_out = {"fad-clap", "fad-mn04"}  # CLAP cannot be run from PyPI alone, and the code of mn04 is on GitHub only
    for name in {*fid.CONVENTIONS, *fvd.CONVENTIONS, *fad.CONVENTIONS} - left_out:
        assert f"`{name}`" in PAGE
