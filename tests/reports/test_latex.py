"""The LaTeX tables compiled: alone and in a paper, within the page, with hostile text as text."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from support.large_run import large_run
from support.parsed_page import Parsed
from support.trial_run import VALUES, cell, with_cells

import reports
from reports.fitting import PAGE, number_width, panels
from reports.latex import escaped, latex, latex_file
from reports.markdown import markdown
from reports.results import Results, Study
from reports.stress import claim_table
from reports.tables import Entry, Row, Table, cost_table, score_table, stage_table

ATTACKS = (
    r"\input{/etc/passwd} \write18{ls} ^^5cinput \end{tabular}\end{document}",
    "<script>alert('1')</script> {{ 7*7 }} {% raw %}",
    '50% & #1 _a_ $m$ ~z ^2 | `c` "q" [l](u)',
    "=cmd|' /C calc'!A0",
    "שלום \u202eexe.gnp é Ž 中 🙂 \x1b[31m",
)


@pytest.fixture
def compiler() -> str:
    """The path of pdflatex; in CI it must be there, elsewhere the test is skipped."""
    found = shutil.which("pdflatex")
    if found is None:
        reason = "needs pdflatex with booktabs: make latex installs it where apt-get may"
        if os.environ.get("NARRATOR_BENCH_REQUIRE_SHARED"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def compiled(compiler: str, folder: Path, document: str) -> str:
    """The log of a document that compiles."""
    (folder / "document.tex").write_text(document, encoding="utf-8")
    command = [compiler, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "document.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in done.stdout
    return done.stdout


def text_of(folder: Path) -> str:
    """What a reader of the compiled document reads, without any white space; None of it where pdftotext is missing."""
    command = ["pdftotext", "-raw", "document.pdf", "-"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return "".join(done.stdout.split())


def hostile_results() -> Results:
    names = {f"g{i}": attack for i, attack in enumerate(ATTACKS)}
    cells = [
        cell(
            names.get(f"g{i}", name),
            "fid",
            float(i),
            notes=(ATTACKS[i],),
            failed={ATTACKS[i]: ATTACKS[i]},
            signature=ATTACKS[i],
        )
        for i, name in enumerate(VALUES)
    ]
    study = Study(
        name=ATTACKS[1], seed=3, datasets=("voxceleb",), generators=ATTACKS,
        metrics=with_cells([]).study.metrics,
    )  # fmt: skip
    return with_cells(cells, study=study, notes=ATTACKS, profiles=(), clips=(), findings=())


def test_every_file_of_a_report_compiles_by_itself(compiler: str, tmp_path: Path) -> None:
    large_run().write(tmp_path / "results.json")
    reports.render(tmp_path)
    files = sorted((tmp_path / "report" / "tables").glob("*.tex"))
    assert [file.stem for file in files] == ["cost", "scores"]
    for file in files:
        log = compiled(compiler, tmp_path, file.read_text(encoding="utf-8"))
        assert "Overfull" not in log
        assert "Float too large" not in log


def test_a_paper_in_two_columns_takes_the_tables(compiler: str, tmp_path: Path, results: Results) -> None:
    tables = [table for table in (score_table(large_run()), cost_table(results), stage_table(results)) if table]
    (tmp_path / "tables.tex").write_text(latex_file(tables), encoding="utf-8")
    paper = (
        r"\documentclass[twocolumn]{article}\usepackage[T1]{fontenc}\usepackage{textcomp,booktabs,graphicx}"
        r"\begin{document}Before.\input{tables.tex}\input{tables.tex}After.\end{document}"
    )
    log = compiled(compiler, tmp_path, paper)
    assert "Overfull \\hbox" not in log
    if shutil.which("pdftotext"):
        assert "After." in text_of(tmp_path)  # the file ended nothing


def test_hostile_text_is_text_in_the_document(compiler: str, tmp_path: Path) -> None:
    compiled(compiler, tmp_path, latex_file([score_table(hostile_results())]))
    if shutil.which("pdftotext") is None:
        pytest.skip("needs pdftotext to read the document")
    read = text_of(tmp_path)
    for part in (
        r"\input{/etc/passwd}", r"\write18{ls}", r"\end{document}", "<script>alert('1')</script>", "{{7*7}}", "{%raw%}",
        "50%&#1_a_$m$~z^2|`c`\"q\"[l](u)", "=cmd|'/Ccalc'!A0", "U+202E", "U+05E9", "U+1F642", "U+4E2D",
    ):  # fmt: skip
        assert part in read, part
    assert "root:" not in read


def test_hostile_text_is_text_in_markdown_and_csv(tmp_path: Path) -> None:
    hostile = hostile_results()
    text = markdown(score_table(hostile))
    page = Parsed(MarkdownIt("commonmark").enable("table").render(text))
    assert not page.all("script") + page.all("a") + page.all("img")
    assert "<script>alert('1')</script> {{ 7*7 }} {% raw %}" in page.text
    assert "\u202e" not in text
    hostile.write(tmp_path / "results.json")
    reports.render(tmp_path)
    for line in (tmp_path / "report" / "tables" / "scores.csv").read_text(encoding="utf-8").splitlines():
        assert not re.search(r"(^|,)\"?[=+@\t\r]", line), line


def test_an_optional_argument_is_never_begun() -> None:
    """A cell after `\\\\` that begins with a bracket or a star would be one."""
    assert escaped("[x]*") == "{[}x{]}{*}"


def wide(columns: int, rows: int = 3) -> Table:
    entries = tuple(Entry("10240.125", "[10200.000, 10300.000]") for _ in range(columns))
    group = tuple(Row(("voxceleb", f"generator-{i}"), entries) for i in range(rows))
    return Table("Wide", ("dataset", "generator"), tuple(Entry(f"column {i} (MiB)") for i in range(columns)), (group,))


def shown_columns(table: Table) -> list[Sequence[int]]:
    return [range(panel.first, panel.stop) for panel in panels(table)]


def test_a_wide_table_is_split_into_panels_that_fit() -> None:
    for columns in (1, 5, 9, 23):
        table = wide(columns)
        made = shown_columns(table)
        assert [place for panel in made for place in panel] == list(range(columns))
        for panel in made:
            assert sum(number_width(table, place) for place in panel) < PAGE
        assert max(map(len, made)) - min(map(len, made)) <= 1
        assert latex(table).count(r"\begin{tabular}") >= len(made)
    assert len(shown_columns(wide(1))) == 1
    assert len(shown_columns(wide(23))) > 3


def test_a_wide_and_long_table_keeps_every_row_and_the_page(compiler: str, tmp_path: Path) -> None:
    table = wide(9, rows=70)
    text = latex(table)
    for place in range(70):
        assert text.count(f"generator{{-}}{place} ") == len(panels(table))
    log = compiled(compiler, tmp_path, latex_file([table]))
    assert "Overfull" not in log
    assert "Float too large" not in log


def test_long_words_are_wrapped(compiler: str, tmp_path: Path) -> None:
    words = "the pitch of the generated speech follows the profile within the stated margin of two semitones " * 2
    row = Row(("cascade, voxceleb", words, "cannot be said"), (Entry(words),))
    table = Table("Claims", ("generator", "claim", "verdict"), (Entry("what was measured"),), ((row,),), words=1)
    assert "p{" in latex(table)
    assert "Overfull" not in compiled(compiler, tmp_path, latex_file([table]))
    assert claim_table(large_run()) is None
