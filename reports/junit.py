"""A gate's verdicts as JUnit XML, which every continuous integration reads."""

from __future__ import annotations

from itertools import groupby
from xml.etree import ElementTree

from reports.gate import GateResult, Judged
from reports.numbers import fixed
from reports.text import visible


def junit(result: GateResult) -> str:
    """A suite for each dataset and a test case for each cell.

    A regression is a failure. What is not measured is an error and not a skipped test, because those pass everywhere.
    No time stamp and no host: equal verdicts give equal bytes.
    """
    root = ElementTree.Element("testsuites", {"name": "narrator-bench gate", **_counts(result.cells)})
    for dataset, cells in groupby(sorted(result.cells, key=lambda cell: cell.dataset), lambda cell: cell.dataset):
        held = tuple(cells)
        suite = ElementTree.SubElement(root, "testsuite", {"name": _text(dataset), **_counts(held)})
        for cell in held:
            suite.append(_case(cell))
    ElementTree.indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _case(cell: Judged) -> ElementTree.Element:
    where = f"{_text(cell.dataset)}.{_text(cell.generator)}"
    case = ElementTree.Element("testcase", classname=where, name=_text(cell.metric), time="0")
    kind = {"regression": "failure", "not measured": "error", "holds": "system-out"}[cell.verdict]
    told = ElementTree.SubElement(case, kind)
    if kind != "system-out":
        told.set("message", _text(cell.reason))
        told.set("type", cell.verdict)
    scores = f"Reference {fixed(cell.reference)}, now {fixed(cell.value)} {cell.unit}".rstrip()
    told.text = _text(f"{cell.reason} {scores}")
    return case


def _text(text: str) -> str:
    """What XML may hold; its library escapes the rest."""
    return visible(text).translate({0xFFFE: "[U+FFFE]", 0xFFFF: "[U+FFFF]"})


def _counts(cells: tuple[Judged, ...]) -> dict[str, str]:
    verdicts = [cell.verdict for cell in cells]
    return {
        "tests": str(len(cells)), "failures": str(verdicts.count("regression")),
        "errors": str(verdicts.count("not measured")), "skipped": "0", "time": "0",
    }  # fmt: skip
