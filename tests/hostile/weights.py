"""Weights and checkpoints: damaged, of other kinds, or meant to run code."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from hostile.case import Arguments, Case
from metrics.weight_files import WEIGHT_FILES


class Executes:
    """A pickle that would run a program when it is read."""

    def __reduce__(self) -> Any:
        return os.system, ("touch EXECUTED",)


def _inspected(name: str, put: Callable[[Path], object]) -> Callable[[Path], Arguments]:
    def make(folder: Path) -> Arguments:
        put(folder / name)
        return "checkpoint", "inspect", folder / name

    return make


def _saved(content: Any) -> Callable[[Path], object]:
    return lambda path: torch.save(content, path)


def _safetensors(header: bytes, length: int | None = None, data: bytes = b"") -> Callable[[Path], object]:
    size = (len(header) if length is None else length).to_bytes(8, "little")
    return lambda path: path.write_bytes(size + header + data)


def _one_tensor(**changed: Any) -> Callable[[Path], object]:
    described = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4], **changed}
    return _safetensors(json.dumps({"a": described}).encode(), data=bytes(4))


def _cut(share: float) -> Callable[[Path], object]:
    def put(path: Path) -> None:
        torch.save({"model": {"a.weight": torch.zeros(64, 64)}}, path)
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])

    return put


def _zip(**members: bytes) -> Callable[[Path], object]:
    def put(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name.replace("__", "/"), content)

    return put


TENSOR = torch.zeros(2, 2)
PTH: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "one byte": lambda path: path.write_bytes(b"\x80"),
    "text": lambda path: path.write_text("I am no checkpoint"),
    "zeros": lambda path: path.write_bytes(bytes(4096)),
    "HTML of a download page": lambda path: path.write_text("<!doctype html>"),
    "a Git LFS pointer": lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\n"),
    "an empty ZIP": _zip(),
    "a ZIP of text": _zip(readme=b"hello"),
    "a ZIP without data": _zip(archive__data_pkl=b"\x80\x02}."),
    "a ZIP that climbs": _zip(**{"..__..__EXECUTED": b"x"}),
    "cut after 10 %": _cut(0.1),
    "cut after 50 %": _cut(0.5),
    "cut after 99 %": _cut(0.99),
    "a pickle that runs code": lambda path: path.write_bytes(pickle.dumps(Executes())),
    "a pickle of protocol 0 that runs code": lambda path: path.write_bytes(b"cos\nsystem\n(S'touch EXECUTED'\ntR."),
    "saved code": _saved({"model": Executes()}),
    "a pickle of a dictionary": lambda path: path.write_bytes(pickle.dumps({"a": 1})),
    "a deep pickle": lambda path: path.write_bytes(b"(" * 100_000 + b"."),
    "keys that are numbers": _saved({1: TENSOR, 2: TENSOR}),
    "keys that are pairs": _saved({("a", 1): TENSOR}),
    "keys that are bytes": _saved({b"a": TENSOR}),
    "keys that are None": _saved({None: TENSOR}),
    "number keys below model": _saved({"model": {1: TENSOR}}),
    "number keys below state_dict": _saved({"state_dict": {1: TENSOR, "a": TENSOR}}),
    "keys of escape bytes": _saved({"\x1b[31m": TENSOR}),
    "keys of half a character": _saved({"\ud800": TENSOR}),
    "no keys": _saved({}),
    "a tensor": _saved(TENSOR),
    "a list": _saved([TENSOR]),
    "a number": _saved(3),
    "nothing": _saved(None),
    "text in place of tensors": _saved({"a": "b"}),
    "deep dictionaries": _saved({"a": {"b": {"c": {"d": TENSOR}}}}),
    "a dictionary inside itself": lambda path: torch.save(_itself(), path),
    "not numbers": _saved({"model": {"a.weight": torch.full((2, 2), float("nan"))}}),
}  # fmt: skip
SAFE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "a short length": lambda path: path.write_bytes(b"\x08"),
    "a length beyond the file": _safetensors(b"{}", 1 << 40),
    "a length beyond all": _safetensors(b"{}", (1 << 64) - 1),
    "no JSON": _safetensors(b"{{{{"),
    "a list": _safetensors(b"[]"),
    "no tensors": _safetensors(b"{}"),
    "not UTF-8": _safetensors(b'{"\xff": 1}'),
    "deep": _safetensors(b"[" * 10_000),
    "a tensor beyond the file": _one_tensor(shape=[1 << 40], data_offsets=[0, 1 << 42]),
    "a tensor below nothing": _one_tensor(data_offsets=[4, 0]),
    "a dtype that is none": _one_tensor(dtype="F13"),
    "a shape of words": _one_tensor(shape=["one"]),
    "tensors that nobody knows": _one_tensor(),
    "strange metadata": _safetensors(b'{"__metadata__": {"narrator": "{"}}'),
}
"""Files that say they are safetensors."""


def _itself() -> dict[str, Any]:
    tree: dict[str, Any] = {"a": TENSOR}
    tree["b"] = tree
    return tree


SMALLEST = min((w for w in WEIGHT_FILES.values() if w.size), key=lambda weights: weights.size or 0)
FOLDERS: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("I am no network"),
    "the right size, other bytes": lambda path: path.write_bytes(bytes(SMALLEST.size or 0)),
}

CACHES = {"of an unknown user": "~nobody-at-all/x", "too long": "x" * 5000, "that is a file": "/etc/hostname"}


def _own_folder(put: Callable[[Path], object], *command: str) -> Callable[[Path], Arguments]:
    def make(folder: Path) -> Arguments:
        put(folder / SMALLEST.file)
        return command

    return make


def cases() -> Iterator[Case]:
    """All of them."""
    for name, put in PTH.items():
        yield Case("checkpoint", f"pth: {name}", _inspected("x.pth", put), says=r"x\.pth")
    for name, put in SAFE.items():
        yield Case("checkpoint", f"safetensors: {name}", _inspected("x.safetensors", put), says=r"x\.safetensors")
    environment = {"NARRATOR_BENCH_WEIGHTS": "FOLDER", "NARRATOR_BENCH_CACHE": "FOLDER/cache"}
    for name, put in FOLDERS.items():
        verify = _own_folder(put, "weights", "verify")
        yield Case("weights", f"{name}: verify", verify, (2,), "damaged", environment=environment)
        offline = environment | {"NARRATOR_BENCH_OFFLINE": "1"}
        fetch = _own_folder(put, "weights", "fetch", SMALLEST.name)
        yield Case("weights", f"{name}: fetch", fetch, (2,), "damaged", environment=offline)
    odd = {
        "a pipe": os.mkfifo,
        "a folder": Path.mkdir,
        "a link to nowhere": lambda path: path.symlink_to("nowhere"),
        "a link to an endless device": lambda path: path.symlink_to("/dev/zero"),
    }
    for name, put in odd.items():
        yield Case("weights", name, _own_folder(put, "weights", "list"), (0,), SMALLEST.name, environment=environment)
    for name, cache in CACHES.items():
        changed = {"NARRATOR_BENCH_CACHE": cache, "NARRATOR_BENCH_OFFLINE": "1"}
        fetch = _own_folder(lambda path: None, "weights", "fetch", SMALLEST.name)
        yield Case("weights", f"a cache {name}", fetch, (1, 2), "NARRATOR_BENCH|too long", environment=changed)
