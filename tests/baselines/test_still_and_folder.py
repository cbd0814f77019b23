"""The frozen image, and clips that exist already."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from baselines.folder import Folder
from baselines.still import Still
from narrator.contract import GenerationFailed, Prompt, ReadsFiles, ReferenceClip


def test_still_shows_the_image_for_as_long_as_it_speaks(make_prompt: Callable[..., Prompt]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (51, 33, 3), np.uint8)
    narration = Still(fps=30)(make_prompt(image=image))
    frames = np.concatenate(list(narration.chunks()))
    assert frames.shape[1:] == (50, 32, 3)
    assert (frames == image[:50, :32]).all()
    assert 0 <= len(frames) / 30 - len(narration.waveform) / narration.sample_rate < 1 / 30
    assert narration.seconds["speech"] > 0


@pytest.mark.parametrize("shape", [(1, 9), (9, 1), (1, 1)])
def test_still_refuses_an_image_without_even_edges(make_prompt: Callable[..., Prompt], shape: tuple[int, int]) -> None:
    with pytest.raises(GenerationFailed, match="at least 2 x 2"):
        Still()(make_prompt(image=np.zeros((*shape, 3), np.uint8)))


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
    for root in (tmp_path / "nowhere", touch(tmp_path / "file")):
        with pytest.raises(ValueError, match="is not a folder"):
            Folder(root)
    (tmp_path / "clips").mkdir()
    assert Folder("clips", study_folder=tmp_path).describe()["root"] == str(tmp_path / "clips")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_folder_takes_the_clip_s_own_name(tmp_path: Path, make_prompt: Callable[..., Prompt], form: str) -> None:
    """A dataset whose file names hold blanks or accents has other keys than names."""
    clip = touch(tmp_path / "sub" / (unicodedata.normalize(form, "Speech of Zoé 0") + ".MP4"))
    for written in ("NFC", "NFD"):
        prompt = make_prompt(key="Speech_of_Zo__0-286f7e55", name=unicodedata.normalize(written, "Speech of Zoé 0"))
        assert Folder(tmp_path)(prompt).path == clip
    keyed = touch(tmp_path / "Speech_of_Zo__0-286f7e55.mp4")
    assert Folder(tmp_path)(prompt).path == keyed


def test_a_name_that_several_clips_have_stands_for_none(tmp_path: Path, make_prompt: Callable[..., Prompt]) -> None:
    touch(tmp_path / "take.mp4")
    clips = [ReferenceClip(f"{who}-take", Path(who) / "take.mp4", who) for who in ("ann", "bob")]
    folder = Folder(tmp_path).for_dataset(clips)
    with pytest.raises(GenerationFailed, match=r"several clips of the dataset are called 'take'; .* ann-take\.mp4"):
        folder(make_prompt(key="ann-take", name="take"))
    keyed = touch(tmp_path / "bob-take.mp4")
    assert Folder(tmp_path).for_dataset(clips)(make_prompt(key="bob-take", name="take")).path == keyed
    assert Folder(tmp_path).for_dataset(clips[:1])(make_prompt(key="ann-take", name="take")).path.name == "take.mp4"


def test_folder_opens_regular_files_only(tmp_path: Path, make_prompt: Callable[..., Prompt]) -> None:
    os.mkfifo(tmp_path / "fifo.mp4")
    (tmp_path / "device.mp4").symlink_to("/dev/zero")
    (tmp_path / "dangling.mp4").symlink_to("nowhere")
    (tmp_path / "loop.mp4").symlink_to("loop.mp4")
    (tmp_path / "place.mp4").mkdir()
    touch(tmp_path / ".hidden.mp4")
    touch(tmp_path / "._fork.mp4")
    touch(tmp_path / ".trash" / "gone.mp4")
    touch(tmp_path / "CASE.mp4")
    linked = tmp_path / "linked.mp4"
    linked.symlink_to(touch(tmp_path / "elsewhere" / "real.mp4"))
    folder = Folder(tmp_path)
    assert folder(make_prompt(key="linked")).path == linked
    for key, reason in {
        "fifo": r"fifo\.mp4' is not a regular file",
        "device": "is not a regular file",
        "place": "is not a regular file",
        "dangling": r"dangling\.mp4' cannot be followed",
        "loop": "cannot be followed",
        "hidden": "no clip in folder",
        "gone": "no clip in folder",
        "case": r"CASE\.mp4' differs in upper and lower case",
    }.items():
        with pytest.raises(GenerationFailed, match=reason):
            folder(make_prompt(key=key))


def test_names_that_are_not_utf_8_are_found_and_printed(tmp_path: Path, make_prompt: Callable[..., Prompt]) -> None:
    raw = os.fsdecode(b"clip \xff")
    clip = touch(tmp_path / f"{raw}.mp4")
    assert Folder(tmp_path)(make_prompt(key="clip_-1", name=raw)).path == clip
    touch(tmp_path / "below" / f"{raw}.mp4")
    touch(tmp_path / "below" / f"{raw}.mkv")
    with pytest.raises(GenerationFailed, match="several") as caught:
        Folder(tmp_path / "below")(make_prompt(key="clip_-1", name=raw))
    assert str(caught.value).isprintable()
    with pytest.raises(GenerationFailed, match="no clip") as caught:
        Folder(tmp_path)(make_prompt(key="gone", name=os.fsdecode(b"\xfe")))
    assert str(caught.value).isprintable()


def test_the_clip_and_its_sound_are_inputs(tmp_path: Path, make_prompt: Callable[..., Prompt]) -> None:
    clip = touch(tmp_path / "a.mp4")
    folder = Folder(tmp_path)
    assert isinstance(folder, ReadsFiles)
    assert folder.inputs(make_prompt(key="a")) == [clip]
    sound = touch(tmp_path / "a.wav")
    assert folder.inputs(make_prompt(key="a")) == [clip, sound]
    with pytest.raises(GenerationFailed, match="no clip"):
        folder.inputs(make_prompt(key="b"))
