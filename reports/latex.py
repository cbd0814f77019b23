"""Tables as LaTeX, for a document with `booktabs` and `graphicx` that is set by any engine."""

from __future__ import annotations

from reports.tables import Entry, Row, Table
from reports.text import visible

_ESCAPES = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}", "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}", "-": "{-}", "↑": r"$\uparrow$", "↓": r"$\downarrow$", "→": r"$\rightarrow$",
    "—": "---", "–": "--", "×": r"$\times$", "·": r"$\cdot$", "±": r"$\pm$", "…": r"\ldots{}",
    "‘": "`", "’": "'", "“": "``", "”": "''",
} | {special: f"\\{special}" for special in "%_&#{}$"}  # fmt: skip
_LETTERS = set("ĂăĄąĆćČčĎďĐđĘęĚěĞğİıĹĺĽľŁłŃńŇňŐőŒœŔŕŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž")
"""Beyond Latin-1, the letters that every TeX engine sets in the T1 encoding."""


def latex(table: Table) -> str:
    """A `table*` with caption, footnotes and remarks. Needs \\usepackage[T1]{fontenc}, booktabs and graphicx."""
    columns = "l" * len(table.labels) + "r" * table.numbers + "l" * table.words
    lines = [
        r"% \usepackage[T1]{fontenc} \usepackage{textcomp} \usepackage{booktabs} \usepackage{graphicx}",
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{escaped(table.title)}}}",
        r"\smallskip",
        r"\resizebox{\textwidth}{!}{%",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _line([*map(escaped, table.labels), *map(_entry, table.headings)]),
    ]
    for group in table.groups:
        lines += [r"\midrule", *(_line(_cells(row, first=row is group[0])) for row in group)]
    lines += [r"\bottomrule", r"\end{tabular}}", r"\par\smallskip\raggedright\footnotesize"]
    notes = [rf"\textsuperscript{{{number}}}{escaped(text)}" for number, text in enumerate(table.footnotes, 1)]
    notes += [escaped(text) for text in table.remarks]
    notes += [rf"\texttt{{{escaped(text)}}}".replace("textbar", r"textbar\allowbreak") for text in table.signatures]
    lines += [text + r"\par" for text in notes]
    return "\n".join([*lines, r"\end{table*}"]) + "\n"


def escaped(text: str) -> str:
    """Plain text; a character that TeX may not have is named by its code point."""
    return "".join(_character(character) for character in visible(text))


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if " " <= character <= "~" or "À" <= character <= "ÿ" or character in _LETTERS:
        return character
    return rf"\texttt{{U+{ord(character):04X}}}"


def _cells(row: Row, first: bool) -> list[str]:
    """A group's name stands in its first row only."""
    labels = [escaped(label) for label in row.labels]
    labels[0] = labels[0] if first else ""
    if row.bound:
        labels = [rf"\textit{{{label}}}" if label else "" for label in labels]
    return labels + [_entry(entry) for entry in row.entries]


def _entry(entry: Entry) -> str:
    text = escaped(entry.text)
    if entry.mark:
        text = rf"\textbf{{{text}}}" if entry.mark == "best" else rf"\underline{{{text}}}"
    numbers = ",".join(map(str, entry.footnotes))
    note = rf"\textsuperscript{{{numbers}}}" if numbers else ""
    small = rf" {{\scriptsize {escaped(entry.small)}}}" if entry.small else ""
    return text + note + small


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"
