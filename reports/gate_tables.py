"""A gate's verdicts for people: rows for a terminal, and Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterable

from reports.gate import GateResult, Judged, Verdict
from reports.markdown import escaped
from reports.numbers import decimals, fixed

MARKDOWN_BYTES = 60_000
"""Fewer than a comment on a pull request may have (65,536 characters)."""
_HEADINGS = ("metric", "generator", "dataset", "reference", "now", "worse by", "tolerated", "clips", "why")
_TITLES: dict[Verdict, str] = {"regression": "Regressions", "not measured": "Not measured", "holds": "Holds"}


def gate_rows(result: GateResult) -> list[dict[str, str]]:
    """A row for each cell, the worst verdicts first."""
    return [{"verdict": cell.verdict, **dict(zip(_HEADINGS, _entries(cell), strict=True))} for cell in result.cells]


def gate_markdown(result: GateResult) -> str:
    """A summary, then a table for each verdict, those that hold folded away; short enough for a comment."""
    lines = [f"### narrator-bench gate: {result.verdict}", "", f"{escaped(result.summary)} Study "
             f"{escaped(result.study)}, against {escaped(result.against)}.", ""]  # fmt: skip
    left_out = 0
    for verdict, title in _TITLES.items():
        cells = [cell for cell in result.cells if cell.verdict == verdict]
        if not cells:
            continue
        folded = verdict == "holds"
        lines += [
            f"<details><summary>{title} ({len(cells)})</summary>" if folded else f"**{title} ({len(cells)})**",
            "",
        ]
        lines += [_line(_HEADINGS), _line([":--"] * 3 + ["--:"] * 5 + [":--"])]
        for cell in cells:
            line = _line(map(escaped, _entries(cell)))
            if sum(len(each) for each in lines) + len(line) < MARKDOWN_BYTES:
                lines.append(line)
            else:
                left_out += 1
        lines += ["", "</details>", ""] if folded else [""]
    if left_out:
        lines += [f"{left_out} cells are left out here: `--json` and `--junit` have all of them.", ""]
    lines.append(
        f"Significance {result.significance:g}: the share of gates of equally good runs that may say regression."
    )
    return "\n".join(lines) + "\n"


def _entries(cell: Judged) -> tuple[str, ...]:
    places = 3 if cell.reference is None else decimals(cell.reference)
    worse = fixed(cell.worse, places)
    if cell.low is not None and cell.high is not None:
        worse += f" [{fixed(cell.low, places)}, {fixed(cell.high, places)}]"
    clips = "—" if cell.n is None else str(cell.n)
    return (
        cell.metric, cell.generator, cell.dataset, fixed(cell.reference, places), fixed(cell.value, places), worse,
        fixed(cell.tolerance, places), clips, cell.reason,
    )  # fmt: skip


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
