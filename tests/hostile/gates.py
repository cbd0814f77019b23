"""References and rules of a gate that are damaged, contradict themselves, or hold what a reader might obey."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from support.gated_runs import gated_run, made_cell

from bench.gating.reference import Reference
from bench.gating.rules import Rules
from hostile.case import Arguments, Case

Change = Callable[[dict[str, Any]], object]
RAW = "\x1b[31m \u202e =1+1 <script>alert(1)</script> | `c`"
COMMAND = ("gate", "run", "--against", "reference.json")


def _laid_out(lay: Callable[[Path], object], *arguments: str) -> Callable[[Path], Arguments]:
    """A run, its reference, and what `lay` makes of the folder."""

    def make(folder: Path) -> Arguments:
        run = gated_run(0, clips=20)
        run.write(folder / "run/results.json")
        Reference.of(run, Rules(), "rules").write(folder / "reference.json")
        lay(folder)
        return *COMMAND, *arguments

    return make


def _changed(change: Change) -> Callable[[Path], Arguments]:
    def lay(folder: Path) -> None:
        content = json.loads((folder / "reference.json").read_text())
        change(content)
        (folder / "reference.json").write_text(json.dumps(content))

    return _laid_out(lay)


def _damaged(damage: Callable[[str], str | bytes]) -> Callable[[Path], Arguments]:
    def lay(folder: Path) -> None:
        path = folder / "reference.json"
        damaged = damage(path.read_text())
        path.write_bytes(damaged if isinstance(damaged, bytes) else damaged.encode())

    return _laid_out(lay)


def _instead(put: Callable[[Path], object], *arguments: str) -> Callable[[Path], Arguments]:
    def lay(folder: Path) -> None:
        (folder / "reference.json").unlink()
        put(folder / "reference.json")

    return _laid_out(lay, *arguments)


def _rules(content: str | bytes) -> Callable[[Path], Arguments]:
    written = content.encode() if isinstance(content, str) else content
    return _laid_out(lambda folder: (folder / "r.yaml").write_bytes(written), "--rules", "r.yaml")


def _with_profile(put: Callable[[Path], object]) -> Callable[[Path], Arguments]:
    def lay(folder: Path) -> None:
        put(folder / "run/profile.json")
        (folder / "r.yaml").write_text("latency: {slower: 10%}\n")

    return _laid_out(lay, "--rules", "r.yaml")


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def _huge_run(folder: Path) -> None:
    run = gated_run(0, clips=20)
    cells = [made_cell(*cell.place, dict.fromkeys(cell.by_clip, 1e200)) for cell in run.cells]
    run.model_copy(update={"cells": tuple(cells)}).write(folder / "run/results.json")


EDITED: dict[str, tuple[Change, str]] = {
    "a value of its own": (lambda c: c["cells"][0].update(value=1.0), "have a mean of"),
    "NaN": (lambda c: c["cells"][0].update(value=float("nan")), "NaN is no number"),
    "infinity by clip": (lambda c: c["cells"][0]["by_clip"].__setitem__(0, float("inf")), "Infinity is no number"),
    "a number of 1e308": (lambda c: c["cells"][0]["by_clip"].__setitem__(0, 1e308), r"no score is as large as 1e\+308"),
    "text for a value": (lambda c: c["cells"][0].update(value="9.0"), "cells.0.value"),
    "true for a value": (lambda c: c["cells"][0].update(value=True), "cells.0.value"),
    "a list for a value": (lambda c: c["cells"][0].update(value=[1]), "cells.0.value"),
    "neither value nor reason": (lambda c: c["cells"][0].pop("value"), "a value or a reason"),
    "value and reason": (lambda c: c["cells"][0].update(missing="x"), "a value or a reason"),
    "a reason and numbers": (lambda c: c["cells"][0].update(value=None, missing="x"), "numbers by clip"),
    "an interval that is turned": (lambda c: c["cells"][0].update(low=50.0, high=1.0), "below where it begins"),
    "n of minus one": (lambda c: c["cells"][0].update(n=-1), "cells.0.n"),
    "n of a half": (lambda c: c["cells"][0].update(n=0.5), "cells.0.n"),
    "failed of a list": (lambda c: c["cells"][0].update(failed=[]), "cells.0.failed"),
    "a number by clip lost": (lambda c: c["cells"][0]["by_clip"].pop(), "numbers by clip|a mean"),
    "a number by clip more": (lambda c: c["cells"][0]["by_clip"].append(None), "20 clips"),
    "a clip lost": (lambda c: c["clips"]["hdtf"].pop("clip000"), "19 clips"),
    "a dataset's clips lost": (lambda c: c["clips"].pop("hdtf"), "0 clips"),
    "a cell twice": (lambda c: c["cells"].append(c["cells"][0]), "stands twice"),
    "a strange field": (lambda c: c["cells"][0].update(score=1), "cells.0.score"),
    "no cells": (lambda c: c.update(cells=[]), "at least 1 item"),
    "cells that are null": (lambda c: c.update(cells=None), "cells: must be"),
    "cells that are numbers": (lambda c: c.update(cells=[3]), "cells.0"),
    "no protocol": (lambda c: c.pop("protocol"), "protocol"),
    "no study": (lambda c: c.pop("study"), "study"),
    "clips that are a list": (lambda c: c.update(clips=["hdtf"]), "clips: must be"),
    "no schema": (lambda c: c.pop("schema"), "schema None"),
    "schema 2": (lambda c: c.update(schema=2), "schema 2, not 1"),
    "schema true": (lambda c: c.update(schema=True), "schema True"),
    "a schema of escape bytes": (lambda c: c.update(schema=RAW), "is no reference of this version"),
    "a cell name of escape bytes": (lambda c: c["cells"].extend([c["cells"][0] | {"metric": RAW}] * 2), "stands twice"),
}
DAMAGES: dict[str, tuple[Callable[[str], str | bytes], str]] = {
    "empty": (lambda text: "", "Cannot read the reference"),
    "half of it": (lambda text: text[: len(text) // 2], "Cannot read the reference"),
    "a merge conflict": (lambda text: text.replace(' "clips"', '<<<<<<< HEAD\n "clips"'), "Cannot read the reference"),
    "equal keys": (lambda text: text.replace('"schema": 1,', '"schema": 1, "schema": 1,'), "stands twice"),
    "a list": (lambda text: "[]", "schema None"),
    "null": (lambda text: "null", "schema None"),
    "deep": (lambda text: "[" * 200_000, "nested too deep"),
    "zeros": (lambda text: bytes(4096), "Cannot read the reference"),
    "not UTF-8": (lambda text: text.encode()[:-3] + b"\xff\xff", "is not UTF-8"),
    "UTF-16": (lambda text: text.encode("utf-16"), "UTF-16"),
    "a number of 5,000 digits": (
        lambda text: text.replace('"failed": 0', '"failed": ' + "9" * 5000),
        "Cannot read|failed",
    ),
    "a number beyond all floats": (lambda text: text.replace('"value": 3', '"value": 1e999, "x": 3'), "cells.0"),
}
PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda path: None, "there is no such file"),
    "a folder": (lambda path: path.mkdir(), "a folder"),
    "a pipe": (os.mkfifo, "a FIFO"),
    "an endless device": (lambda path: path.symlink_to("/dev/zero"), "a character device"),
    "a link to nothing": (lambda path: path.symlink_to("nowhere"), "a link to nothing"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "cannot be reached"),
    "a terabyte": (_huge, "larger than"),
}
NO_PROFILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a folder": (lambda path: path.mkdir(), "no regular file"),
    "a pipe": (os.mkfifo, "no regular file"),
    "an endless device": (lambda path: path.symlink_to("/dev/zero"), "no regular file"),
    "a link to nothing": (lambda path: path.symlink_to("nowhere"), "Cannot read the profile"),
    "a terabyte": (_huge, "is larger than"),
    "a list": (lambda path: path.write_text("[]"), "is not a profile file"),
    "half of one": (lambda path: path.write_text('{"schema": 1, "generators": ['), "is not a profile file"),
    "not UTF-8": (lambda path: path.write_bytes(b"\xff\xfe"), "is not a profile file"),
    "deep": (lambda path: path.write_text("[" * 200_000), "is not a profile file"),
}
NO_RULES: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "holds no rules"),
    "a list": ("- fid\n", "holds no rules"),
    "not YAML": ("fewest: [\n", "not valid YAML"),
    "code": ("fewest: !!python/object/apply:os.system ['touch EXECUTED']\n", "has no place"),
    "equal keys": ("fewest: 3\nfewest: 4\n", "stands twice"),
    "an unknown key": ("fewst: 3\n", "Did you mean: fewest"),
    "an unknown metric": ("metrics: [mdc]\n", "Did you mean: mcd"),
    "an unknown dataset": ("rules: [{dataset: htdf, fewest: 3}]\n", "Did you mean: hdtf"),
    "an unknown generator": ("generators: [mien]\n", "Did you mean: mine"),
    "names with escape bytes": ('metrics: ["\\e[31m"]\n', r"U\+001B"),
    "a tolerance below zero": ("tolerance: {relative: -1}\n", "greater than or equal to 0"),
    "a tolerance of infinity": ("tolerance: {relative: 1e999}\n", "no finite number"),
    "a tolerance of 1e300": ("tolerance: {relative: 1e299}\n", "less than or equal to 10"),
    "a significance of 2": ("significance: 2\n", "less than or equal to 1"),
    "seconds": ("rules: [{generator: mine, seconds: 3}]\n", "what judges seconds is"),
    "latency that is code": ("latency: {slower: !!python/object/apply:os.system [x]}\n", "has no place"),
    "latency of infinity": ("latency: {slower: 1e999}\n", "no finite number"),
    "billions": ("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n" + "rules: [" + "*b," * 20_000 + "]\n", "unfolds to more"),
    "not UTF-8": (b"\xff\xfe\x00", "UTF-16|UTF-8"),
}


def cases() -> Iterator[Case]:
    """All of them."""
    yield Case("gate", "as it should be", _laid_out(lambda folder: None), codes=(0,), says="Holds: ")
    for name, arguments in (("gated", ()), ("to be a reference", ("--update",))):
        codes, says = ((2,), "no score is as large") if arguments else ((3,), "which no score is")
        yield Case("gate", f"a run of huge numbers, {name}", _laid_out(_huge_run, *arguments), codes, says)
    for name, (change, says) in EDITED.items():
        yield Case("gate", f"edited: {name}", _changed(change), says=says)
    for name, (damage, says) in DAMAGES.items():
        yield Case("gate", f"damaged: {name}", _damaged(damage), says=says)
    for name, (put, says) in PLACES.items():
        yield Case("gate", f"in its place: {name}", _instead(put), says=says)
    for name in ("a folder", "a pipe", "an endless device", "a link to itself", "a terabyte"):
        put, says = PLACES[name]
        yield Case("gate", f"to be updated: {name}", _instead(put, "--update"), says=says)
    for name, (put, says) in NO_PROFILES.items():
        yield Case("gate", f"for a profile: {name}", _with_profile(put), says=says)
    for name, (content, says) in NO_RULES.items():
        yield Case("gate", f"rules: {name}", _rules(content), says=says)
