"""A comparison in every format: nothing in it is obeyed, the links lead to the videos, words begin at the left."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest
from support.compared_runs import METRICS
from support.parsed_page import Parsed

from reports.comparison import Change, ChangedClip, Comparison, Contender, Pair, Row
from reports.comparison_page import linked
from reports.comparison_rendering import comparison_text, render_comparison
from reports.comparison_tables import changed_table, verdict_table
from reports.numbers import significant
from reports.results import Metric

ATTACK = '"><script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1)) \\input{x} |'
RAW = "\x1b[31mred \u202egnp \u2066x\u2069"


def comparison(name: str = "new", key: str = "a b#1", note: str = "a note", run: str = "runs/new") -> Comparison:
    """Two rows and a clip; every text can be replaced."""
    rows = (
        Row(
            dataset=key, metric="mcd", first=9.0, second=8.0, n=40, difference=-1.0, standard_error=0.2, low=-1.4,
            high=-0.6, p_value=0.0001, p_adjusted=0.0002, visible=0.6, verdict="better", words=f"{name} is better",
            notes=(note,),
        ),
        Row(
            dataset=None, metric="mcd", first=9.0, second=9.05, n=40, difference=0.05, standard_error=0.2, low=-0.4,
            high=0.5, p_value=0.8, p_adjusted=1.0, visible=0.6, verdict="no difference", words="no difference",
        ),
        Row(dataset=key, metric="stoi", words=f"no claim: missing in {name}"),
    )  # fmt: skip
    clip = ChangedClip(
        dataset=key, key=key, text=note, changes=(Change(metric="mcd", first=9.0, second=7.0, share=-2.0),),
        first_file=f"generated/{key}.mp4", second_file=None, reference=f"reference/{key}.mp4",
    )  # fmt: skip
    pair = Pair(
        first=Contender(name="old", run="runs/old", generator=name),
        second=Contender(name=name, run=run, generator="x"),
        rows=rows, changed=(clip,), failures=(note,), left_out=(note,),
    )  # fmt: skip
    return Comparison(
        level=0.05, tested=2, metrics={name: METRICS[name] for name in ("mcd", "stoi")},
        signatures={"mcd": "mcd|version:1"}, protocol={"fps": 25.0, note: note}, pairs=(pair,),
    )  # fmt: skip


def page(made: Comparison, folder: Path) -> Parsed:
    return Parsed(render_comparison(made, folder).read_text(encoding="utf-8"))


def test_everything_is_on_the_page(tmp_path: Path) -> None:
    shown = page(comparison(), tmp_path)
    for text in ("new against old", "new is better", "-1.000", "[-1.400, -0.600]", "0.0002", "(0.0001)", "a note",
                 "missing in new", "all datasets", "MCD (dB) ↓: 9.000 → 7.000 (better)", "no clip"):  # fmt: skip
        assert text in shown.text, text
    assert len(shown.all("svg")) == 1
    assert len(shown.all("circle")) == 2


def test_better_lies_to_the_right_whatever_the_direction(tmp_path: Path) -> None:
    better, none = (float(circle["cx"] or 0) for circle in page(comparison(), tmp_path).all("circle"))
    assert better == pytest.approx(560 + 75 / 0.6, abs=0.1)
    assert none == pytest.approx(560 - 75 * 0.05 / 0.6, abs=0.1)


def test_videos_are_linked_from_where_the_page_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sources = [video["src"] or "" for video in page(comparison(), Path("pages/one")).all("video")]
    assert sources == ["../../runs/old/reference/a%20b%231.mp4", "../../runs/old/generated/a%20b%231.mp4"]
    assert "[old](../../runs/old/generated/a%20b%231.mp4)" in (tmp_path / "pages/one/comparison.md").read_text()
    assert "1 old: runs/old/generated/a b#1.mp4" in comparison_text(comparison())


def test_a_link_is_a_path_whatever_a_file_is_called(tmp_path: Path) -> None:
    link = linked(str(tmp_path), "javascript:alert(1)//x y.mp4", tmp_path)
    assert ":" not in link
    assert unquote(link) == "javascript:alert(1)/x y.mp4"


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    shown = page(comparison(*[ATTACK] * 4), tmp_path)
    assert len(shown.all("script")) == 1
    assert not shown.all("img")
    assert ATTACK in shown.text
    assert not set("<>\"'() ") & set("".join(video["src"] or "" for video in shown.all("video")))
    markdown = (tmp_path / "comparison.md").read_text()
    assert "<script" not in markdown
    assert "<img" not in markdown
    assert "[x](java" not in markdown
    assert r"\input{x}" not in (tmp_path / "comparison.tex").read_text()


def test_raw_characters_are_seen_and_not_obeyed(tmp_path: Path) -> None:
    made = comparison(*[RAW] * 3)
    page(made, tmp_path)
    texts = [path.read_text() for path in tmp_path.iterdir() if path.suffix != ".json"] + [comparison_text(made)]
    assert len(texts) == 4
    for text in texts:
        assert not set(text) & set("\x1b\u202e\u2066\u2069")
        assert "U+202E" in text


def test_words_begin_at_the_left() -> None:
    table = verdict_table(comparison(), comparison().pairs[0])
    assert (table.numbers, table.words) == (5, 1)
    lines = comparison_text(comparison()).splitlines()
    start = next(line for line in lines if line.startswith("metric")).index("verdict")
    assert next(line for line in lines if "new is better" in line).index("new is better") == start


def test_a_comparison_of_equals_has_no_table_of_changes() -> None:
    made = comparison()
    pair = made.pairs[0].model_copy(update={"changed": ()})
    assert changed_table(made, pair) is None


def test_two_metrics_of_one_title_are_told_apart() -> None:
    made = comparison()
    twice = made.model_copy(update={"metrics": {**made.metrics, "mcd-80": Metric(title="MCD", direction="lower")}})
    table = verdict_table(twice, twice.pairs[0])
    assert table.groups[0][0].labels[1] == "MCD (mcd) (dB) ↓"


@pytest.mark.parametrize(
    ("value", "text"), [(0.0723, "0.072"), (7.25, "7.2"), (723.4, "723"), (0.0, "0"), (0.1, "0.10")]
)
def test_two_significant_digits(value: float, text: str) -> None:
    assert significant(value) == text
