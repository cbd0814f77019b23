"""Every quick hostile case ends as it ought to; `run_all.py` beside this runs the others too."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostile.all_cases import CASES
from hostile.case import Case, complaint


@pytest.mark.parametrize("case", [case for case in CASES if case.quick], ids=str)
def test_it_ends_in_one_sentence_or_is_read_properly(case: Case, tmp_path: Path) -> None:
    wrong = complaint(case, tmp_path)
    assert wrong is None, f"{case}: {wrong}"


def test_there_are_enough_of_every_kind() -> None:
    assert len(CASES) >= 300
    assert len({(case.kind, case.name) for case in CASES}) == len(CASES)
