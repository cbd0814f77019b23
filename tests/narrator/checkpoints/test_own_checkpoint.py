"""Our own checkpoint: one file, bit for bit; and what `inspect` says of every kind of file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from support import released_layouts as made

import narrator
from narrator.checkpoints.reading import CheckpointError
from narrator.model import Narrator


@pytest.fixture(scope="module")
def generator() -> Narrator:
    return narrator.load("small", seed=5, sharing="shared", ablation="no-text")


def test_round_trip_is_bit_for_bit(tmp_path: Path, generator: Narrator) -> None:
    first, second = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    generator.save(first)
    again = narrator.load(checkpoint=first)
    again.save(second)
    assert first.read_bytes() == second.read_bytes()
    loaded = again.networks.state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in generator.networks.state_dict().items())
    assert again.networks.config == generator.networks.config
    assert again.name == generator.name == "narrator-small-untrained"
    assert {**again.describe(), "checkpoint": {}} == generator.describe()
    assert not list(tmp_path.glob("*.partial"))


def test_the_same_bytes_in_another_process(tmp_path: Path, generator: Narrator) -> None:
    here, there = tmp_path / "here.safetensors", tmp_path / "there.safetensors"
    generator.save(here)
    code = (
        "import sys, narrator; from pathlib import Path;"
        "narrator.load('small', seed=5, sharing='shared', ablation='no-text').save(Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", code, str(there)], check=True)
    assert here.read_bytes() == there.read_bytes()


def test_a_shared_encoder_stands_under_both_keys(tmp_path: Path, generator: Narrator) -> None:
    path = tmp_path / "one.safetensors"
    generator.save(path)
    with safe_open(path, "pt") as file:
        audio, video = (
            file.get_tensor(f"entangler.{stream}_transformer_encoder.mha.in_proj_weight")
            for stream in ("audio", "video")
        )
    assert torch.equal(audio, video)
    assert len(narrator.load(checkpoint=path).networks.entangler.encoders()) == 1


def test_options_change_how_a_checkpoint_runs_not_what_it_is(tmp_path: Path, generator: Narrator) -> None:
    path = tmp_path / "one.safetensors"
    generator.save(path)
    other = narrator.load(checkpoint=path, sharing="explicit", ablation="none", steps=3, guidance=1.0)
    assert other.describe()["options"]["steps"] == 3
    assert other.describe()["encoder"]["sharing"] == "explicit"
    assert len(other.networks.entangler.encoders()) == 2


def test_own_checkpoint_excludes_released_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not both"):
        narrator.load(checkpoint=tmp_path / "a", hallo=tmp_path / "b")


def test_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "old.safetensors"
    save_file(
        {"speech.mel_stats": torch.zeros(2)}, path, {"narrator-bench": json.dumps({"format": "narrator-bench/0"})}
    )
    with pytest.raises(CheckpointError, match="not saved by this version"):
        narrator.load(checkpoint=path)


def test_only_safetensors_are_written(tmp_path: Path, generator: Narrator) -> None:
    with pytest.raises(CheckpointError, match=r"end the name model\.pth in \.safetensors"):
        generator.save(tmp_path / "model.pth")


def test_inspecting_own(tmp_path: Path, generator: Narrator) -> None:
    path = tmp_path / "one.safetensors"
    generator.save(path)
    report = narrator.inspect(path)
    assert report.layout == "narrator-bench"
    assert report.matches
    assert {part.part for part in report.parts} == {"speech", "entangler", "net", "vae", "features"}
    assert "the audio and the video encoder are equal (shared, STE)" in report.notes
    assert any(note.startswith("untrained: speech") for note in report.notes)
    assert json.loads(json.dumps(report.to_json()))["matches"] is True


def test_inspecting_released(tmp_path: Path) -> None:
    report = narrator.inspect(made.latest(tmp_path / "latest.pth"))
    net = next(part for part in report.parts if part.part == "net")
    assert report.layout == "NarratingForYou latest.pth"
    assert net.preset == "small"
    assert net.dtypes == {"float16": net.tensors}
    assert "audio modules: yes; audio projection: no" in report.notes
    assert "the audio and the video encoder are different (explicit, ETE)" in report.notes
    assert report.matches
    assert str(report).startswith("latest.pth: NarratingForYou latest.pth\n  net: ")


def test_inspecting_damaged(tmp_path: Path) -> None:
    tensors = made.part("speech")
    del tensors["gpt.final_norm.bias"]
    report = narrator.inspect(made.xtts(tmp_path / "model.pth", tensors))
    assert not report.matches
    assert report.parts[0].difference == "missing: gpt.final_norm.bias"
    assert "differs from small: missing: gpt.final_norm.bias" in str(report)
