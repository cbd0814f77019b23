"""A comparison as files and as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reports.comparison import Comparison, Pair
from reports.comparison_tables import changed_table, verdict_table, videos
from reports.tables import Table
from reports.text import visible
from reports.writing import write, writing_to


def render_comparison(comparison: Comparison, folder: Path) -> Path:
    """Write comparison.json, comparison.md, comparison.tex and index.html; return the page.

    Equal comparisons give equal bytes in folders that lie alike to the runs.

    Raises:
        ResultsError: the files cannot be written there.
    """
    from reports.comparison_page import comparison_page
    from reports.latex import latex_file
    from reports.markdown import markdown

    tables = [table for pair in comparison.pairs for table in _tables(comparison, pair)]
    with writing_to(f"the comparison {folder}", "choose another folder with --out"):
        write(folder / "comparison.json", comparison.text())
        write(folder / "comparison.md", "\n".join([*map(markdown, tables), *_links(comparison, folder)]))
        write(folder / "comparison.tex", latex_file(tables))
        write(folder / "index.html", comparison_page(comparison, folder))
    return folder / "index.html"


def comparison_text(comparison: Comparison) -> str:
    """The tables and, of the clips that changed most, where the videos lie."""
    from reports.terminal import plain

    parts = []
    for pair in comparison.pairs:
        parts += [plain(table) for table in _tables(comparison, pair)]
        if lines := list(_video_lines(pair)):
            parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _tables(comparison: Comparison, pair: Pair) -> Iterator[Table]:
    yield verdict_table(comparison, pair)
    if (changed := changed_table(comparison, pair)) is not None:
        yield changed


def _links(comparison: Comparison, folder: Path) -> Iterator[str]:
    """The videos of the clips that changed most, as a list in Markdown."""
    from reports.comparison_page import linked
    from reports.markdown import escaped

    for pair in comparison.pairs:
        for rank, clip in enumerate(pair.changed, 1):
            links = [
                f"[{escaped(name)}]({linked(run, file, folder)})" for name, run, file in videos(pair, clip) if file
            ]
            yield f"{rank}. {escaped(f'{clip.dataset}, {clip.key}')}: {', '.join(links)}"


def _video_lines(pair: Pair) -> Iterator[str]:
    for rank, clip in enumerate(pair.changed, 1):
        yield from (visible(f"{rank} {name}: {Path(run) / file}") for name, run, file in videos(pair, clip)[1:] if file)
