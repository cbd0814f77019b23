"""Splits: which clips of a dataset a generator may have been trained on, and which it is tested on."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench import fingerprint
from bench.datasets.dataset import DatasetIndex
from bench.datasets.identities import identity
from bench.datasets.tables import rows
from bench.errors import UserMistake, shown
from bench.files import atomic
from metrics.base.hints import nearest

Side = Literal["train", "dev", "test"]
By = Literal["speaker", "clip", "dataset"]
SIDES: tuple[Side, ...] = ("train", "dev", "test")


@dataclass(frozen=True)
class SplitRule:
    """How a dataset is divided.

    Attributes:
        by: "speaker", the side follows from the seed and the person alone, so that a person whom two datasets share is
            on one side of both, and clips that come later move nobody; "clip", the paper's rule, clips are shuffled and
            cut; "dataset", the side that the dataset itself tells.
        seed: fixes it.
        test, dev: shares, of the persons or of the clips; the rest is for training.
    """

    by: By = "speaker"
    seed: int = 0
    test: float = 0.2
    dev: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.test <= 1 and 0 <= self.dev <= 1 and self.test + self.dev <= 1):
            raise ValueError(f"test is {self.test:g} and dev {self.dev:g}; both must be from 0 to 1, and so their sum")


@dataclass(frozen=True)
class Split:
    """A dataset, divided.

    Attributes:
        sides: by key; clips that the rule says nothing of are absent.
        warnings: sentences on what a reader of numbers must know.
    """

    sides: Mapping[str, Side]
    warnings: tuple[str, ...]


def divide(index: DatasetIndex, rule: SplitRule) -> Split:
    """Divide a dataset; opens no clip."""
    sides = {"speaker": _by_speaker, "clip": _by_clip, "dataset": _by_dataset}[rule.by](index, rule)
    return Split(sides, tuple(_warnings(index, rule, sides)))


def write_split(path: Path, index: DatasetIndex, split: Split) -> None:
    """A CSV of key, speaker and split, in the order of keys."""
    with atomic(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["key", "speaker", "split"])
        for sample in index.samples:
            if sample.key in split.sides:
                table.writerow([sample.key, sample.speaker or "", split.sides[sample.key]])


def read_split(path: Path, index: DatasetIndex) -> Split:
    """The split that a CSV with the columns key and split tells, as `write_split` writes it.

    Raises:
        UserMistake: it is no such table, tells two sides of a clip, or names none of the dataset's clips.
    """
    told: dict[str, Side] = {}
    for line, row in rows(path, needed=("key", "split")):
        key, side = row.get("key", ""), row.get("split", "")
        known = next((known for known in SIDES if known == side), None)
        if known is None:
            raise UserMistake(f"The split {path}, line {line}: '{shown(side, 40)}' is no side.{nearest(side, SIDES)}")
        if told.setdefault(key, known) != known:
            raise UserMistake(f"The split {path}, line {line}: '{shown(key, 80)}' is in two sides; keep one.")
    sides = {sample.key: told[sample.key] for sample in index.samples if sample.key in told}
    if not sides:
        raise UserMistake(f"The split {path} names none of the {len(index.samples)} clips in {index.root}.")
    counts = {"that it lists are not on disk": len(told) - len(sides),
              "on disk are not in it and take no part": len(index.samples) - len(sides)}  # fmt: skip
    return Split(sides, tuple(f"{path.name}: {n} clips {what}" for what, n in counts.items() if n))


def _by_speaker(index: DatasetIndex, rule: SplitRule) -> dict[str, Side]:
    def side(person: str) -> Side:
        place = fingerprint.seed_for(rule.seed, "split", person) / 2**63
        return "test" if place < rule.test else "dev" if place < rule.test + rule.dev else "train"

    return {s.key: side(identity(s, index.name) or f"{index.name}:clip:{s.key}") for s in index.samples}


def _by_clip(index: DatasetIndex, rule: SplitRule) -> dict[str, Side]:
    keys = sorted((s.key for s in index.samples), key=lambda key: (fingerprint.seed_for(rule.seed, "clip", key), key))
    train = int((1 - rule.test - rule.dev) * len(keys) + 1e-9)
    dev = train + int(rule.dev * len(keys) + 1e-9)
    return {key: "train" if k < train else "dev" if k < dev else "test" for k, key in enumerate(keys)}


def _by_dataset(index: DatasetIndex, rule: SplitRule) -> dict[str, Side]:
    told = {s.key: next((side for side in SIDES if side == s.split), None) for s in index.samples}
    return {key: side for key, side in told.items() if side is not None}


def _warnings(index: DatasetIndex, rule: SplitRule, sides: Mapping[str, Side]) -> list[str]:
    said = []
    unknown = sum(1 for s in index.samples if s.key in sides and not s.speaker)
    if unknown and rule.by == "speaker":
        said.append(f"{index.name}: {unknown} clips name no speaker; each was taken for a person of its own")
    if rule.by != "speaker":
        people: dict[str, set[str]] = {}
        for sample in index.samples:
            if (person := identity(sample, index.name)) and sample.key in sides:
                people.setdefault(person, set()).add(sides[sample.key])
        if both := sum(1 for found in people.values() if len(found) > 1):
            how = "by clip, as the paper splits" if rule.by == "clip" else "as the dataset splits"
            said.append(
                f"{index.name}: split {how}: {both} of {len(people)} speakers are on both sides, so a generator is "
                "tested on people whom it was trained on"
            )
    if silent := len(index.samples) - len(sides):
        said.append(f"{index.name}: the dataset tells no side of {silent} clips; they take no part")
    counts = Counter(sides.values())
    wanted: dict[Side, float] = {"test": rule.test, "dev": rule.dev, "train": 1 - rule.test - rule.dev}
    if rule.by != "dataset":
        for side in SIDES:
            if wanted[side] > 1e-9 and not counts[side]:
                said.append(f"{index.name}: no clip is on the side '{side}'; with so few speakers take another seed")
    return said
