"""The frozen image, and clips that exist already."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from baselines.folder import Folder
from baselines.still import Still
from narrator.contract import GenerationFailed, Prompt


def test_still_shows_the_image_for_as_long_as_it_speaks(make_prompt: Callable[..., Prompt]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (51, 33, 3), np.uint8)
    narration = Still(fps=30)(make_prompt(image=image))
    frames = np.concatenate(list(narration.chunks()))
    assert frames.shape[1:] == (50, 32, 3)
    assert (frames == image[:50, :32]).all()
    assert 0 <= len(frames) / 30 - len(narration.waveform) / narration.sample_rate < 1 / 30
    assert narration.seconds["speech"] > 0


def test_still_refuses_a_senseless_frame_rate() -> None:
    with pytest.raises(ValueError, match="fps must be"):
        Still(fps=0)


def touch(path: Path, content: bytes = b"clip") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_folder_finds_clips_directly_and_in_subfolders(tmp_path: Path, make_prompt: Callable[..., Prompt]) -> None:
    direct = touch(tmp_path / "a.mov")
    nested = touch(tmp_path / "grid" / "b.MP4")
    keyed = touch(tmp_path / "s1" / "c.mp4")
    touch(tmp_path / "s2" / "c.mp4")
    folder = Folder(tmp_path)
    assert folder(make_prompt(key="a")).path == direct
    assert folder(make_prompt(key="b")).path == nested
    assert folder(make_prompt(key="s1/c")).path == keyed


def test_folder_says_what_it_looked_for(tmp_path: Path, make_prompt: Callable[..., Prompt]) -> None:
    touch(tmp_path / "empty.mp4", b"")
    touch(tmp_path / "x" / "twice.mp4")
    touch(tmp_path / "y" / "twice.mp4")
    touch(tmp_path.parent / "secret.mp4")
    folder = Folder(tmp_path)
    for key, reason in {
        "gone": r"looked for gone\.mp4, gone\.mkv",
        "empty": "is empty",
        "twice": "several clips",
        "../secret": "outside",
    }.items():
        with pytest.raises(GenerationFailed, match=reason):
            folder(make_prompt(key=key))


def test_folder_must_exist(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match="is not a folder"):
        Folder(tmp_path / "nowhere")
