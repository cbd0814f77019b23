"""Runs that continue after something in their folder was damaged by hand: the same numbers, or one sentence."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from pathlib import Path
from unittest.mock import patch

from bench.cli.app import main
from hostile.case import Arguments, Case
from hostile.media import good_clip

STUDY = "name: s\ndatasets: [{name: folder, root: clips}]\ngenerators: [chance]\nmetrics: [mcd]\nbounds: false\n"
Damage = Callable[[bytes], bytes]


def _first_run(folder: Path) -> list[str]:
    """Two clips, scored once; the arguments that did it."""
    clips = folder / "clips"
    clips.mkdir()
    for number in range(2):
        (clips / f"clip{number}.mp4").write_bytes(good_clip(side=48 + 16 * number, pitch=200 + 90 * number))
        (clips / f"clip{number}.txt").write_text(f"number {number} speaks")
    (folder / "s.yaml").write_text(STUDY)
    arguments = ["run", str(folder / "s.yaml"), "--out", str(folder / "run"), "--workers", "1"]
    quiet = io.StringIO()
    with patch.object(sys, "argv", ["narrator-bench", *arguments]), redirect_stdout(quiet), suppress(SystemExit):
        main()
    shutil.copy(folder / "run/results.json", folder / "first.json")
    return arguments


def _continued(pattern: str, damage: Damage) -> Callable[[Path], Arguments]:
    def make(folder: Path) -> Arguments:
        arguments = _first_run(folder)
        damaged = [path for path in sorted((folder / "run").glob(pattern)) if path.is_file()]
        assert damaged, f"the run has no {pattern}"
        for path in damaged:
            path.write_bytes(damage(path.read_bytes()))
        return arguments

    return make


def _same_numbers(folder: Path) -> str | None:
    first, again = (json.loads((folder / name).read_text())["cells"] for name in ("first.json", "run/results.json"))
    return None if first == again else f"the numbers differ: {first} and {again}"


def _of_another_study(folder: Path) -> Arguments:
    arguments = _first_run(folder)
    (folder / "s.yaml").write_text(STUDY.replace("name: s", "name: another").replace("[chance]", "[ceiling]"))
    return arguments


def _changed_in_the_middle(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 255]) + data[middle + 1 :]


DAMAGES: dict[str, Damage] = {
    "empty": lambda data: b"",
    "cut in half": lambda data: data[: len(data) // 2],
    "of zeros": lambda data: bytes(len(data)),
    "changed in the middle": _changed_in_the_middle,
}
FILES = {
    "statistics": "measured/**/*",
    "the selection": "selected/*.json",
    "records": "generated/*/*/*.json",
    "generated clips": "generated/*/*/*.mp4",
    "generated sound": "generated/*/*/*.wav",
    "reference clips": "reference/**/*.mp4",
    "the environment": "environment.json",
    "the results": "results.json",
}


def cases() -> Iterator[Case]:
    """All of them."""
    for what, pattern in FILES.items():
        for how, damage in DAMAGES.items():
            make = _continued(pattern, damage)
            yield Case("continued run", f"{what} {how}", make, (0,), "Report: ", quick=False, after=_same_numbers)
    yield Case("continued run", "the folder of another study", _of_another_study, (2,), "another|study", quick=False)
