"""Any words after `narrator-bench`: one sentence and an exit code, never a traceback, never a hang."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

STUDY = "name: s\ndatasets: [{{name: folder, root: nowhere}}]\ngenerators: [still]\nmetrics: [{metric}]\n{more}"

ODD = st.sampled_from([
    "", " ", "-", "--", "..", "/", "/dev/null", "/dev/zero", "/proc/self/mem", "~nobody-at-all", "a\0b", "\x1b[31m",
    "\udc80", "x" * 5000, "nan", "1e999", "-1", "9" * 5000, "a=b", "x=[", "[", "*a", "!!python/name:os.system x", "🙂",
    "\u202e",
])  # fmt: skip
WORD = ODD | st.text(max_size=12)
COMMANDS = st.sampled_from([
    ("run",), ("score",), ("report",), ("paper", "table2"), ("data", "verify"), ("data", "verify", "hdtf"), ("data",),
    ("data", "prepare", "folder"), ("checkpoint", "inspect"), ("weights", "fetch"), ("metrics",), ("generators",), (),
    ("profile",), ("profile", "still", "--vary"), ("profile", "still", "--scenario"),
    ("score", "--real", "nowhere", "--generated", "nowhere", "--metrics"), ("run", "study.yaml", "--out", "run"),
    ("data", "verify", "fakeavceleb", "nowhere", "--option"), ("selfcheck", "--against"), ("compare",),
    ("run", "study.yaml", "--out"), ("nope",), ("compare", "nowhere"),
    ("compare", "nowhere", "nowhere", "--generators"), ("gate",), ("gate", "nowhere", "--against"),
    ("gate", ".", "--update", "--against"), ("archive",), ("unpack",), ("run", "--out", "run", "--from-results"),
])  # fmt: skip
OPTIONS = st.sampled_from([
    "--out", "--workers", "--device", "--shard", "--metrics", "--real", "--generated", "--max-seconds", "--cache",
    "--option", "--limit", "--generators", "--common", "--json", "--no-bounds", "--nope", "--help",
    "--against", "--rules", "--from-results", "--root", "--media",
])  # fmt: skip
ARGUMENTS = st.lists(WORD | st.tuples(OPTIONS, WORD), min_size=1, max_size=5)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder to stand in, with an empty cache, and no network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NARRATOR_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NARRATOR_BENCH_OFFLINE", "1")
    return tmp_path


def ends_well(outcome: Any, folder: Path) -> None:
    assert outcome.code in (0, 1, 2), outcome
    assert "Traceback" not in outcome.out + outcome.err
    assert "unexpected error" not in outcome.err
    assert not list(folder.glob("narrator-bench-error-*"))
    if outcome.code == 2 and "Usage:" not in outcome.err:
        assert outcome.err.count("\n") == 1
        assert outcome.err.startswith("narrator-bench: ")
        assert outcome.err[:-1].isprintable()


@given(COMMANDS, ARGUMENTS)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_words_end_well(
    cli: Callable[..., Any], alone: Path, command: tuple[str, ...], arguments: list[str | tuple[str, str]]
) -> None:
    words = [word for argument in arguments for word in ((argument,) if isinstance(argument, str) else argument)]
    (alone / "study.yaml").write_text(STUDY.format(metric="mcd", more=""))
    ends_well(cli(*command, *words), alone)


@given(WORD, WORD, WORD)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_words_in_a_study_end_well(cli: Callable[..., Any], alone: Path, metric: str, key: str, value: str) -> None:
    text = STUDY.format(metric=metric, more=f"{key}: {value}\n")
    (alone / "study.yaml").write_text(text, encoding="utf-8", errors="surrogatepass")
    ends_well(cli("run", "study.yaml", "--out", "run"), alone)
