"""Files of training: snapshots to continue from, and the weights of a finished stage."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from narrator.checkpoints.matching import require, shapes_of
from narrator.training.errors import TrainingError

_HEADER = "narrator-bench/training"


def write_snapshot(path: Path, state: Mapping[str, Any]) -> None:
    """Write tensors, numbers and text, nested in dicts and lists; a kill leaves the former file as it was."""
    partial = path.with_name(f".{path.name}.partial")
    torch.save(dict(state), partial)
    os.replace(partial, path)


def read_snapshot(path: Path, made_by: str) -> dict[str, Any]:
    """What `write_snapshot` wrote; nothing in the file is executed.

    Raises:
        TrainingError: it is damaged, or another training's.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        found = state["made_by"]
    except Exception as error:  # torch raises many kinds for a damaged file
        raise TrainingError(f"The snapshot {path} is damaged; delete it, and the stage starts again.") from error
    if found != made_by:
        raise _others(path)
    return state


def write_weights(path: Path, tensors: Mapping[str, Tensor], stage: str, made_by: str) -> None:
    """Write the weights of a finished stage; equal weights give equal bytes."""
    partial = path.with_name(f".{path.name}.partial")
    kept = {key: value.contiguous() for key, value in tensors.items()}
    save_file(kept, partial, {_HEADER: f"{stage} {made_by}"})  # one entry: several come in changing order
    os.replace(partial, path)


def read_weights(path: Path, module: nn.Module, made_by: str | None = None) -> dict[str, Tensor]:
    """The weights of a stage.

    Args:
        path: a `weights.safetensors`.
        module: whose weights they must be, key by key.
        made_by: the training that must have made them; None takes any.

    Raises:
        TrainingError: no such file, a damaged one, or another training's.
        CheckpointError: keys or shapes are not those of the module.
    """
    tensors, header = read_tensors(path)
    if made_by is not None and header.split()[-1:] != [made_by]:
        raise _others(path)
    require(shapes_of(module), tensors, f"The file of weights {path}")
    return {key: value.float() if value.is_floating_point() else value for key, value in tensors.items()}


def read_tensors(path: Path) -> tuple[dict[str, Tensor], str]:
    """All tensors of a file of weights, and its header: stage and fingerprint.

    Raises:
        TrainingError: no such file, or a damaged one.
    """
    try:
        with safe_open(path, "pt") as file:
            header = (file.metadata() or {}).get(_HEADER, "")
            return {key: file.get_tensor(key) for key in file.keys()}, header  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"The file of weights {path} cannot be read ({error}); name another.") from error


def _others(path: Path) -> TrainingError:
    return TrainingError(
        f"{path} comes from other settings, data or versions; choose another folder, or delete {path.parent} to train"
        " this stage again."
    )
