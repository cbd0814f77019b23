"""What a checkpoint file is: its layout, its parts, and whether they are the model's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from narrator.checkpoints.layouts import OWN, SD15, Recognised, recognise
from narrator.checkpoints.matching import Difference, compare
from narrator.checkpoints.reading import FilePath, read_file
from narrator.checkpoints.released import expected
from narrator.checkpoints.storing import read_header
from narrator.entangle import EntangleConfig, Entangler
from narrator.files import sha256
from narrator.networks import Part
from narrator.presets import PRESETS, NarratorConfig


@dataclass(frozen=True)
class PartReport:
    """One part of a checkpoint.

    Attributes:
        part: its name.
        tensors: how many.
        values: how many numbers they hold.
        dtypes: tensors by dtype.
        preset: the sizes that it was held against: those it matches, else the nearest.
        difference: how it differs from them, key by key; empty where it matches.
    """

    part: Part
    tensors: int
    values: int
    dtypes: dict[str, int]
    preset: str
    difference: str

    def __str__(self) -> str:
        dtypes = ", ".join(f"{name} x {count}" for name, count in self.dtypes.items())
        verdict = f"matches {self.preset}" if not self.difference else f"differs from {self.preset}: {self.difference}"
        return f"{self.part}: {self.tensors} tensors, {self.values:,} values ({dtypes}); {verdict}"


@dataclass(frozen=True)
class Inspection:
    """What a checkpoint file is. `str()` gives it as lines to print, `to_json()` as JSON values."""

    file: str
    layout: str
    sha256: str
    parts: tuple[PartReport, ...]
    notes: tuple[str, ...]

    @property
    def matches(self) -> bool:
        """Whether every part has exactly the tensors of a model that this program can build."""
        return not any(part.difference for part in self.parts)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return asdict(self) | {"matches": self.matches}

    def __str__(self) -> str:
        return "\n".join([f"{self.file}: {self.layout}", *(f"  {line}" for line in (*self.parts, *self.notes))])


def inspect(path: FilePath) -> Inspection:
    """Tell what a checkpoint file is, without executing anything in it.

    Raises:
        CheckpointError: it cannot be read, or is none of the known layouts.
    """
    one = recognise(read_file(Path(path)))
    reports = tuple(_report(part, one) for part in one.parts)
    notes = (*one.notes, *_notes(one, reports))
    return Inspection(one.file.path.name, one.layout, sha256(one.file.path), reports, notes)


def _candidates(one: Recognised) -> dict[str, NarratorConfig]:
    if one.layout == OWN:
        header = read_header(one.file)
        return {header.preset: header.config}
    return {name: sizes() for name, sizes in PRESETS.items()}


def _report(part: Part, one: Recognised) -> PartReport:
    tensors = one.parts[part]
    differences: dict[str, Difference] = {
        name: compare(expected(one, part, config), tensors) for name, config in _candidates(one).items()
    }
    preset = min(differences, key=lambda name: len(differences[name]))
    return PartReport(
        part=part,
        tensors=len(tensors),
        values=sum(value.numel() for value in tensors.values()),
        dtypes=dict(Counter(str(value.dtype).removeprefix("torch.") for value in tensors.values())),
        preset=preset,
        difference=str(differences[preset]),
    )


def _notes(one: Recognised, reports: tuple[PartReport, ...]) -> Iterator[str]:
    if "net" in one.parts and one.layout != SD15:
        keys = one.parts["net"].keys()
        modules = any(".audio_modules." in key for key in keys)
        projection = any(key.startswith("audioproj.") for key in keys)
        yield f"audio modules: {_yes(modules)}; audio projection: {_yes(projection)}"
    for report in reports:
        if report.part == "entangler" and not report.difference:
            yield from _about_encoders(one, _candidates(one)[report.preset].entangle)
    if one.layout == OWN and (untrained := read_header(one.file).untrained):
        yield f"untrained: {', '.join(untrained)} (drawn from a seed, not learnt)"


def _about_encoders(one: Recognised, config: EntangleConfig) -> Iterator[str]:
    tensors = one.parts["entangler"]
    audio, video = (
        {key.partition(".")[2]: value for key, value in tensors.items() if key.startswith(stream)}
        for stream in ("audio_", "video_")
    )
    same = all(torch.equal(value, video[key]) for key, value in audio.items())
    yield f"the audio and the video encoder are {'equal (shared, STE)' if same else 'different (explicit, ETE)'}"
    with torch.device("meta"):
        entangler = Entangler(EntangleConfig(config.width, config.heads))
    entangler.load_state_dict(tensors, assign=True)
    for name, encoder in zip(("audio", "video"), entangler.encoders(), strict=True):
        if encoder.is_identity():
            yield f"the {name} encoder is the identity: it changes nothing"


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"
