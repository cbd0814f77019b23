"""The four datasets as they stand on disk: exact counts, keys, and a reason for every clip that is skipped."""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench.datasets.celebvhq import CelebVHQ
from bench.datasets.dataset import DatasetIndex
from bench.datasets.fakeavceleb import FakeAVCeleb
from bench.datasets.folder import Folder
from bench.datasets.hdtf import HDTF
from bench.datasets.verify import Needs, check_media, verify
from bench.datasets.voxceleb import VoxCeleb
from bench.errors import UserMistake

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def disk(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four trees, laid out from real clips."""
    root = tmp_path_factory.mktemp("datasets")
    script = shared / "datasets" / "build.py"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(script), str(root)])
        runpy.run_path(str(script), run_name="__main__")
    return root


def reasons(index: DatasetIndex) -> dict[str, int]:
    return dict(Counter(finding.reason for finding in index.findings))


def test_voxceleb(disk: Path) -> None:
    index = VoxCeleb().load(disk / "voxceleb2")
    assert [sample.key for sample in index.samples] == [
        "id00017-01dfn2spqyE-00015",
        "id00061--1ZWnFvNLyM-00086",
        "id00061-cAT9aR8oFx0-00373",
        "id00419-1zffAxBod_c-00010",
        "id00812-1cdzNqlHQMg-00473",
        "id05176-21Uxsk56VDQ-00055",
        "id06209-2OvhdfhGJsA-00105",
        "id06811-0AhcWJWnjvk-00216",
        "id07312-35AJJiHF-8Q-00067",
        "id07414-1aFBtuVlMBk-00104",
    ]
    assert {sample.split for sample in index.samples} == {"test"}
    assert index.samples[0].metadata == {"gender": "m", "set": "test"}
    assert len(index.by_speaker["id00061"]) == 2
    report = verify(index)
    assert (report.usable, report.speakers, report.counts()) == (10, 9, {})


def test_fakeavceleb_takes_the_real_clips(disk: Path) -> None:
    index = FakeAVCeleb().load(disk / "FakeAVCeleb_v1.2")
    assert [sample.key for sample in index.samples] == [
        "id00061-00373",
        "id05176-00055",
        "id06811-00216",
        "id07414-00104",
    ]
    assert index.samples[3].speaker == "id07414"
    assert index.samples[3].metadata["race"] == "Asian (East)"
    assert reasons(index) == {"of type FakeVideo-FakeAudio, which is not asked for": 1}
    assert verify(index).usable == 4


def test_fakeavceleb_takes_fakes_when_asked(disk: Path) -> None:
    index = FakeAVCeleb(types=["FakeVideo-FakeAudio"]).load(disk / "FakeAVCeleb_v1.2")
    (fake,) = index.samples
    assert fake.key == "FakeVideo-FakeAudio-id07414-00104_id00061_wavtolip"
    assert fake.metadata["method"] == "faceswap-wav2lip"
    assert reasons(index) == {"of type RealVideo-RealAudio, which is not asked for": 4}
    with pytest.raises(ValueError, match="types is"):
        FakeAVCeleb(types=["RealVideo"])


def test_celebvhq_counts_what_cannot_be_heard(disk: Path) -> None:
    index = CelebVHQ().load(disk / "CelebV-HQ")
    assert {sample.path.stem: sample.speaker for sample in index.samples} == {
        "-GHMHbLRtJg_47_0": "-GHMHbLRtJg",
        "0a_OZ4d9v-A_0": "0a_OZ4d9v-A",
        "AP34KPTcu7k_0": "AP34KPTcu7k",
        "M2Ohb0FAaJU_1": "M2Ohb0FAaJU",
        "_0tf2n3rlJU_0": "_0tf2n3rlJU",
        "_sPYDzoLA_c_6": "_sPYDzoLA_c",
        "v4U2mAwO6-4_0": "v4U2mAwO6-4",
    }
    assert all(sample.key == sample.path.stem for sample in index.samples if not sample.path.stem.startswith("-"))
    assert index.samples[0].metadata["appearance"] == ["Young"]
    report = verify(index)
    assert report.usable == 5
    assert report.counts() == {
        "listed in the metadata but not on disk": 1,
        "no audio stream": 1,
        "silent soundtrack": 1,
    }
    assert {(f.subject, f.reason) for f in report.findings} == {
        ("zzzzzzzzzzz_3", "listed in the metadata but not on disk"),
        ("0a_OZ4d9v-A_0", "no audio stream"),
        ("AP34KPTcu7k_0", "silent soundtrack"),
    }
    assert json.loads(json.dumps(report.as_json()))["counts"] == report.counts()


def test_hdtf(disk: Path) -> None:
    index = HDTF().load(disk / "HDTF")
    assert {sample.key: sample.speaker for sample in index.samples} == {
        "RD_Radio10_000": None,
        "RD_Radio11_000": None,
        "WDA_KatieHill_000": "KatieHill",
    }
    # 421 clips were cropped, 436 timed, three are here
    assert reasons(index) == {
        "listed in the metadata but not on disk": 418,
        "timed in the metadata but never cropped": 15,
    }
    assert verify(index).usable == 3


@pytest.mark.parametrize(
    ("dataset", "below"),
    [
        (VoxCeleb(), "voxceleb2/vox2_test_mp4/mp4"),
        (FakeAVCeleb(), "FakeAVCeleb_v1.2/RealVideo-RealAudio"),
        (CelebVHQ(), "CelebV-HQ/35666"),
        (HDTF(), "HDTF/HDTF-RGB-512"),
    ],
)
def test_any_level_of_a_layout_may_be_the_root(disk: Path, dataset, below: str) -> None:
    whole = dataset.load(disk / below.partition("/")[0])
    assert {s.key: s.speaker for s in dataset.load(disk / below).samples} == {s.key: s.speaker for s in whole.samples}


@pytest.mark.parametrize(
    ("dataset", "other", "name"),
    [
        (VoxCeleb(), "CelebV-HQ", "celebvhq"),
        (FakeAVCeleb(), "voxceleb2", "voxceleb"),
        (CelebVHQ(), "HDTF", "hdtf"),
        (HDTF(), "CelebV-HQ", "celebvhq"),
        (HDTF(), "FakeAVCeleb_v1.2", "fakeavceleb"),
    ],
)
def test_another_datasets_folder_is_recognised(disk: Path, dataset, other: str, name: str) -> None:
    with pytest.raises(UserMistake, match=f"{dataset.name}: .* holds no clip .*; it looks like .* '{name}'"):
        dataset.load(disk / other)


def test_only_as_many_clips_are_opened_as_are_wanted(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    from bench.datasets import verify as module

    monkeypatch.setattr(module, "probe", lambda path, probe=module.probe: opened.append(path) or probe(path))
    index = CelebVHQ().load(disk / "CelebV-HQ")
    checked = check_media(index.samples, limit=2)
    assert [sample.key for sample in checked.usable] == [index.samples[2].key, "M2Ohb0FAaJU_1"]
    assert [finding.reason for finding in checked.findings] == ["no audio stream", "silent soundtrack"]
    assert len(opened) == 4
    assert check_media(index.samples, limit=2, workers=2) == checked


def test_stress_inputs_are_counted_with_their_reasons(shared: Path, tmp_path: Path) -> None:
    media = shared / "media"
    for name in (
        "real/edtalk_pose_source1_noaudio.mp4",
        "real/liveportrait_d18_silent.mp4",
        "real/retalking_face_1.mp4",  # 22.13 fps on average
        "generated/makeittalk_pred.mp4",  # 62.5 fps
        "real/latentsync_demo1_video.mp4",  # HEVC portrait
        "real/grid_bbaf2n.mpg",
    ):
        shutil.copy(media / name, tmp_path)
    (tmp_path / "truncated.mp4").write_bytes((media / "generated/nfy_man.mp4").read_bytes()[:100_000])
    (tmp_path / "text.mp4").write_text("not a video\n" * 50)
    (tmp_path / "empty.mp4").touch()
    report = verify(Folder().load(tmp_path), workers=2)
    assert report.usable == 4
    assert {(f.subject, f.reason, f.detail.partition(":")[0]) for f in report.findings} == {
        ("edtalk_pose_source1_noaudio", "no audio stream", "sound in a file of its own would be found"),
        ("liveportrait_d18_silent", "silent soundtrack", ""),
        ("truncated", "unreadable", "it is cut short"),
        ("text", "unreadable", "it holds text, not media"),
        ("empty", "unreadable", "the file is empty"),
    }


def test_a_soundtrack_of_its_own_makes_a_silent_film_usable(shared: Path, tmp_path: Path) -> None:
    for folder in ("original_videos", "audios"):
        (tmp_path / folder).mkdir()
    shutil.copy(shared / "media/real/edtalk_mouth_source_noaudio.mp4", tmp_path / "original_videos/RD_Radio1_000.mp4")
    assert verify(HDTF().load(tmp_path)).counts() == {"no audio stream": 1}
    shutil.copy(shared / "media/speech/edtalk_mouth_source.wav", tmp_path / "audios/RD_Radio1_000.wav")
    report = verify(HDTF().load(tmp_path))
    assert (report.usable, report.counts()) == (1, {})
    assert HDTF().load(tmp_path).samples[0].soundtrack == tmp_path / "audios/RD_Radio1_000.wav"


def test_short_clips_are_too_short(disk: Path) -> None:
    index = HDTF().load(disk / "HDTF")
    checked = check_media(index.samples, Needs(min_seconds=5.0))
    assert [sample.key for sample in checked.usable] == ["RD_Radio11_000", "WDA_KatieHill_000"]
    assert [(f.reason, f.detail) for f in checked.findings] == [
        ("too short", "61 frames, 2.07 s; 5 s are needed"),
    ]
