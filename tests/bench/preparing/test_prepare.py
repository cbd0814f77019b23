"""Preparing a dataset: the paper's layout, the same bytes again and after a kill, and a folder that a run can read."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import wavfile
from support.prepared import content, tiny_voxceleb

from bench.choice import Choice
from bench.datasets.folder import Folder
from bench.datasets.splits import SplitRule
from bench.errors import UserMistake
from bench.media.clip import Decoding, first_frame, probe, waveform
from bench.media.writing import write_wav
from bench.preparing.prepare import COLUMNS, Preparation, prepare
from bench.prompts.prompt import build_prompt
from bench.run.selection import load_index
from bench.study import DatasetChoice, Protocol
from bench.workers.pool import WorkerPool
from bench.workers.progress import Result

PROTOCOL = Protocol(max_seconds=0.8, min_seconds=0.5, transcripts="none")


def silent(results: Iterable[Result], total: int, doing: str) -> Iterable[Result]:
    return results


def prepared(
    root: Path, out: Path, protocol: Protocol = PROTOCOL, split: SplitRule | None = None, workers: int = 1
) -> Preparation:
    choice = DatasetChoice(name="voxceleb", plugin="voxceleb", root=root)
    with WorkerPool(workers) as pool:
        return prepare(load_index(choice), choice, out, protocol, split, pool, silent)


def manifest(out: Path) -> list[dict[str, str]]:
    with (out / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("vox")
    tiny_voxceleb(root)
    return root


@pytest.fixture(scope="module")
def out(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "prepared"
    made = prepared(tree, folder)
    assert (made.prepared, made.findings, made.missed) == (4, (), {})
    assert made.sources["voice"] == {"another clip of the speaker": 4}
    return folder


def test_the_layout_is_the_papers_and_the_manifest_tells_the_truth(out: Path, tree: Path) -> None:
    rows = manifest(out)
    assert tuple(rows[0]) == COLUMNS
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == [
        ".prepared", "images", "ref_audios", "texts", "videos",
    ]  # fmt: skip
    for row in rows:
        for part in ("video", "sound", "text", "image", "voice"):
            assert hashlib.sha256((out / row[part]).read_bytes()).hexdigest() == row[f"{part}_sha256"]
        source = tree / row["source"]
        assert hashlib.sha256(source.read_bytes()).hexdigest() == row["source_sha256"]
        info = probe(out / row["video"])
        assert (info.frames, info.fps, info.width) == (20, 25.0, 32)
        own = waveform(source.with_suffix(".wav"), Decoding(max_seconds=0.8))
        assert np.array_equal(wavfile.read(out / row["sound"])[1], own)
        assert (out / row["text"]).read_text() == source.with_suffix(".txt").read_text()
        drawn = np.asarray(Image.open(out / row["image"]))
        assert np.abs(drawn.astype(int) - first_frame(source)).mean() < 2
        other = next(other for other in rows if other["speaker"] == row["speaker"] and other is not row)
        assert row["voice_source"] == f"clip {other['key']}"
        lender = waveform((tree / other["source"]).with_suffix(".wav"), Decoding(max_seconds=0.8))
        assert np.array_equal(wavfile.read(out / row["voice"])[1], lender)
        assert "CC BY" in row["licence"]


def test_the_prepared_folder_makes_the_same_prompts(out: Path, tree: Path, tmp_path: Path) -> None:
    index, source = Folder().load(out), load_index(DatasetChoice(name="v", plugin="voxceleb", root=tree))
    assert [s.key for s in index.samples] == [s.key for s in source.samples]
    assert [s.speaker for s in index.samples] == [s.speaker for s in source.samples]
    assert {s.licence for s in index.samples} == {s.licence for s in source.samples}
    decoding = Decoding(max_seconds=0.8)
    for one, other in zip(index.samples, source.samples, strict=True):
        made, told = build_prompt(one, index, 0, decoding, tmp_path)
        expected, _ = build_prompt(other, source, 0, decoding, tmp_path)
        assert (made.key, made.text) == (expected.key, expected.text)
        assert np.array_equal(made.voice.waveform, expected.voice.waveform)
        assert np.abs(made.image.astype(int) - expected.image).mean() < 2
        assert told.voice == f"ref_audios/{one.key}.wav"
        assert told.image == f"images/{one.key}.jpg"


def test_again_and_with_another_number_of_workers_the_same_bytes(out: Path, tree: Path, tmp_path: Path) -> None:
    prepared(tree, tmp_path / "again", workers=2)
    assert content(tmp_path / "again") == content(out)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "again/videos").iterdir()}
    prepared(tree, tmp_path / "again")
    assert {path: path.stat().st_mtime_ns for path in before} == before  # what is done is left alone


def test_a_changed_file_is_made_again(out: Path, tree: Path, tmp_path: Path) -> None:
    prepared(tree, tmp_path / "p")
    damaged = next((tmp_path / "p/texts").iterdir())
    damaged.write_text("other words")
    (tmp_path / "p/videos/.left-by-a-kill.mp4").write_bytes(b"half")
    prepared(tree, tmp_path / "p")
    assert content(tmp_path / "p") == content(out)


def test_killed_in_the_middle_and_continued_the_same_bytes(out: Path, tree: Path, tmp_path: Path) -> None:
    target = tmp_path / "killed"
    slowly = "lambda *given: (made(*given), time.sleep(0.5))[0]"
    arguments = ["data", "prepare", "voxceleb", str(tree), "--out", str(target), "--seconds", "0.8",
                 "--transcripts", "none", "--workers", "1"]  # fmt: skip
    program = (
        f"import sys, time; from bench.preparing import sample; made = sample._made; sample._made = {slowly}; "
        f"from bench.cli.app import main; sys.argv[1:] = {arguments!r}; main()"
    )
    records = target / ".prepared/samples"
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 120
    while len(list(records.glob("*.json"))) < 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert 2 <= len(list(records.glob("*.json"))) < 4
    assert not (target / "manifest.csv").exists()
    protocol = Protocol(max_seconds=0.8, transcripts="none")
    prepared(tree, target, protocol)
    prepared(tree, tmp_path / "whole", protocol)
    assert content(target) == content(tmp_path / "whole")


def test_a_split_puts_each_side_into_its_folder(tree: Path, tmp_path: Path) -> None:
    made = prepared(tree, tmp_path / "p", split=SplitRule(test=0.5, seed=2))
    sides = {row["speaker"]: row["split"] for row in manifest(tmp_path / "p")}
    assert set(sides.values()) == {"train", "test"}
    assert len(list((tmp_path / "p/test/videos").glob("*.mp4"))) == 2
    index = Folder().load(tmp_path / "p")
    assert {sample.speaker: sample.split for sample in index.samples} == sides
    assert made.warnings == ()


def test_what_cannot_be_used_is_told_and_leaves_no_files(tmp_path: Path) -> None:
    tiny_voxceleb(tmp_path / "vox")
    clips = sorted((tmp_path / "vox").rglob("*.mp4"))
    write_wav(clips[0].with_suffix(".wav"), np.zeros(16000, np.float32), 16000)
    clips[1].write_bytes(clips[1].read_bytes()[:500])
    clips[1].with_suffix(".wav").unlink()
    clips[2].with_suffix(".txt").unlink()
    made = prepared(tmp_path / "vox", tmp_path / "p")
    assert made.prepared == 1
    with (tmp_path / "p/findings.csv").open(encoding="utf-8", newline="") as file:
        found = {row["item"][-5:]: row["reason"] for row in csv.DictReader(file)}
    assert found == {"00000": "silent soundtrack", "00001": "unreadable", "00002": "no prompt"}
    assert len([path for path in content(tmp_path / "p") if path.startswith("videos/")]) == 2
    clips[3].unlink()
    clips[0].with_suffix(".wav").unlink()
    made = prepared(tmp_path / "vox", tmp_path / "p")
    assert (made.prepared, made.forgotten) == (1, 1)
    assert made.missed == {"no other clip of its speaker has sound": 1}
    assert [row["key"][-5:] for row in manifest(tmp_path / "p")] == ["00000"]
    assert not list((tmp_path / "p/texts").glob("*00003*"))


def test_a_folder_is_never_mixed(out: Path, tree: Path, tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match=r"was prepared otherwise \(protocol.text: as-written, now paper\)"):
        prepared(tree, out, PROTOCOL.model_copy(update={"text": "paper"}))
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").write_text("mine")
    with pytest.raises(UserMistake, match="holds files that are no prepared dataset"):
        prepared(tree, tmp_path / "full")
    with pytest.raises(UserMistake, match="lies in the dataset's own folder"):
        prepared(tree, tree / "out")
    prepared(tree, tmp_path / "p")
    for path in (tmp_path / "p/texts").iterdir():
        path.unlink()
    (tmp_path / "p/texts").rmdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "p/texts").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserMistake, match="is a link out of the prepared folder"):
        prepared(tree, tmp_path / "p")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_the_settings_name_no_place_of_this_machine(out: Path, tree: Path) -> None:
    settings = json.loads((out / ".prepared/settings.json").read_text())
    assert settings["dataset"] == Choice(name="voxceleb", plugin="voxceleb").model_dump(include={"plugin", "options"})
    everything = b"".join(path.read_bytes() for path in out.rglob("*") if path.suffix in (".csv", ".json", ".yaml"))
    assert str(tree).encode() not in everything
