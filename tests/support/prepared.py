"""A tiny VoxCeleb2 tree whose words are written down, so that preparing it needs no recogniser."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from bench.media.writing import write_clip


def tiny_voxceleb(root: Path, clips: int = 4, size: int = 32) -> None:
    """Clips of 1 s, two in a row of one speaker; each of another grey, pitch and text."""
    for number in range(clips):
        path = root / f"mp4/id{number // 2:05d}/aaaaaaaaaaa/{number:05d}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        pictures = np.full((25, size, size, 3), 20 + 10 * (number % 20), np.uint8)
        pictures[:, size // 4 : size // 2, size // 4 : size // 2] = 250
        sound = 0.4 * np.sin(2 * np.pi * (150 + 20 * number) * np.arange(16000) / 16000)
        write_clip(path, [pictures], 25.0, sound.astype(np.float32), 16000)
        path.with_suffix(".txt").write_text(f"clip number {number}\n", encoding="utf-8")


def content(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a prepared folder, but for the lock, which names a process."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "lock")
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
