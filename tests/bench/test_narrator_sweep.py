"""Three checkpoints of `narrator`, further and further from the one whose clips are the reference."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
import yaml

import narrator
from bench import fingerprint, synthetic
from bench.media.audio import native_waveform
from bench.media.video import first_frame
from bench.media.writing import write_clip, write_wav
from metrics.weights import fetch
from narrator.contract import Prompt, Voice

NOISE = {100: 0.03, 200: 0.1, 300: 0.3}
"""Standard deviations of each tensor that are added to it, by step."""
METRICS: list[Any] = ["mcd", {"name": "fid", "options": {"width": 64}}, "fvmd-lk"]


def perturbed(noise: float, **options: Any) -> narrator.Narrator:
    model = narrator.load("small", **options)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in model.networks.parameters():
            tensor += noise * tensor.std(correction=0) * torch.randn(tensor.shape, generator=generator)
    return model


def lay_out(folder: Path, model: narrator.Narrator, clips: int = 2) -> None:
    """What the model narrates as a dataset: each clip after the face that drove it, with its words and voice."""
    synthetic.make(folder / "people", "voxceleb", clips, 7)
    for part in ("videos", "texts", "ref_audios"):
        (folder / "real/test" / part).mkdir(parents=True)
    for clip in synthetic.load(folder / "people"):
        face = cv2.resize(first_frame(clip.path), (128, 128), interpolation=cv2.INTER_AREA)
        voice = Voice(*native_waveform(clip.path.with_suffix(".wav"), 1.5))
        seed = fingerprint.seed_for(0, "real", f"test-{clip.key}")
        narration = model(Prompt(f"test-{clip.key}", "A few words.", face, voice, seed, name=clip.key))
        frames = np.concatenate([face[None], *narration.chunks()])
        write_clip(
            folder / f"real/test/videos/{clip.key}.mp4",
            [frames],
            narration.fps,
            narration.waveform,
            narration.sample_rate,
        )
        (folder / f"real/test/texts/{clip.key}.txt").write_text("A few words.")
        write_wav(folder / f"real/test/ref_audios/{clip.key}.wav", voice.waveform, voice.sample_rate)


@pytest.mark.slow
@pytest.mark.weights
def test_the_order_is_found(cli: Callable[..., Any], tmp_path: Path) -> None:
    weights = {name: fetch(name) for name in narrator.load.weights}
    lay_out(tmp_path, perturbed(0.0, steps=1, weight_paths=weights))
    (tmp_path / "runs").mkdir()
    for step, noise in NOISE.items():
        perturbed(noise).save(tmp_path / f"runs/step{step}.safetensors")
    study = {
        "name": "noise",
        "protocol": {"max_seconds": 1.5, "min_seconds": 0.2},
        "datasets": [{"name": "real", "plugin": "folder", "root": "real"}],
        "generators": [
            {"name": "noisy", "plugin": "narrator", "checkpoints": "runs/*.safetensors", "options": {"steps": 1}}
        ],
        "metrics": METRICS,
        "bounds": False,
        "best": {"metric": "mcd"},
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    outcome = cli("run", tmp_path / "study.yaml", "--out", tmp_path / "run", "--workers", "1")
    assert outcome.code == 0, outcome.err
    assert "Best step by mcd on real: 100." in outcome.out
    cells = json.loads((tmp_path / "run/results.json").read_text())["cells"]
    found = [cell["value"] for cell in cells if cell["metric"] == "mcd"]
    assert found == sorted(found)
    assert len(set(found)) == 3
