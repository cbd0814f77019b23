"""Run folders: results that are damaged, contradict themselves, or hold what a page might obey."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from support.trial_run import METRICS, VALUES, cell, with_cells

from hostile.case import Arguments, Case

Change = Callable[[dict[str, Any]], object]
RAW = "\x1b[31m \u202e =1+1 </script><script>alert(1)</script> | `c` \\end{table*} \ud800"


def _changed(change: Change, *command: str) -> Callable[[Path], Arguments]:
    def make(folder: Path) -> Arguments:
        results = with_cells(
            [cell(g, m, v) for g, values in VALUES.items() for m, v in zip(METRICS, values, strict=True)]
        )
        content = results.model_dump(by_alias=True, mode="json")
        change(content)
        (folder / "results.json").write_text(json.dumps(content))
        return *(command or ("report",)), folder

    return make


def _bytes(damage: Callable[[str], str | bytes], *command: str) -> Callable[[Path], Arguments]:
    def make(folder: Path) -> Arguments:
        _changed(lambda content: None)(folder)
        path = folder / "results.json"
        damaged = damage(path.read_text())
        path.write_bytes(damaged if isinstance(damaged, bytes) else damaged.encode())
        return *(command or ("report",)), folder

    return make


def _laid_out(lay: Callable[[Path], object]) -> Callable[[Path], Arguments]:
    def make(folder: Path) -> Arguments:
        lay(folder)
        return "report", folder

    return make


def _way_blocked(folder: Path) -> None:
    _changed(lambda content: None)(folder)
    (folder / "report").write_text("in the way")


def _page_blocked(folder: Path) -> None:
    _changed(lambda content: None)(folder)
    (folder / "report/index.html").mkdir(parents=True)


def _huge(folder: Path) -> None:
    with (folder / "results.json").open("wb") as file:
        file.truncate(1 << 40)


CONTRADICTIONS: dict[str, tuple[Change, str]] = {
    "NaN": (lambda c: c["cells"][0].update(value=float("nan")), "NaN is no number"),
    "infinity": (lambda c: c["cells"][0].update(value=float("inf")), "Infinity is no number"),
    "minus infinity": (lambda c: c["cells"][0].update(low=float("-inf")), "-Infinity is no number"),
    "a value that is text": (lambda c: c["cells"][0].update(value="many"), "value"),
    "a value that is a list": (lambda c: c["cells"][0].update(value=[1]), "value"),
    "neither value nor reason": (lambda c: c["cells"][0].update(value=None, missing=None), "a value or a reason"),
    "value and reason": (lambda c: c["cells"][0].update(value=1.0, missing="x"), "a value or a reason"),
    "a direction that is none": (lambda c: c["cells"][0].update(direction="up"), "direction"),
    "an unknown generator in a cell": (lambda c: c["cells"][0].update(generator="x"), "names the generator 'x'"),
    "an unknown dataset in a cell": (lambda c: c["cells"][0].update(dataset="x"), "names the dataset 'x'"),
    "an unknown metric in a cell": (lambda c: c["cells"][0].update(metric="x"), "names the metric 'x'"),
    "an unknown generator in a profile": (lambda c: c["profiles"][0].update(generator="x"), "names the generator 'x'"),
    "an unknown dataset in a profile": (lambda c: c["profiles"][0].update(dataset="x"), "names the dataset 'x'"),
    "an unknown generator of a clip": (lambda c: c["clips"][0].update(generator="x"), "names the generator 'x'"),
    "an unknown dataset of a clip": (lambda c: c["clips"][0].update(dataset="x"), "names the dataset 'x'"),
    "an unknown dataset of a finding": (lambda c: c["findings"][0].update(dataset="x"), "names the dataset 'x'"),
    "a cell twice": (lambda c: c["cells"].append(c["cells"][0]), "stands twice"),
    "no generators": (lambda c: c["study"].update(generators=[]), "names no generator"),
    "no datasets": (lambda c: c["study"].update(datasets=[]), "names no dataset"),
    "no metrics": (lambda c: c["study"].update(metrics={}), "names no metric"),
    "no study": (lambda c: c.pop("study"), "study: "),
    "no cells at all": (lambda c: c.pop("cells"), "cells: "),
    "no protocol": (lambda c: c.pop("protocol"), "protocol: "),
    "cells that are a number": (lambda c: c.update(cells=3), "cells"),
    "cells that are null": (lambda c: c.update(cells=None), "cells"),
    "cells of numbers": (lambda c: c.update(cells=[3]), "cells.0"),
    "a strange field": (lambda c: c["cells"][0].update(score=1), "cells.0.score"),
    "no schema": (lambda c: c.pop("schema"), "schema None"),
    "schema 0": (lambda c: c.update(schema=0), "schema 0"),
    "schema 99": (lambda c: c.update(schema=99), "schema 99"),
    "a schema of escape bytes": (lambda c: c.update(schema="\x1b[31m"), "schema"),
    "a schema that is a list": (lambda c: c.update(schema=[1]), "schema"),
}  # fmt: skip
DAMAGES: dict[str, tuple[Callable[[str], str | bytes], str]] = {
    "empty": (lambda text: "", "Cannot read the results"),
    "one bracket": (lambda text: "{", "Cannot read the results"),
    "a list": (lambda text: "[]", "schema None"),
    "a number": (lambda text: "3", "schema None"),
    "null": (lambda text: "null", "schema None"),
    "half of it": (lambda text: text[: len(text) // 2], "Cannot read the results"),
    "its last byte lost": (lambda text: text.rstrip()[:-1], "Cannot read the results"),
    "twice": (lambda text: text + text, "Cannot read the results"),
    "zeros": (lambda text: bytes(4096), "Cannot read the results"),
    "not UTF-8": (lambda text: text.encode()[:-3] + b"\xff\xff", "Cannot read the results"),
    "UTF-16": (lambda text: text.encode("utf-16"), "Cannot read the results"),
    "deep": (lambda text: "[" * 200_000, "Cannot read the results"),
    "a number beyond all floats": (lambda text: text.replace("34.21", "1e999"), "results.json"),
    "a number of 5,000 digits": (lambda text: text.replace("34.21", "9" * 5000), "results.json"),
}
READ: dict[str, Change] = {
    "nothing strange": lambda c: None,
    "cells empty": lambda c: c.update(cells=[]),
    "clips empty": lambda c: c.update(clips=[]),
    "profiles empty": lambda c: c.update(profiles=[], findings=[], notes=[]),
    "raw characters in notes": lambda c: c.update(notes=[RAW]),
    "raw characters in a signature": lambda c: c["cells"][0].update(signature=RAW),
    "raw characters in failures": lambda c: c["cells"][0].update(failed={RAW: RAW}),
    "raw characters in a clip": lambda c: c["clips"][0].update(key=RAW, text=RAW, file=RAW, error=RAW),
    "raw characters in the protocol": lambda c: c.update(protocol={RAW: RAW}),
    "raw characters in the environment": lambda c: c.update(environment={RAW: [RAW]}),
    "a formula as a name": lambda c: c["study"].update(name="=cmd|' /C calc'!A0"),
    "a protocol in depth": lambda c: c.update(protocol={"x": [[[[[[1]]]]]]}),
    "a value of 1e300": lambda c: c["cells"][0].update(value=1e300, low=None, high=None),
    "a value of 1e-300": lambda c: c["cells"][0].update(value=1e-300, low=None, high=None),
    "a clip count of minus one": lambda c: c["profiles"][0].update(clips=-1),
    "10,000 failed clips": lambda c: c["cells"][0].update(failed={f"clip{i}": "silent" for i in range(10_000)}),
    "a reason of 100,000 letters": lambda c: c["cells"][0].update(failed={"a": "x" * 100_000}),
}
LAYOUTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no results": (lambda folder: None, "holds no results.json"),
    "results that are a folder": (lambda folder: (folder / "results.json").mkdir(), "results.json"),
    "results that are a pipe": (lambda folder: os.mkfifo(folder / "results.json"), "results.json"),
    "results that are an endless device": (
        lambda folder: (folder / "results.json").symlink_to("/dev/zero"), "results.json",
    ),
    "results that link to nowhere": (lambda folder: (folder / "results.json").symlink_to("nowhere"), "results.json"),
    "results of a terabyte": (_huge, "larger than"),
    "a file where the report goes": (_way_blocked, "Cannot write the report"),
    "a folder where the page goes": (_page_blocked, "Cannot write the report"),
}  # fmt: skip


def cases() -> Iterator[Case]:
    """All of them."""
    for name, (change, says) in CONTRADICTIONS.items():
        yield Case("run folder", name, _changed(change), says=says)
    for name, (damage, says) in DAMAGES.items():
        yield Case("run folder", name, _bytes(damage), says=says)
        yield Case("run folder", f"{name}, for table2", _bytes(damage, "paper", "table2"), says=says)
    for name, change in READ.items():
        never = r"Traceback|unexpected error|[\x1b\u202e]"
        yield Case("run folder", name, _changed(change), codes=(0,), says="Report: ", never=never)
    yield Case("run folder", "a byte order mark", _bytes(lambda t: "\ufeff" + t), codes=(0,), says="Report: ")
    for name, (lay, says) in LAYOUTS.items():
        yield Case("run folder", name, _laid_out(lay), says=says)
