"""The layouts that people really have, as empty files: names, nesting, copies, traps."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from bench.datasets.celebvhq import CelebVHQ
from bench.datasets.dataset import Dataset, DatasetIndex
from bench.datasets.fakeavceleb import FakeAVCeleb
from bench.datasets.folder import Folder
from bench.datasets.hdtf import HDTF
from bench.datasets.verify import verify
from bench.datasets.voxceleb import VoxCeleb
from bench.errors import UserMistake
from bench.media.writing import write_clip

DATASETS: list[Dataset] = [VoxCeleb(), FakeAVCeleb(), CelebVHQ(), HDTF(), Folder()]


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def reasons(index: DatasetIndex) -> dict[str, int]:
    return dict(Counter(finding.reason for finding in index.findings))


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_missing_root_and_an_empty_one_are_one_sentence(tmp_path: Path, dataset: Dataset) -> None:
    with pytest.raises(UserMistake, match=f"{dataset.name}: there is no folder {tmp_path}/absent; .*"):
        dataset.load(tmp_path / "absent")
    with pytest.raises(UserMistake, match=f"{dataset.name}: {tmp_path} holds no clip .*; no video file lies below it"):
        dataset.load(tmp_path)
    touch(tmp_path, "vox2_test_mp4.zip", "vox2_dev_mp4_partaa")
    with pytest.raises(UserMistake, match=r"unpack the archives in it first \(vox2_dev_mp4_partaa, vox2_test_mp4.zip"):
        dataset.load(tmp_path)


def test_voxceleb_forms_side_by_side(tmp_path: Path) -> None:
    index = VoxCeleb().load(
        touch(
            tmp_path,
            "dev/mp4/id00012/21Uxsk56VDQ/00001.mp4",
            "vox2_test_mp4/mp4/id00017/-1dfn2_pqyE/00001.mp4",
            "mp4/id00017/-1dfn2_pqyE/00001.mp4",  # the same clip, unpacked twice
            "vox/train/id10001#NXjT3732Ekg#001093#001192.mp4",
            "vox/test/id10280#_XjT37#2Ekg#000000#000100.mp4",
            "vox/test/id10281#NXjT3732Ekg#00007.txt#000.mp4",
            "vox/test/id10282#NXjT3732Ekg#001093#001192.mp4/0000000.png",
            "wav/id00012/21Uxsk56VDQ/00001.wav",
            "dev/aac/id00012/21Uxsk56VDQ/00001.m4a",
            "txt/id00012/21Uxsk56VDQ/00001.txt",
            "readme.mp4",
            "dev/mp4/id00012/21Uxsk56VDQ/._00001.mp4",
        )
    )
    assert {sample.key: (sample.speaker, sample.split) for sample in index.samples} == {
        "id00012-21Uxsk56VDQ-00001": ("id00012", "dev"),
        "id00017--1dfn2_pqyE-00001": ("id00017", None),
        "id10001-NXjT3732Ekg-001093-001192": ("id10001", "train"),
        "id10280-_XjT37-2Ekg-000000-000100": ("id10280", "test"),
        "id10281-NXjT3732Ekg-00007-000": ("id10281", "test"),
    }
    assert reasons(index) == {
        "a folder of pictures, not a clip": 1,
        "a hidden file": 1,
        "a second copy of a clip": 1,
        "no VoxCeleb name": 1,
    }


@pytest.mark.parametrize(
    "table",
    [
        ("vox2_meta.csv", "VoxCeleb2 ID ,VGGFace2 ID ,Gender ,Set \nid00012 ,n000012 ,m ,dev \n"),
        ("vox2_meta.csv", "\ufeffName,VoxCeleb2 ID,VGGFace2 ID,Gender,Set\nA B,id00012,n000012,m,dev\n"),
        ("vox1_meta.csv", "VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet\nid00012\tA_B\tm\tUSA\tdev\n"),
    ],
)
def test_voxceleb_tables_in_all_their_forms(tmp_path: Path, table: tuple[str, str]) -> None:
    touch(tmp_path, "mp4/id00012/21Uxsk56VDQ/00001.mp4")
    (tmp_path / table[0]).write_text(table[1], encoding="utf-8")
    (sample,) = VoxCeleb().load(tmp_path).samples
    assert (sample.split, sample.metadata["gender"]) == ("dev", "m")


def test_fakeavceleb_nested_twice_and_listed_clips_that_are_absent(tmp_path: Path) -> None:
    nested = tmp_path / "FakeAVCeleb_v1.2" / "FakeAVCeleb_v1.2"
    touch(
        nested,
        "RealVideo-RealAudio/Asian (South)/women/id00076/00109.mp4",
        "RealVideo-RealAudio/African/men/id00077/00109.mp4",  # the same file name, another speaker
        "FakeVideo-RealAudio/African/men/id00076/00109_id04727_AAnyugIAXao.mp4",
    )
    (nested / "meta_data.csv").write_text(
        "source,target1,target2,method,category,type,race,gender,path,\n"
        "id00076,-,-,real,A,RealVideo-RealAudio,Asian (South),women,00109.mp4,"
        "FakeAVCeleb/RealVideo-RealAudio/Asian (South)/women/id00076\n"
        "id00099,-,-,real,A,RealVideo-RealAudio,African,men,00001.mp4,"
        "FakeAVCeleb/RealVideo-RealAudio/African/men/id00099\n"
    )
    index = FakeAVCeleb().load(tmp_path)
    assert {sample.key: sample.metadata.get("method") for sample in index.samples} == {
        "id00076-00109": "real",
        "id00077-00109": None,
    }
    assert reasons(index) == {
        "of type FakeVideo-RealAudio, which is not asked for": 1,
        "listed in the metadata but not on disk": 1,
    }


def test_fakeavceleb_flattened_as_the_papers_script_needs_it(tmp_path: Path) -> None:
    touch(tmp_path, "RealVideo-RealAudio/00109.mp4", "RealVideo-RealAudio/00110.mp4", "elsewhere/x.mp4")
    (tmp_path / "meta_data.csv").write_text(
        "source,target1,target2,method,category,type,race,gender,path,\n"
        "id00076,-,-,real,A,RealVideo-RealAudio,African,men,00109.mp4,"
        "FakeAVCeleb/RealVideo-RealAudio/African/men/id00076\n"
    )
    index = FakeAVCeleb().load(tmp_path)
    assert {sample.key: sample.speaker for sample in index.samples} == {"id00076-00109": "id00076", "00110": None}
    assert reasons(index) == {"neither its folders nor meta_data.csv tell its type": 1}


def test_celebvhq_folders(tmp_path: Path) -> None:
    index = CelebVHQ().load(
        touch(
            tmp_path,
            "downloaded_celebvhq/raw/M2Ohb0FAaJU.mp4",
            "downloaded_celebvhq/processed/M2Ohb0FAaJU_1.mp4",
            "videos/_sPYDzoLA_c_6.mp4",
            "35666/-GHMHbLRtJg_47_0.mp4",
            "35666/M2Ohb0FAaJU_1.mp4",
            "35666/notes.mp4",
        )
    )
    assert {sample.path.stem for sample in index.samples} == {"M2Ohb0FAaJU_1", "_sPYDzoLA_c_6", "-GHMHbLRtJg_47_0"}
    assert not any(sample.key.startswith("-") for sample in index.samples)
    assert reasons(index) == {"a whole recording, not a clip": 1, "a second copy of a clip": 1, "no CelebV-HQ name": 1}


def test_celebvhq_with_a_broken_information_file(tmp_path: Path) -> None:
    touch(tmp_path, "35666/M2Ohb0FAaJU_1.mp4")
    (tmp_path / "celebvhq_info.json").write_text('{"meta_info": ')
    with pytest.raises(UserMistake, match=r"celebvhq_info.json is no CelebV-HQ information file"):
        CelebVHQ().load(tmp_path)


def test_hdtf_names_of_every_release(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "MRzzm/Radio11_0.mp4",
        "HDTF/short_clip/RD_Radio10_0_clip_0.mp4",
        "original_videos/WDA_AdamKinzinger0_000.mp4",
        "original_videos/WDA_AdamKinzinger2_001.mp4",
        "split_5s_video/WRA_LucilleRoybal-Allard_000#1.mp4",
        "split_5s_audio/WRA_LucilleRoybal-Allard_000#1.wav",
        "_videos_raw/RD_Radio11.mp4",
    )
    tables = {
        "RD_crop_wh": "Radio11_0.mp4 412 599 0 599\nRadio12_0.mp4 412 599 0 599",
        "WDA_annotion_time": "\ufeffAdamKinzinger0.mp4 00:30-01:00 01:30-02:30 ",
    }
    for name, text in tables.items():
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    index = HDTF().load(tmp_path)
    assert {sample.key: sample.speaker for sample in index.samples} == {
        "Radio11_0": None,
        "RD_Radio10_0_clip_0": None,
        "WDA_AdamKinzinger0_000": "AdamKinzinger",
        "WDA_AdamKinzinger2_001": "AdamKinzinger",
        "WRA_LucilleRoybal-Allard_000-1": "LucilleRoybal-Allard",
    }
    assert next(s for s in index.samples if "Allard" in s.key).audio is not None
    assert {(f.subject, f.reason) for f in index.findings} == {
        ("_videos_raw/RD_Radio11.mp4", "no HDTF clip name"),
        ("Radio12_0", "listed in the metadata but not on disk"),
        ("AdamKinzinger0_1", "timed in the metadata but never cropped"),
    }


def test_the_prepared_layout_of_the_paper(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "train/videos/0001.mp4",
        "train/texts/0001.txt",
        "train/ref_audios/0001.wav",
        "train/images/0001.jpg",
        "train/outputs/iter__0001.mp4",
        "test/videos/0001.mp4",
        "test/texts/0001.txt",
    )
    index = Folder().load(tmp_path)
    assert {sample.key: sample.split for sample in index.samples} == {"train-0001": "train", "test-0001": "test"}
    assert index.samples[1].metadata == {"voice_profile": tmp_path / "train/ref_audios/0001.wav"}
    assert index.samples[1].image == tmp_path / "train/images/0001.jpg"
    assert reasons(index) == {"a generated clip of the prepared layout": 1}


def test_a_folder_with_hostile_names(tmp_path: Path) -> None:
    names = [
        "-rf.mp4",
        "a b.mp4",
        "A.mp4",
        "a.mp4",
        "a.mpg",
        "é.mp4",
        "new\nline.mp4",
        "deep/er/c.MP4",
        "x" * 200 + ".mp4",
    ]
    index = Folder().load(touch(tmp_path, *names))
    keys = [sample.key for sample in index.samples]
    assert len({key.casefold() for key in keys}) == len(names)
    assert "deep-er-c" in keys
    assert keys == sorted(keys)
    assert not any(key.startswith("-") or "/" in key or " " in key for key in keys)


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    real = touch(tmp_path / "elsewhere", "a.mp4")
    root = touch(tmp_path / "root", "b.mp4")
    (root / "linked").symlink_to(real)
    (root / "circle").symlink_to(root)
    assert [sample.key for sample in Folder().load(root).samples] == ["b", "linked-a"]


def test_a_clip_of_three_frames_is_too_short(tmp_path: Path) -> None:
    pictures = np.zeros((3, 32, 32, 3), dtype=np.uint8)
    write_clip(tmp_path / "three.mp4", [pictures], 25.0, np.ones(16000, dtype=np.float32) * 0.5, 16000)
    (finding,) = verify(Folder().load(tmp_path)).findings
    assert (finding.reason, finding.detail) == ("too short", "3 frames, 0.12 s; 1 s are needed")
