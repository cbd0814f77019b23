"""The encoders of the entangled latent space in miniature, on networks that are otherwise as drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import Generator, Tensor

pytest.importorskip("lightning_fabric", reason="needs lightning-fabric: install narrator-bench[train]")

import narrator
from bench.ablating.carrying_out import carry_out
from bench.ablating.plan import find_ablation
from bench.synthetic.studio import make_studio
from metrics.weights import fetch
from narrator.contract import Prompt, Voice
from narrator.entangle import Latents, rows
from narrator.face import FaceMesh
from narrator.presets import bundled
from narrator.speech.gpt import SpeechGpt
from narrator.training.course import run_training
from narrator.training.entangle import EntangleSettings, EntangleStage
from narrator.training.errors import TrainingError
from narrator.training.loop import WEIGHTS, derived_seed, train
from narrator.training.snapshots import read_tensors, write_weights
from narrator.training.stage import Materials
from narrator.training.stages import build_stage
from narrator.training.study import TrainingStudy
from narrator.training.utterances import read_utterances

pytestmark = [pytest.mark.slow, pytest.mark.weights]

CODES = {"steps": 0, "width": 16}
AS_DRAWN: dict[str, Any] = {
    "codes": CODES,
    "speech": {"steps": 0, "codes": CODES},
    "vocoder": {"steps": 0, "segment": 8, "codes": CODES},
    "autoencoder": {"steps": 0},
    "features": {"steps": 0},
    "animator": {"steps": 0},
}
ENTANGLE: dict[str, Any] = {
    "steps": 4, "batch": 2, "films": 1, "segment": 8, "codes": CODES, "learning_rate": 0.0002, "warmup": 1,
    "average": 0.3, "snapshot_every": 2,
}  # fmt: skip


class Home:
    """Two clips of one speaker and the stages before, which all variants share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        make_studio(folder / "data", "train", 2, seed=3)
        self.weight_paths = {name: fetch(name) for name in FaceMesh.weights}
        with torch.random.fork_rng():
            torch.manual_seed(4)
            gpt = SpeechGpt(bundled().speech.gpt)
        with torch.no_grad():
            gpt.mel_head.bias[gpt.config.stop_code] = 1.5  # as drawn it would hardly ever end
        write_weights(folder / "speaks-shortly.safetensors", gpt.state_dict(), "speech", "")
        brief = AS_DRAWN["speech"] | {"init": str(folder / "speaks-shortly.safetensors")}
        self.stages = AS_DRAWN | {"speech": brief}
        self.checkpoint = self.trained("ETE")

    def trained(self, variant: str, **changes: Any) -> Path:
        """The checkpoint of a variant."""
        stages = self.stages | {"entangle": ENTANGLE | changes}
        study = TrainingStudy(name="miniature", preset="bundled", seed=4, data=self.folder / "data", stages=stages)
        done = run_training(study, self.folder, weight_paths=self.weight_paths, last=self.folder / variant)
        assert done.checkpoint is not None
        assert done.untrained == ()
        return done.checkpoint

    def stage(self, **changes: Any) -> EntangleStage:
        """The stage as the study builds it, with its first weights."""
        states = {name: read_tensors(self.folder / name / WEIGHTS)[0] for name in EntangleStage.needs}
        materials = Materials(
            bundled(), self.folder / "data", 4, states, dict.fromkeys(states, "v1"), self.folder / "cache" / "test",
            self.weight_paths,
        )  # fmt: skip
        stage = build_stage("entangle", materials, EntangleSettings.model_validate(ENTANGLE | changes))
        assert isinstance(stage, EntangleStage)
        return stage


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("entangle"))


@pytest.fixture(scope="module")
def untouched(home: Home) -> EntangleStage:
    """The stage before training, whose encoders are the identity."""
    return home.stage()


def learnt_from(stage: EntangleStage, step: int) -> dict[str, Tensor]:
    """The losses of a step that the training took, with its noise."""
    seed = derived_seed(4, stage.name, "step", step)
    return stage.losses(stage.batch(step), Generator().manual_seed(seed))


def losses(stage: EntangleStage, at: int = 0) -> dict[str, Tensor]:
    return stage.losses(stage.batch(1000 + at), Generator().manual_seed(at))


