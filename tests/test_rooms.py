"""The house rules that a reader relies on: who may import whom, and how long a file may be."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {"bench", "metrics", "baselines", "reports", "narrator"}
MAY_IMPORT = {
    "bench": ROOMS,
    "metrics": {"metrics"},
    "baselines": {"baselines", "narrator"},
    "narrator": {"narrator"},
    "reports": {"reports"},
}
SHARED_WITH_BASELINES = (
    "narrator.contract", "narrator.options", "narrator.prompts", "narrator.files", "narrator.onnx", "narrator.face"
)  # fmt: skip


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
    return found


def files(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_imports_only_what_it_may(room: str) -> None:
    for path in files(room):
        for name in imports(path):
            top = name.partition(".")[0]
            if top in ROOMS:
                assert top in MAY_IMPORT[room], f"{path.relative_to(ROOT)} imports {name}"
            if room == "baselines" and top == "narrator":
                assert name.startswith(SHARED_WITH_BASELINES), f"{path.relative_to(ROOT)} imports {name}"
            assert top not in {"torchvision", "torchaudio"}, f"{path.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_files_stay_readable(room: str) -> None:
    too_long = {p.name: n for p in files(room) if (n := len(p.read_text(encoding="utf-8").splitlines())) > 400}
    assert not too_long
    nameless = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "handler", "handlers"}
    assert not nameless & {path.stem for path in files(room)}


def test_the_contract_is_light() -> None:
    assert not any(
        name.partition(".")[0] in {"torch", "transformers"} for name in imports(ROOT / "narrator/contract.py")
    )
