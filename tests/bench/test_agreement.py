"""`agreement` through the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.compared_runs import run, written


def test_the_command(cli: Callable[..., Any], tmp_path: Path) -> None:
    names = ("a", "b", "c", "d")
    written(tmp_path, run({name: {"seed": place, "worse": 3.0 * place} for place, name in enumerate(names)}))
    (tmp_path / "p.csv").write_text("better,worse\n" + "a,b\nb,c\n" * 10, encoding="utf-8")
    outcome = cli("agreement", tmp_path, "--preferences", tmp_path / "p.csv")
    assert outcome.code == 0, outcome.err
    assert "Agreement of study: with people" in outcome.out
    assert cli("agreement", tmp_path, "--json").out.startswith("[")
    (tmp_path / "empty").mkdir()
    nothing = cli("agreement", tmp_path / "empty")
    assert (nothing.code, nothing.out) == (2, "")
    assert "holds no results.json" in nothing.err
