"""Each released layout loads, whole and to the last value; the generator says what it found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from support import released_layouts as made
from torch import Tensor

import narrator
from narrator.checkpoints.reading import CheckpointError
from narrator.checkpoints.xtts_config import with_xtts_sizes
from narrator.model import Narrator
from narrator.presets import small
from narrator.speech.config import SpeechConfig
from narrator.speech.tokenizer import BUNDLED_VOCABULARY


def holds(generator: Narrator, part: str, wanted: Mapping[str, Tensor]) -> bool:
    found = generator.networks.parts()[part].state_dict()  # type: ignore[index]
    return found.keys() == wanted.keys() and all(torch.equal(found[key], value) for key, value in wanted.items())


def test_xtts(tmp_path: Path) -> None:
    path = made.xtts(tmp_path / "model.pth")
    generator = narrator.load(xtts=path, vocabulary=BUNDLED_VOCABULARY)
    assert holds(generator, "speech", made.part("speech"))
    description = generator.describe()
    assert description["untrained"] == ["entangler", "net", "vae", "features"]
    assert description["checkpoint"]["xtts"]["file"] == "model.pth"
    assert len(description["checkpoint"]["xtts"]["sha256"]) == 64
    assert "model.pth: 6 aliases and training-only tensors were left out" in description["notes"]


def test_xtts_needs_its_vocabulary(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs its own vocabulary"):
        narrator.load(xtts=made.xtts(tmp_path / "model.pth"))


def test_hallo(tmp_path: Path) -> None:
    generator = narrator.load(hallo=made.hallo(tmp_path / "net.pth"))
    assert holds(generator, "net", made.part("net"))
    assert generator.describe()["speech_drives_face"] is True


def test_without_trained_encoders_it_is_a_cascade(tmp_path: Path) -> None:
    description = narrator.load(hallo=made.hallo(tmp_path / "net.pth")).describe()
    assert "entangler" in description["untrained"]
    assert description["encoder"]["identity"] is True


@pytest.mark.parametrize("audio_modules", [True, False])
def test_latest(tmp_path: Path, audio_modules: bool) -> None:
    path = made.latest(tmp_path / "latest.pth", audio_modules=audio_modules, speech=True)
    generator = narrator.load(latest=path, vocabulary=BUNDLED_VOCABULARY)
    net = made.part("net", audio_modules=audio_modules, audio_projection=False)
    assert holds(generator, "net", {key: value.half().float() for key, value in net.items()})
    assert holds(generator, "entangler", made.part("entangler"))
    assert holds(generator, "speech", made.part("speech"))
    description = generator.describe()
    assert description["untrained"] == ["vae"]
    assert description["speech_drives_face"] is False
    assert any("does not drive the face" in note for note in description["notes"])


def test_latest_on_top_of_hallo_hears(tmp_path: Path) -> None:
    generator = narrator.load(hallo=made.hallo(tmp_path / "net.pth"), latest=made.latest(tmp_path / "latest.pth"))
    found = generator.networks.parts()["net"].state_dict()
    halves = made.part("net", audio_modules=True, audio_projection=False)
    assert all(torch.equal(found[key], value.half().float()) for key, value in halves.items())
    assert generator.describe()["speech_drives_face"] is True


def test_latest_without_audio_modules_deafens_hallo(tmp_path: Path) -> None:
    latest = made.latest(tmp_path / "latest.pth", audio_modules=False)
    description = narrator.load(hallo=made.hallo(tmp_path / "net.pth"), latest=latest).describe()
    assert description["speech_drives_face"] is False
    assert any("tensors of audio modules were left out" in note for note in description["notes"])


def test_an_identity_encoder_is_told(tmp_path: Path) -> None:
    path = made.latest(tmp_path / "latest.pth", identity=True)
    description = narrator.load(latest=path).describe()
    assert description["encoder"]["identity"] is True
    assert "The entangled encoder is the identity: it changes nothing." in description["notes"]
    assert "the audio encoder is the identity: it changes nothing" in narrator.inspect(path).notes


def test_two_different_encoders_are_not_shared(tmp_path: Path) -> None:
    different = made.latest(tmp_path / "latest.pth")
    with pytest.raises(CheckpointError, match="two different encoders"):
        narrator.load(latest=different, sharing="shared")
    equal = made.latest(tmp_path / "equal.pth", identity=True)
    assert len(narrator.load(latest=equal, sharing="shared").networks.entangler.encoders()) == 1


def test_stable_diffusion_fills_what_it_has(tmp_path: Path) -> None:
    generator = narrator.load(sd15_unet=made.sd15(tmp_path / "unet.safetensors"), seed=4)
    found, stored = generator.networks.parts()["net"].state_dict(), made.part("net")
    key = "down_blocks.0.resnets.0.conv1.weight"
    assert torch.equal(found[f"reference_unet.{key}"], stored[f"denoising_unet.{key}"])
    assert torch.equal(found[f"denoising_unet.{key}"], stored[f"denoising_unet.{key}"])
    assert "net" in generator.describe()["untrained"]


def test_old_autoencoder_names(tmp_path: Path) -> None:
    generator = narrator.load(vae=made.vae(tmp_path / "vae.safetensors"))
    assert holds(generator, "vae", made.part("vae"))


def test_wav2vec(tmp_path: Path) -> None:
    generator = narrator.load(wav2vec=made.wav2vec(tmp_path / "pytorch_model.bin"))
    assert holds(generator, "features", made.part("features"))


def test_a_file_in_the_wrong_place_is_named(tmp_path: Path) -> None:
    path = made.hallo(tmp_path / "net.pth")
    with pytest.raises(CheckpointError, match=r"is a Hallo net.pth file, but was given as 'xtts'"):
        narrator.load(xtts=path, vocabulary=BUNDLED_VOCABULARY)
    with pytest.raises(CheckpointError, match="name it by its own option"):
        narrator.load(checkpoint=path)


def test_a_vocabulary_too_large_is_refused(tmp_path: Path) -> None:
    tokens = {f"t{number}": number for number in range(300)} | {"[START]": 300, "[STOP]": 301, "[SPACE]": 302}
    vocabulary = {
        "version": "1.0", "added_tokens": [],
        "model": {"type": "BPE", "vocab": tokens | {"[en]": 303}, "merges": []},
    }  # fmt: skip
    path = tmp_path / "vocab.json"
    path.write_text(json.dumps(vocabulary))
    with pytest.raises(ValueError, match="The vocabulary has 304 ids, the speech model 256"):
        narrator.load(xtts=made.xtts(tmp_path / "model.pth"), vocabulary=path)


def test_xtts_sizes(tmp_path: Path) -> None:
    args = {
        "gpt_number_text_tokens": 6153, "gpt_num_audio_tokens": 1026, "gpt_layers": 30, "gpt_n_model_channels": 1024,
        "gpt_n_heads": 16, "gpt_max_text_tokens": 402, "gpt_max_audio_tokens": 605, "num_chars": 255,
    }  # fmt: skip
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"temperature": 0.75, "model_args": args}))
    assert with_xtts_sizes(small().speech, path).gpt.text_ids == 6153
    full = SpeechConfig()
    path.write_text(json.dumps({"model_args": args | {"gpt_number_text_tokens": 6681}}))
    assert with_xtts_sizes(full, path) == full
    path.write_text("{}")
    with pytest.raises(CheckpointError, match="model_args"):
        with_xtts_sizes(full, path)
    with pytest.raises(CheckpointError, match="There is no"):
        with_xtts_sizes(full, tmp_path / "absent.json")
