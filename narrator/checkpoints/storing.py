"""Our own checkpoint: one safetensors file with every part, the sizes and the vocabulary."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors.torch import save_file

from narrator.checkpoints.layouts import OWN_HEADER
from narrator.checkpoints.reading import CheckpointError, StoredFile
from narrator.presets import NarratorConfig

if TYPE_CHECKING:
    from narrator.networks import Networks


def save(
    path: Path,
    networks: Networks,
    preset: str,
    vocabulary: str,
    untrained: tuple[str, ...],
    seed: int,
    *,
    half: bool = False,
) -> None:
    """Write all parts to one `.safetensors` file; a shared encoder's tensors appear under both encoders' keys.

    Args:
        path: written through a temporary name, so that a broken-off save leaves no damaged file.
        networks: every part filled.
        preset: name of the sizes.
        vocabulary: the text vocabulary, as `tokenizers` JSON.
        untrained: names of parts whose weights come from a seed; kept, so that the file says so for ever.
        seed: that seed.
        half: store parameters as float16, half the size; buffers stay as they are.
    """
    if path.suffix != ".safetensors":
        raise CheckpointError(f"A checkpoint is saved as safetensors; end the name {path.name} in .safetensors.")
    tensors = {}
    for part, module in networks.parts().items():
        # A shared encoder's parameters under both names.
        halved = {name for name, _ in module.named_parameters(remove_duplicate=False)} if half else set[str]()
        for key, value in module.state_dict().items():
            stored = torch.float16 if key in halved else value.dtype
            tensors[f"{part}.{key}"] = value.detach().to("cpu", stored, copy=True).contiguous()
    header = {
        "format": "narrator-bench/1",
        "config": asdict(networks.config),
        "preset": preset,
        "vocabulary": vocabulary,
        "untrained": untrained,
        "seed": seed,
    }
    # One entry, because safetensors writes several in an order that changes from run to run.
    metadata = {OWN_HEADER: json.dumps(header, sort_keys=True)}
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, metadata)
    os.replace(partial, path)


@dataclass(frozen=True)
class Header:
    """What one of our checkpoints says of itself beside its tensors.

    Attributes:
        config: the sizes.
        preset: their name.
        vocabulary: the text vocabulary, as `tokenizers` JSON.
        untrained: names of parts that were untrained when it was saved.
        seed: that those parts were drawn from.
    """

    config: NarratorConfig
    preset: str
    vocabulary: str
    untrained: tuple[str, ...]
    seed: int
    format: Literal["narrator-bench/1"]


def read_header(file: StoredFile) -> Header:
    """The header of one of our checkpoints.

    Raises:
        CheckpointError: it was written by another version.
    """
    try:
        return TypeAdapter(Header).validate_json(file.metadata[OWN_HEADER])
    except ValidationError as error:
        raise CheckpointError(
            f"{file.path} was not saved by this version of narrator-bench ({error.errors()[0]['msg']}); save it anew."
        ) from None
