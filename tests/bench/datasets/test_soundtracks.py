"""Sound in files of its own: beside the clip, in a tree beside its tree, and never another clip's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.datasets.dataset import Dataset, Sample
from bench.datasets.folder import Folder
from bench.datasets.hdtf import HDTF
from bench.datasets.soundtracks import Soundtracks
from bench.datasets.verify import verify
from bench.datasets.voxceleb import VoxCeleb
from bench.media.writing import write_clip, write_wav


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return root


@pytest.mark.parametrize(
    ("dataset", "clip", "sound"),
    [
        (Folder(), "a.mp4", "a.wav"),
        (Folder(), "a.mp4", "a.FLAC"),
        (Folder(), "a.b.mp4", "a.b.m4a"),
        (Folder(), "x/a.mkv", "x/a.opus"),
        (Folder(), "mp4/a.mp4", "aac/a.aac"),
        (Folder(), "mp4/s/a.mp4", "m4a/s/a.m4a"),
        (Folder(), "Videos/a.mp4", "Audio/a.mp3"),
        (Folder(), "clips/s/a.mp4", "audio/s/a.ogg"),
        (Folder(), "s/a.mp4", "audio/s/a.wav"),
        (HDTF(), "clips/RD_Radio1_000.mp4", "audio/RD_Radio1_000.wav"),
        (HDTF(), "HDTF-RGB-512/RD_Radio1_000.mp4", "audios/RD_Radio1_000.wav"),
        (HDTF(), "split_5s_video/RD_Radio1_000#1.mp4", "split_5s_audio/RD_Radio1_000#1.wav"),
        (VoxCeleb(), "dev/mp4/id00012/21Uxsk56VDQ/00001.mp4", "dev/aac/id00012/21Uxsk56VDQ/00001.m4a"),
        (VoxCeleb(), "dev/mp4/id00012/21Uxsk56VDQ/00001.mp4", "wav/id00012/21Uxsk56VDQ/00001.wav"),
        (VoxCeleb(), "mp4/id00012/21Uxsk56VDQ/00001.mp4", "wav/id00012/21Uxsk56VDQ/00001.wav"),
        (VoxCeleb(), "vox2_test_mp4/mp4/id00012/v/1.mp4", "vox2_test_aac/aac/id00012/v/1.m4a"),
        (VoxCeleb(), "vox2_test_mp4/mp4/id00012/v/1.mp4", "vox2_test_aac/id00012/v/1.m4a"),
    ],
)
def test_sound_is_found_where_people_keep_it(tmp_path: Path, dataset: Dataset, clip: str, sound: str) -> None:
    (sample,) = dataset.load(touch(tmp_path, clip, sound)).samples
    assert sample.audio == tmp_path / sound
    top = tmp_path / clip.partition("/")[0]
    if top.is_dir():  # the root may be any level of the layout
        assert Soundtracks(top).of(tmp_path / clip) == tmp_path / sound


def test_lossless_sound_comes_first(tmp_path: Path) -> None:
    touch(tmp_path, "mp4/a.mp4", "mp4/a.m4a", "aac/a.aac", "wav/a.wav")
    assert Soundtracks(tmp_path).of(tmp_path / "mp4/a.mp4") == tmp_path / "wav/a.wav"


@pytest.mark.parametrize(
    "sound",
    ["ref_audios/a.wav", "b.wav", "audio/b.wav", "wav2lip/a.wav", "aac/a.txt", "audio/a.wav/x", "videos/other/a.wav"],
)
def test_other_sounds_are_not_taken(tmp_path: Path, sound: str) -> None:
    touch(tmp_path, "videos/a.mp4", sound)
    assert Soundtracks(tmp_path).of(tmp_path / "videos/a.mp4") is None


def test_nothing_is_taken_from_beyond_the_folder_beside_the_root(tmp_path: Path) -> None:
    touch(tmp_path, "data/set/clips/a.mp4", "audio/a.wav", "data/audio/a.wav")
    assert Soundtracks(tmp_path / "data/set/clips").of(tmp_path / "data/set/clips/a.mp4") is None


def test_a_sound_that_two_clips_could_claim_is_nobodys(tmp_path: Path) -> None:
    index = Folder().load(touch(tmp_path, "one/a.mp4", "two/a.mp4", "audio/a.wav"))
    assert [sample.audio for sample in index.samples] == [None, None]
    assert [(f.subject, f.reason) for f in index.findings] == [("a.wav", "a sound file that several clips could claim")]


def test_a_lossy_file_serves_only_a_clip_without_sound(tmp_path: Path) -> None:
    tone = (0.5 * np.sin(np.arange(32000) / 9)).astype(np.float32)
    pictures = np.zeros((50, 32, 32, 3), np.uint8)
    write_clip(tmp_path / "sound.mp4", [pictures], 25.0, tone, 16000)
    (tmp_path / "sound.wav").unlink()
    write_clip(tmp_path / "mute.mp4", [pictures], 25.0, np.zeros(0, np.float32), 16000)
    for name in ("sound", "mute"):
        (tmp_path / f"{name}.m4a").write_bytes((tmp_path / "sound.mp4").read_bytes())
    mute, sound = Folder().load(tmp_path).samples
    assert mute.soundtrack == tmp_path / "mute.m4a"
    assert sound.soundtrack == tmp_path / "sound.mp4"
    assert verify(Folder().load(tmp_path)).usable == 2
    write_wav(tmp_path / "a.wav", tone, 16000)
    assert Sample("x", tmp_path / "sound.mp4", "none", audio=tmp_path / "a.wav").soundtrack == tmp_path / "a.wav"


def test_a_clip_without_sound_says_where_it_would_be_found(tmp_path: Path) -> None:
    write_clip(tmp_path / "mute.mp4", [np.zeros((50, 32, 32, 3), np.uint8)], 25.0, np.zeros(0, np.float32), 16000)
    (finding,) = verify(Folder().load(tmp_path)).findings
    assert finding.reason == "no audio stream"
    assert "NAME.wav, .flac, .m4a" in finding.detail
    assert "folder audio, audios, wav" in finding.detail
