"""Reading a checkpoint file without executing anything it contains."""

from __future__ import annotations

import pickle
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

# XTTS' model.pth pickles its training configuration beside the tensors. Inert stand-ins under these names let it be
# read without the package that defines them; any other class is refused.
_CONFIGURATION_CLASSES = (
    "TTS.tts.configs.xtts_config.XttsConfig",
    "TTS.tts.models.xtts.XttsAudioConfig",
    "TTS.tts.models.xtts.XttsArgs",
    "TTS.config.shared_configs.BaseDatasetConfig",
    "TTS.utils.radam.RAdam",
)


FilePath = str | PathLike[str]


class CheckpointError(ValueError):
    """A checkpoint cannot be used; the message is one sentence that says what is wrong and how to mend it."""


class StoredFile:
    """What a checkpoint file holds.

    Attributes:
        path: where it was read from.
        tree: the stored object: tensors by key, or dictionaries of them. Tensors are mapped, not copied, from the file.
        metadata: text entries of a safetensors header; empty for other files.
    """

    def __init__(self, path: Path, tree: Mapping[str, Any], metadata: Mapping[str, str]) -> None:
        self.path = path
        self.tree = tree
        self.metadata = metadata

    def tensors(self, key: str | None = None) -> dict[str, Tensor]:
        """The tensors of the file, or of one of its dictionaries; no network of ours has keys that are no text."""
        source = self.tree if key is None else self.tree[key]
        return {name: value for name, value in source.items() if isinstance(value, Tensor) and isinstance(name, str)}


def read_file(path: Path) -> StoredFile:
    """Read a `.safetensors` file or one written by `torch.save`.

    Raises:
        CheckpointError: the file is absent, damaged, of another kind, or wants code to be run.
    """
    if not path.is_file():
        raise CheckpointError(f"There is no checkpoint file {path}; check the path.")
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    return _read_pickle(path)


def _read_safetensors(path: Path) -> StoredFile:
    try:
        with safe_open(path, "pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
            return StoredFile(path, tensors, file.metadata() or {})
    except SafetensorError as error:
        raise CheckpointError(
            f"{path} is damaged or not a safetensors file ({error}); download or copy it again."
        ) from None


def _read_pickle(path: Path) -> StoredFile:
    placeholders = [(type(name.rpartition(".")[2], (), {}), name) for name in _CONFIGURATION_CLASSES]
    try:
        with torch.serialization.safe_globals([*placeholders, defaultdict, dict]):
            tree = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        raise CheckpointError(_refusal(path, str(error))) from None
    except Exception as error:  # there is no telling what a damaged pickle raises; it always ends as one sentence
        raise CheckpointError(
            f"{path} is damaged or not a checkpoint file ({_first_line(error)}); download or copy it again."
        ) from None
    if not isinstance(tree, Mapping):
        raise CheckpointError(f"{path} holds a {type(tree).__name__} where a dictionary of tensors belongs.")
    return StoredFile(path, tree, {})


def _refusal(path: Path, reason: str) -> str:
    _, _, wanted = reason.partition("GLOBAL ")
    if wanted:
        return (
            f"{path} wants {wanted.split()[0]} to be run or built while it is read, which is refused: nothing in a"
            " checkpoint is executed; take the file from its authors, or one in safetensors form."
        )
    return f"{path} is damaged or not a checkpoint file ({reason.splitlines()[-1][:200]}); download or copy it again."


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
