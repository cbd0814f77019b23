"""A training in miniature, from nothing to a checkpoint that speaks; and the same with a kill in the middle."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

pytest.importorskip("lightning_fabric", reason="needs lightning-fabric: install narrator-bench[train]")

from support.spoken_clips import write_clips

import narrator
from bench.errors import UserMistake
from bench.training import ClipRequest, bundled_trainings, find_training, read_training
from narrator.networks import part_shapes
from narrator.presets import bundled
from narrator.training.course import run_training
from narrator.training.errors import TrainingError
from narrator.training.snapshots import read_tensors

STUDY: dict[str, Any] = {
    "name": "miniature",
    "preset": "bundled",
    "seed": 4,
    "data": "data",
    "stages": {
        # In another order than they are trained in, which is always the same.
        "vocoder": {"steps": 4, "batch": 1, "segment": 8, "log_every": 2, "codes": {"steps": 0, "width": 16}},
        "codes": {
            "steps": 30, "batch": 4, "width": 16, "frames": 32, "learning_rate": 0.01, "warmup": 2, "average": 0.9,
            "log_every": 5,
        },
        "speech": {
            "steps": 24, "batch": 4, "learning_rate": 0.003, "warmup": 2, "average": 0.9, "snapshot_every": 6,
            "log_every": 2, "voice_frames": 16, "codes": {"steps": 0, "width": 16},
        },
    },
}  # fmt: skip


def write_study(folder: Path, **changes: Any) -> Path:
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(STUDY | changes), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with clips and the study."""
    folder = tmp_path_factory.mktemp("training")
    write_clips(folder / "data")
    write_study(folder)
    return folder


@pytest.fixture(scope="module")
def trained(home: Path) -> Path:
    """The study's training, never disturbed."""
    told: list[str] = []
    study = read_training(home / "study.yaml", home).study
    course = run_training(study, home / "whole", lambda stage, *_: told.append(stage))
    assert list(dict.fromkeys(told)) == ["codes", "speech", "vocoder"]
    assert set(course.untrained) == {"entangler", "net", "vae", "features"}
    assert course.checkpoint is not None
    return course.checkpoint


@pytest.mark.parametrize(("stage", "loss", "falls_to"), [("codes", "mel", 0.9), ("speech", "codes", 0.9)])
def test_losses_fall(trained: Path, stage: str, loss: str, falls_to: float) -> None:
    with (trained.parent / stage / "log.csv").open() as file:
        values = [float(row[loss]) for row in csv.DictReader(file)]
    assert values[-1] < falls_to * values[0]


def test_the_checkpoint_speaks_and_is_half_as_large(trained: Path) -> None:
    generator = narrator.load(checkpoint=trained, seed=1)
    assert generator.name == "narrator-bundled-untrained"
    assert "speech" not in generator.origin.untrained
    spoken = read_tensors(trained.parent / "speech" / "weights.safetensors")[0]["mel_head.weight"]
    torch.testing.assert_close(generator.networks.speech.gpt.mel_head.weight, spoken.half().float(), rtol=0, atol=0)
    sizes = {part: sum(np.prod(shape) for shape in part_shapes(part, bundled()).values()) for part in ("net", "speech")}
    parameters = sum(generator.describe()["parameters"].values())
    assert parameters >= sum(sizes.values()) * 0.9
    assert trained.stat().st_size < 2.2 * parameters + 1e6
    speech = generator.networks.speech
    with torch.inference_mode():
        voice, speaker = speech.encode_voice(0.1 * torch.randn(16_000), 16_000)
        ids = torch.tensor([[generator.tokenizer.start, *generator.tokenizer.encode("abba"), generator.tokenizer.stop]])
        codes, latents = speech.decode(ids, voice, generator.options.speech, torch.Generator().manual_seed(0))
        sound = speech.vocode(latents, speaker)
    assert generator.options.speech.repetition_penalty == 1.0
    assert len(codes) == latents.shape[1]
    assert sound.isfinite().all()


