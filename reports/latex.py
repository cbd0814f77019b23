"""Tables as LaTeX with booktabs: a file that compiles by itself and that a paper takes with `\\input`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from reports.fitting import PAGE, Panel, broken, natural, number_width, panels, parts
from reports.tables import Entry, Row, Table
from reports.text import visible

_ESCAPES = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}", "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}", "-": "{-}", "[": "{[}", "]": "{]}", "*": "{*}",
    "↑": r"$\uparrow$", "↓": r"$\downarrow$", "→": r"$\rightarrow$", "−": "$-$",
    "—": "---", "–": "--", "×": r"$\times$", "·": r"$\cdot$", "±": r"$\pm$", "…": r"\ldots{}",
    "‘": "`", "’": "'", "“": "``", "”": "''",
} | {special: f"\\{special}" for special in "%_&#{}$"}  # fmt: skip
_MINUS = re.compile(r"(?<![^\s\[(])-(?=\d)")
_LETTERS = set("ĂăĄąĆćČčĎďĐđĘęĚěĞğİıĹĺĽľŁłŃńŇňŐőŒœŔŕŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž")
"""Beyond Latin-1, the letters that every TeX engine sets in the T1 encoding."""

_BEGIN = r"""% In a paper: \usepackage[T1]{fontenc}, textcomp, booktabs, graphicx; then \input this file.
% By itself it compiles too, with any engine: pdflatex FILE
\expandafter\ifx\csname @classoptionslist\endcsname\relax
\documentclass[10pt]{article}
\usepackage[T1]{fontenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage{textcomp,booktabs,graphicx}
\usepackage[margin=1in]{geometry}
\gdef\narratorbenchend{\end{document}}
\begin{document}
\fi
"""
_END = r"""\csname narratorbenchend\endcsname
"""
_NOTE = 0.87
"""Size of notes beside that of the table."""


def latex_file(tables: Iterable[Table]) -> str:
    """Tables as a file that compiles by itself; `\\input` in a paper, it adds the tables alone."""
    return _BEGIN + "\n".join(map(latex, tables)) + _END


def latex(table: Table) -> str:
    """A `table*` with caption, footnotes and remarks; one too wide is split into panels, one too long into several.

    Needs \\usepackage[T1]{fontenc}, textcomp, booktabs and graphicx. The signatures stand in comments.
    """
    made = panels(table)
    notes = [*table.footnotes, *table.remarks]
    below = sum(1 + int(_NOTE * natural(text) / PAGE) for text in (*notes, table.caption))
    pages = parts(table, made, below)
    lines = [f"% {visible(text)}" for text in table.signatures]
    for number, groups in enumerate(pages, 1):
        lines += _float(table, made, groups, number, len(pages))
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Plain text; a character that TeX may not have is named by its code point."""
    return "".join(_character(character) for character in _MINUS.sub("−", visible(text)))


def _float(
    table: Table, made: Sequence[Panel], groups: Sequence[tuple[Row, ...]], number: int, count: int
) -> list[str]:
    title = table.title.rstrip(".") + (f" (part {number} of {count})" if count > 1 else "")
    lines = [r"\begin{table*}"]
    if number > 1:
        lines.append(r"\addtocounter{table}{-1}%")
    lines += [
        r"\centering\footnotesize\setlength{\tabcolsep}{4pt}",
        rf"\caption{{{escaped(f'{title}. {table.caption}')}}}",
        r"\vspace{4pt}",
    ]
    for panel in made:
        lines += [*_tabular(table, panel, groups), r"\par\vspace{4pt}"]
    used = {note for heading in table.headings for note in heading.footnotes}
    used |= {note for group in groups for row in group for entry in row.entries for note in entry.footnotes}
    notes = [
        rf"\textsuperscript{{{place}}}{escaped(text)}" for place, text in enumerate(table.footnotes, 1) if place in used
    ]
    notes += map(escaped, table.remarks if number == 1 else ())
    lines += [r"\raggedright\scriptsize", *(rf"{text}\par" for text in notes)]
    return [*lines, r"\end{table*}"]


def _tabular(table: Table, panel: Panel, groups: Sequence[tuple[Row, ...]]) -> list[str]:
    columns = "".join(f"p{{{width:.0f}pt}}" if width else "l" for width in panel.labels)
    for place, width in zip(range(panel.first, panel.stop), panel.entries, strict=True):
        columns += f"p{{{width:.0f}pt}}" if width else "r" if place < table.numbers else "l"
    headings = [_heading(table, place) for place in range(panel.first, panel.stop)]
    lines = [
        r"\sbox0{%",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _line([*map(escaped, table.labels), *headings]),
    ]
    for group in groups:
        lines.append(r"\midrule")
        for before, row in zip((None, *group), group, strict=False):
            lines += _row(row, panel, before)
    return [
        *lines,
        r"\bottomrule",
        r"\end{tabular}}%",
        r"\ifdim\wd0>\textwidth\resizebox{\textwidth}{!}{\usebox0}\else\usebox0\fi",
    ]


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if " " <= character <= "~" or "À" <= character <= "ÿ" or character in _LETTERS:
        return character
    return rf"\texttt{{U+{ord(character):04X}}}"


def _heading(table: Table, place: int) -> str:
    heading = table.headings[place]
    if place >= table.numbers:
        return escaped(heading.text) + _notes(heading)
    lines = broken(heading.text, number_width(table, place))
    text = r"\\".join(map(escaped, lines)) + _notes(heading)
    return rf"\shortstack[r]{{{text}}}" if len(lines) > 1 else text


def _row(row: Row, panel: Panel, before: Row | None) -> list[str]:
    """The row, and below it its small print; what its first labels share with the row before it is not repeated."""
    labels = [_wrapped(escaped(label), width) for label, width in zip(row.labels, panel.labels, strict=True)]
    for place in range(len(labels) - 1):
        if before is None or before.labels[: place + 1] != row.labels[: place + 1]:
            break
        labels[place] = ""
    if row.bound:
        labels = [rf"\textit{{{label}}}" if label else "" for label in labels]
    entries = row.entries[panel.first : panel.stop]
    cells = [_wrapped(_entry(entry), width) for entry, width in zip(entries, panel.entries, strict=True)]
    lines = [_line(labels + cells)]
    if any(entry.small for entry in entries):
        small = [rf"{{\scriptsize {escaped(entry.small)}}}" if entry.small else "" for entry in entries]
        lines += [_line([""] * len(labels) + small), r"\addlinespace[2pt]"]
    return lines


def _entry(entry: Entry) -> str:
    text = escaped(entry.text)
    if entry.mark:
        text = rf"\textbf{{{text}}}" if entry.mark == "best" else rf"\underline{{{text}}}"
    return text + _notes(entry)


def _notes(entry: Entry) -> str:
    numbers = ",".join(map(str, entry.footnotes))
    return rf"\textsuperscript{{{numbers}}}" if numbers else ""


def _wrapped(text: str, width: float | None) -> str:
    return rf"{{\raggedright {text}\par}}" if width else text


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"