def test_the_losses_of_both_sides_fall(home: Home, untouched: EntangleStage) -> None:
    trained = home.stage()
    trained.module.load_state_dict(read_tensors(home.folder / "ETE" / "entangle" / WEIGHTS)[0])
    with torch.no_grad():
        before, after = ([learnt_from(stage, at) for at in range(4)] for stage in (untouched, trained))
    for video in (False, True):
        first, last = (
            sum(loss.item() for each in found for name, loss in each.items() if (name == "velocity") is video)
            for found in (before, after)
        )
        assert last < first, (video, first, last)


def test_gradients_reach_both_encoders_but_not_the_published_zeros(home: Home, untouched: EntangleStage) -> None:
    stage = home.stage()
    assert all(encoder.is_identity() for encoder in stage.module.encoders())
    for zeros in (False, True):
        if zeros:
            with torch.no_grad():
                for parameter in stage.module.parameters():
                    parameter.zero_()
        stage.module.zero_grad()
        torch.stack(list(losses(stage).values())).sum().backward()
        for encoder in stage.module.encoders():
            gradients = [parameter.grad for parameter in encoder.parameters()]
            assert any(bool(each.any()) for each in gradients if each is not None) is not zeros
    frozen = [parameter for part in (stage._speech, stage._animator) for parameter in part.module.parameters()]
    assert not any(parameter.requires_grad for parameter in frozen)


def test_what_is_trained_is_what_is_narrated(home: Home) -> None:
    """The same latents in the same order, from the generator's own code; another order is another result."""
    generator = narrator.load(checkpoint=home.checkpoint, weight_paths=home.weight_paths)
    stage = home.stage()
    stage.module.initialise(Generator().manual_seed(1), scale=1.0)
    generator.networks.entangler.load_state_dict(stage.module.state_dict())
    step = next(step for step in range(50) if not stage.batch(step)["source_frame"][0])
    batch = stage.batch(step)
    place = next(at for at in range(2) if np.array_equal(_pixels(stage, at), batch["pixels"][0].numpy()))
    spoken, other = (read_utterances(home.folder / "data")[at] for at in (place, 1 - place))
    prompt = Prompt(
        "one", spoken.text, stage._animator.frames[place][0].copy(), Voice(other.waveform(24_000).numpy(), 24_000), 0
    )
    pieces = generator._pieces(prompt.text)
    latents = generator._encode_voice(prompt.voice)
    face, voice, speaker = generator._entangle(generator._prepared(prompt.image), *latents, pieces)
    own = stage.entangled(batch, 0)
    for ours, theirs in (
        (own.voice, voice), (own.speaker, speaker), (own.pixels[0], face.pixels), (own.face_mask[0], face.mask),
        (own.face[0], face.identity),
    ):  # fmt: skip
        torch.testing.assert_close(ours, theirs, rtol=0.02, atol=0.02)
    few_words = rows(stage._speech.module.embed_text(batch["text"][:1, :1]), 128)
    given = Latents(*(batch[part][:1] for part in ("voice", "speaker", "pixels", "mask")), torch.zeros(1, 512))
    assert (stage.module(given, few_words).pixels[0] - face.pixels).abs().max() > 0.1


def _pixels(stage: EntangleStage, place: int) -> np.ndarray:
    return (np.asarray(stage._animator.frames[place][0], np.float32) / 127.5 - 1).transpose(2, 0, 1)


@pytest.mark.parametrize(
    ("variant", "changes", "encoders"),
    [
        ("STE", {"sharing": "shared", "steps": 1}, 1),
        ("no-attention", {"ablation": "no-attention", "steps": 0}, 2),
    ],
)
def test_a_checkpoint_of_each_variant_is_that_variant(
    home: Home, variant: str, changes: dict[str, Any], encoders: int
) -> None:
    generator = narrator.load(checkpoint=home.trained(variant, **changes), weight_paths=home.weight_paths)
    assert not generator.origin.untrained
    found = generator.describe()["encoder"]
    assert found["sharing"] == changes.get("sharing", "explicit")
    assert found["ablation"] == changes.get("ablation", "none")
    assert found["identity"] is (variant == "no-attention")
    assert len(generator.networks.entangler.encoders()) == encoders


