"""The content of a small study of the clips in one place."""

from __future__ import annotations

from typing import Any


def folder_study(root: str) -> dict[str, Any]:
    """Two clips of a folder or address, STOI, one generator."""
    return {
        "name": "remote",
        "datasets": [{"name": "made", "plugin": "folder", "root": root, "clips": 2}],
        "generators": ["still"],
        "metrics": ["stoi"],
        "bounds": False,
    }
