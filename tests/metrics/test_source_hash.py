"""Cached statistics are void when the code behind them changes, and only then."""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path

import pytest

from metrics.base.source_hash import _hash, code_text, source_hash

CODE = '''"""Doc."""
def double(x):
    """Twice x."""
    return 2 * x  # a comment
'''


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("# a comment", "# another", True),
        ("Twice x", "Two x", True),
        ("2 * x ", "2  *  x ", True),
        ("2 *", "3 *", False),
    ],
)
def test_only_code_counts(old: str, new: str, same: bool) -> None:
    assert (code_text(CODE) == code_text(CODE.replace(old, new))) == same


def test_a_package_is_hashed_with_all_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / "strange_metrics" / "deep"
    folder.mkdir(parents=True)
    for path in (tmp_path / "strange_metrics" / "__init__.py", folder / "__init__.py"):
        path.write_text("")
    (folder / "inner.py").write_text(CODE)
    module = importlib.import_module("strange_metrics.deep.inner").__name__
    before = source_hash(module)
    assert before == source_hash("strange_metrics")
    (folder / "inner.py").write_text(CODE.replace("2 *", "3 *"))
    assert source_hash(module) == before, "one process has one code"
    _hash.cache_clear()
    assert source_hash(module) != before


def test_code_without_a_file_cannot_be_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "notebook_cell", types.ModuleType("notebook_cell"))
    with pytest.raises(ValueError, match="move it into a file"):
        source_hash("notebook_cell")