def test_no_attention_has_nothing_to_train(home: Home) -> None:
    with pytest.raises(TrainingError, match="'entangle' has nothing to train; set its steps to 0"):
        train(
            home.stage(ablation="no-attention"), EntangleSettings.model_validate(ENTANGLE), home.folder / "no", seed=4
        )


def test_a_broken_off_training_continues_to_the_same_bytes_and_a_seed_changes_them(
    home: Home, untouched: EntangleStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = home.folder / "ETE" / "entangle" / WEIGHTS
    batch = EntangleStage.batch

    def dies(stage: EntangleStage, step: int) -> dict[str, Tensor]:
        if step == 3:
            raise KeyboardInterrupt
        return batch(stage, step)

    with monkeypatch.context() as patched:
        patched.setattr(EntangleStage, "batch", dies)
        with pytest.raises(KeyboardInterrupt):
            home.trained("cut")
    home.trained("cut")
    assert (home.folder / "cut" / "entangle" / WEIGHTS).read_bytes() == whole.read_bytes()
    one, two = untouched, home.stage(seed=1)
    assert not torch.equal(one.batch(0)["clip"], two.batch(0)["clip"])
    first, second = (stage.module.audio_transformer_encoder.mha.in_proj_weight for stage in (one, two))
    assert not torch.equal(first, second)


def test_it_says_what_it_needs(home: Home) -> None:
    stages = {"codes": CODES, "entangle": ENTANGLE}
    study = TrainingStudy(name="alone", preset="bundled", seed=4, data=home.folder / "data", stages=stages)
    with pytest.raises(TrainingError, match="put the stage 'speech' before it"):
        run_training(study, home.folder, weight_paths=home.weight_paths)
    with pytest.raises(TrainingError, match="lower the entangling's 'segment'"):
        home.stage(segment=1000)


def test_an_ablation_narrates_with_each_variant_and_repeats_nothing(home: Home, tmp_path: Path) -> None:
    training = {
        "name": "shared",
        "preset": "bundled",
        "seed": 4,
        "data": str(home.folder / "data"),
        "stages": home.stages,
    }
    (tmp_path / "training.yaml").write_text(yaml.safe_dump(training))
    plan = {
        "name": "miniature", "training": "training.yaml", "seeds": [0],
        "entangle": {**ENTANGLE, "steps": 1}, "variants": {"ETE": {}, "STE": {"sharing": "shared"}},
        "generator": {"steps": 1},
        "study": {
            "bounds": False, "protocol": {"max_seconds": 2},
            "datasets": [{"name": "few", "plugin": "synthetic", "clips": 1, "options": {"clips": 2}}],
            "metrics": ["loudness", "sharpness"],
        },
    }  # fmt: skip
    path, out = tmp_path / "plan.yaml", tmp_path / "out"
    path.write_text(yaml.safe_dump(plan))
    ablation, said = find_ablation(str(path), home.folder), list[str]()
    carry_out(ablation, home.folder, out, 1, said.append, lambda results, *_: results)
    assert [line for line in said if line.startswith("2/2 STE-0: entangle 1/1: codes")]
    findings = json.loads((out / "findings.json").read_text())
    for kind, variants in (("means", {"ETE", "STE"}), ("differences", {"STE"})):
        assert {(each["variant"], each["prompts"], each["missing"]) for each in findings[kind]} == {
            (variant, 1, None) for variant in variants
        }
    assert {each["verdict"] for each in findings["claims"]} == {"cannot be said"}
    assert "| STE |" in (out / "findings.md").read_text()
    made = {file: file.stat().st_mtime_ns for file in out.rglob("*.*") if file.suffix in {".safetensors", ".mp4"}}
    before = (out / "findings.json").read_bytes()
    (out / "findings.json").unlink()
    carry_out(ablation, home.folder, out, 1, said.append, lambda results, *_: results)
    assert (out / "findings.json").read_bytes() == before
    assert {file: file.stat().st_mtime_ns for file in made if file.name != "checkpoint.safetensors"} == {
        file: time for file, time in made.items() if file.name != "checkpoint.safetensors"
    }
