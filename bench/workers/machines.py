"""Which machines took part in a run, and which of them made what.

    RUN/environments/HOST-DIGITS.json   one machine in one state: versions, device, driver, clocks
    RUN/environments/HOST-DIGITS.made   a line for each clip and statistic that it began to make

Results are equal whatever machine they come from, so that none of this stands in them or in the files that a run keeps.
A machine says what it is going to make before it makes it: where several did, the last one made what is there. Host
names stay in the run's folder: `machines`, which `environment.json` and archives hold, numbers the machines instead.
"""

from __future__ import annotations

import functools
import os
import platform
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import environment, fingerprint
from bench.files import read_json, write_json

VARYING = ("processor_mhz", "gpu_clocks")
"""Fields of a description that differ from moment to moment."""
DIGITS = 12
"""Of the name of a metric's folder of statistics: enough to tell metrics apart."""


@dataclass(frozen=True)
class Machine:
    """The record of one machine; handed to worker processes, which may run on others.

    Attributes:
        folder: of all machines' records.
        host: where this object was made.
        name: of the files, HOST-DIGITS.
        device: where the metrics' networks run.
    """

    folder: Path
    host: str
    name: str
    device: str

    @property
    def description(self) -> Path:
        """What the machine is."""
        return self.folder / f"{self.name}.json"

    def begins(self, names: Iterable[str]) -> None:
        """Say what this process is going to make.

        Args:
            names: of clips GENERATOR/DATASET/KEY, of statistics `statistics_name`.
        """
        here = self if self.host == _host() else _entered(self.folder, self.device)
        now = time.time_ns()
        lines = "".join(f"{now}\t{name}\n" for name in names)
        if not lines:
            return
        # One call, which other processes of this machine cannot come between. It begins with a line's end, for the
        # last line may be cut short where a machine was switched off.
        handle = os.open(here.folder / f"{here.name}.made", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(handle, f"\n{lines}".encode())
        finally:
            os.close(handle)


def enter(folder: Path, device: str) -> Machine:
    """Describe this machine in a folder of records; in another state it is another machine."""
    described = _described(device)
    lasting = {name: value for name, value in described.items() if name not in VARYING}
    host = _host()
    spelled = re.sub(r"[^A-Za-z0-9.]+", "-", host).strip("-.")[:60] or "host"
    machine = Machine(folder, host, f"{spelled}-{fingerprint.of_json([host, lasting])[:8]}", device)
    if read_json(machine.description) is None:
        write_json(machine.description, {"host": host, **described})
    return machine


@functools.lru_cache(maxsize=16)
def _entered(folder: Path, device: str) -> Machine:
    return enter(folder, device)


@functools.cache
def _described(device: str) -> dict[str, Any]:
    """Asked once per process: it starts programs."""
    return environment.describe(device)


def statistics_name(file: Path) -> str:
    """What a record calls a file of statistics: its stem and its metric's folder's first `DIGITS`, a blank between."""
    return f"{file.stem} {file.parent.parent.name[:DIGITS]}"


def machines(folder: Path, columns: Mapping[str, Iterable[str]]) -> list[dict[str, Any]]:
    """What took part: each machine's description without its host, its number, and how much of what is there it made.

    "made" has "clips" by GENERATOR/DATASET and "statistics" by column.

    Args:
        columns: the columns of results by the first `DIGITS` of the folders that their statistics lie in.
    """
    found = []
    counted = _counted(folder)
    for number, file in enumerate(sorted(folder.glob("*.json")), 1):
        made: dict[str, Counter[str]] = {"clips": Counter(), "statistics": Counter()}
        for (kind, what), count in counted.get(file.stem, Counter()).items():
            for column in (what,) if kind == "clips" else columns.get(what, ()):
                made[kind][column] += count
        described = {name: value for name, value in (read_json(file) or {}).items() if name != "host"}
        counts = {kind: dict(sorted(counter.items())) for kind, counter in made.items()}
        found.append({"machine": number, **described, "made": counts})
    return found


def makers(folder: Path) -> dict[str, str]:
    """By clip (GENERATOR/DATASET/KEY) and statistic (stem, blank, folder): the record's name of who made it last."""
    latest: dict[str, tuple[int, str]] = {}
    for file in sorted(folder.glob("*.made")):
        for when, name in _lines(file):
            if name not in latest or latest[name] < (when, file.stem):
                latest[name] = when, file.stem
    return {name: machine for name, (_, machine) in latest.items()}


def _counted(folder: Path) -> dict[str, Counter[tuple[str, str]]]:
    """By machine: how many clips of GENERATOR/DATASET, and how many statistics of a folder, it made."""
    counted: dict[str, Counter[tuple[str, str]]] = {}
    for name, machine in makers(folder).items():
        stem, blank, store = name.partition(" ")
        place = ("statistics", store) if blank else ("clips", stem.rpartition("/")[0])
        counted.setdefault(machine, Counter())[place] += 1
    return counted


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Time and name of each line that is whole."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            when, tab, name = line.partition("\t")
            if tab and when.isdigit() and name.endswith("\n"):
                yield int(when), name[:-1]


def _host() -> str:
    return platform.node()
