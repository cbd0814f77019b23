"""Putting the released files together: which file fills which part of the generator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from narrator.checkpoints import layouts
from narrator.checkpoints.layouts import Recognised, Tensors, recognise
from narrator.checkpoints.matching import Shapes, require
from narrator.checkpoints.reading import CheckpointError, read_file
from narrator.checkpoints.released_files import ReleasedFiles
from narrator.networks import Part, part_shapes, with_audio
from narrator.presets import NarratorConfig

_AUDIO_PROJECTION = "audioproj."
_AUDIO_MODULES = ".audio_modules."
_MOTION_MODULES = ".motion_modules."


_LAYOUT_OF_ROLE = {
    "sd15_unet": layouts.SD15,
    "hallo": layouts.HALLO,
    "latest": layouts.AUTHORS,
    "xtts": layouts.XTTS,
    "vae": layouts.VAE,
    "wav2vec": layouts.WAV2VEC,
}


@dataclass(frozen=True, eq=False)
class Released:
    """What released files hold.

    Attributes:
        config: the sizes, with the audio modules and the projection that the files have, or without.
        tensors: by part; parts that no file fills are absent.
        partial: parts of which only some tensors are there.
        notes: sentences on what was left out or is odd.
    """

    config: NarratorConfig
    tensors: Mapping[Part, Tensors]
    partial: frozenset[str]
    notes: tuple[str, ...]


def read_released(files: ReleasedFiles, config: NarratorConfig) -> Released:
    """Read and check released files.

    Args:
        files: what is there.
        config: the sizes that they must have; only whether speech drives the face is taken from the files.

    Raises:
        CheckpointError: a file is not what its role says, or differs from the model in any key or shape.
    """
    found = {role: _in_role(role, path) for role, path in files.given().items()}
    for one in found.values():
        check(one, config)
    tensors: dict[Part, Tensors] = {}
    for one in found.values():
        for part, values in one.parts.items():
            tensors.setdefault(part, {}).update(values)
    whole = {part for one in found.values() for part in one.parts if part not in one.partial}
    notes = [f"{one.file.path.name}: {note}" for one in found.values() for note in one.notes]
    if "net" in whole:
        # The last file decides whether there are audio modules; a projection may come from an earlier one.
        last = found["latest" if files.latest else "hallo"].parts["net"]
        config = with_audio(
            config, audio_modules=_has(last, _AUDIO_MODULES), audio_projection=_has(tensors["net"], _AUDIO_PROJECTION)
        )
        wanted = part_shapes("net", config)
        if dropped := [key for key in tensors["net"] if key not in wanted]:
            notes.append(f"{len(dropped)} tensors of audio modules were left out: the last file has no such modules")
        tensors["net"] = {key: value for key, value in tensors["net"].items() if key in wanted}
    partial = frozenset(part for part in tensors if part not in whole)
    return Released(config, tensors, partial, tuple(notes))


def check(one: Recognised, config: NarratorConfig) -> None:
    """Hold every part of a file against a model of these sizes, with the audio modules that the file itself has.

    Raises:
        CheckpointError: names the file and the differing keys.
    """
    for part, values in one.parts.items():
        require(expected(one, part, config), values, f"{one.file.path} ({one.layout}, {part})")


def expected(one: Recognised, part: Part, config: NarratorConfig) -> Shapes:
    """Every key and shape that this part of the file should have for a model of these sizes."""
    values = one.parts[part]
    if part == "net" and one.layout != layouts.SD15:
        config = with_audio(
            config,
            audio_modules=_has(values, _AUDIO_MODULES),
            audio_projection=_has(values, _AUDIO_PROJECTION),
        )
    shapes = part_shapes(part, config)
    if one.layout == layouts.SD15:
        return {key: shape for key, shape in shapes.items() if _of_sd15(key)}
    return shapes


def _of_sd15(key: str) -> bool:
    return key.startswith(("reference_unet.", "denoising_unet.")) and not any(
        added in key for added in (_AUDIO_MODULES, _MOTION_MODULES)
    )


def _has(tensors: Tensors, mark: str) -> bool:
    return any(mark in key for key in tensors)


def _in_role(role: str, path: Path) -> Recognised:
    one = recognise(read_file(path))
    if one.layout != _LAYOUT_OF_ROLE[role]:
        raise CheckpointError(
            f"{path} is a {one.layout} file, but was given as '{role}', which takes {_LAYOUT_OF_ROLE[role]}."
        )
    return one
