"""Read arrays out of pickled weight files without running what the files contain.

A pickle may name any function for its reader to call. These readers look names up in a short list of ours and refuse
every other one, so the worst a file can do is to hold wrong numbers, and its sha256 is verified before.
"""

from __future__ import annotations

import io
import pickle
import warnings
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy._core import multiarray
from torch import Tensor

from metrics.weights import WeightsError


def checkpoint(path: Path) -> dict[str, Any]:
    """A PyTorch checkpoint.

    Raises:
        WeightsError: the file is damaged, or holds anything but tensors and plain containers.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file may fail anywhere in PyTorch's reader, whose advice is to trust it
        raise WeightsError(f"{path} is no torch checkpoint that loads without running code; fetch it again.") from error
    return loaded


def numpy_tree(path: Path) -> Any:
    """A pickle of nested dicts, lists and NumPy arrays.

    Raises:
        pickle.UnpicklingError: the file names anything but NumPy arrays.
    """
    known: dict[tuple[str, str], Any] = {("numpy", "ndarray"): np.ndarray, ("numpy", "dtype"): np.dtype}
    known |= {(module, "_reconstruct"): multiarray._reconstruct for module in _MULTIARRAY}
    return _Reader(io.BytesIO(path.read_bytes()), known).load()


def torchscript_tensors(path: Path) -> dict[str, Tensor]:
    """The float32 tensors of a TorchScript file by their dotted names; its program is neither run nor compiled.

    Raises:
        pickle.UnpicklingError: the file names anything but modules, containers and float32 tensors.
    """
    with zipfile.ZipFile(path) as archive:
        (root,) = {name.split("/", 1)[0] for name in archive.namelist()}

        def storage(identity: tuple[str, Any, str, str, int]) -> Tensor:
            _, _, key, _, length = identity
            data = bytearray(archive.read(f"{root}/data/{key}"))
            return torch.frombuffer(data, dtype=torch.float32, count=length)

        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch", "FloatStorage"): torch.float32,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch.jit._pickle", "build_intlist"): list,
        }
        reader = _Reader(io.BytesIO(archive.read(f"{root}/data.pkl")), known, storage)
        return dict(_named(reader.load(), ""))


_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")


class _Module:
    """Stands for any module of the TorchScript file; unpickling gives it its attributes."""


class _Reader(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, known: dict[tuple[str, str], Any], storage: Any = None) -> None:
        super().__init__(file)
        self._known = known
        self._storage = storage

    def find_class(self, module: str, name: str) -> Any:
        if self._storage is not None and module.split(".")[0] == "__torch__":
            return _Module
        try:
            return self._known[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"A weight file must hold arrays only, this one names {module}.{name}."
            ) from None

    def persistent_load(self, identity: Any) -> Any:
        if self._storage is None:
            raise pickle.UnpicklingError("A weight file of NumPy arrays must not refer to anything outside itself.")
        return self._storage(identity)


def _tensor(storage: Tensor, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_gradient: Any) -> Tensor:
    return torch.as_strided(storage, shape, stride, offset)


def _named(node: Any, prefix: str) -> Any:
    if isinstance(node, Tensor):
        yield prefix, node
    elif isinstance(node, _Module):
        for name, child in vars(node).items():
            yield from _named(child, f"{prefix}.{name}" if prefix else name)