def test_a_kill_in_the_middle_changes_no_bit(home: Path, trained: Path) -> None:
    out = home / "killed"
    command = [sys.executable, "-m", "bench", "train", str(home / "study.yaml"), "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    deadline = time.monotonic() + 300
    while not (out / "speech" / "snapshot.pt").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (out / "speech" / "weights.safetensors").exists()
    done = time.time_ns()
    run_training(read_training(home / "study.yaml", home).study, out)
    assert (out / "codes" / "weights.safetensors").stat().st_mtime_ns < done
    for name in (
        "codes/weights.safetensors",
        "speech/weights.safetensors",
        "vocoder/weights.safetensors",
        trained.name,
    ):
        assert (out / name).read_bytes() == (trained.parent / name).read_bytes(), name


def test_stages_alone_give_the_same_weights(home: Path, trained: Path) -> None:
    out, study = home / "alone", read_training(home / "study.yaml", home).study
    with pytest.raises(TrainingError, match="needs speech; train these first"):
        run_training(study, out, only=["codes", "vocoder"])
    assert run_training(study, out, only=["codes"]).missing == ("speech", "vocoder")
    for name in ("speech", "vocoder"):
        course = run_training(study, out, only=[name])
    assert (course.checkpoint, course.missing) == (None, ())
    assert run_training(study, out).checkpoint == out / trained.name
    assert (out / trained.name).read_bytes() == trained.read_bytes()
    with pytest.raises(TrainingError, match="Did you mean 'speech'"):
        run_training(study, out, only=["speach"])


def test_other_data_or_settings_are_not_mixed(home: Path, trained: Path) -> None:
    study = read_training(home / "study.yaml", home).study
    with pytest.raises(TrainingError, match="other settings, data or versions"):
        run_training(study.model_copy(update={"seed": 5}), trained.parent)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sead": 3}, "unknown key 'sead'. Did you mean: seed"),
        ({"preset": "bundeled"}, "Did you mean 'bundled'?"),
        ({"stages": {"code": {"steps": 1}}}, "Did you mean 'codes'?"),
        ({"stages": {"codes": {"steps": 1, "learning": 1}}}, "unknown key 'stages.codes.learning'"),
        ({"stages": {"codes": {"steps": -1}}}, "'stages.codes.steps' must be greater than or equal to 0, got -1."),
        ({"stages": {"speech": {}}}, "'stages.speech.steps' is missing."),
        ({"stages": {"codes": 7}}, "'stages.codes'"),
        ({"stages": {}}, "'stages'"),
        ({"data": {"clip": 3}}, "'data.clips' is missing."),
        ({"data": {"clips": 3, "parts": 1}}, "unknown key 'data.parts'"),
        ({"seed": True}, "'seed' must be a whole number, got True."),
    ],
)
def test_a_wrong_study_is_one_sentence(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UserMistake) as mistake:
        read_training(write_study(tmp_path, **changes), tmp_path)
    assert says in str(mistake.value)
    assert "\n" not in str(mistake.value)


def test_what_a_stage_needs_is_said(home: Path, tmp_path: Path) -> None:
    study = read_training(home / "study.yaml", home).study
    alone = study.model_copy(update={"stages": {"speech": study.stages["speech"]}})
    with pytest.raises(TrainingError, match="put the stage 'codes' before"):
        run_training(alone, tmp_path / "alone")
    nowhere = study.model_copy(update={"data": tmp_path / "nowhere"})
    with pytest.raises(TrainingError, match=r"nowhere has no manifest.json that can be read \(No such file"):
        run_training(nowhere, tmp_path / "nowhere-run")


def test_bundled_trainings_are_found_and_made_of_the_corpus(tmp_path: Path) -> None:
    assert bundled_trainings() == ["bundled"]
    training = find_training("bundled", tmp_path)
    assert isinstance(training.request, ClipRequest)
    assert training.study.data == tmp_path / "data"
    assert list(training.study.stages)[:3] == ["codes", "speech", "vocoder"]
    with pytest.raises(UserMistake, match=r"No such file or directory\. Bundled ones: bundled"):
        find_training("bundeled", tmp_path)
