"""The presets: the published one against the manifests of the released files, without allocating it."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import pytest
import torch

from narrator.checkpoints import layouts
from narrator.checkpoints.layouts import Recognised
from narrator.checkpoints.matching import Shapes
from narrator.checkpoints.reading import StoredFile
from narrator.checkpoints.released import expected
from narrator.networks import PARTS, Networks, part_shapes, speech_drives, untrained, with_audio
from narrator.presets import PRESETS, NarratorConfig, small


def manifest(shared: Path, name: str) -> Shapes:
    stored = json.loads(gzip.decompress((shared / "manifests" / f"{name}.json.gz").read_bytes()))
    return {key: tuple(shape) for key, shape in stored.items()}


@pytest.mark.shared
def test_speech_is_xtts(shared: Path) -> None:
    shapes = part_shapes("speech", NarratorConfig())
    assert shapes == manifest(shared, "xtts_v2")
    assert sum(map(math.prod, shapes.values())) == 466_900_598


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "modules", "projection"),
    [("hallo_net", True, True), ("nfy_net", True, False), ("nfy_net_without_audio_modules", False, False)],
)
def test_video_is_hallo_in_each_variant(shared: Path, name: str, modules: bool, projection: bool) -> None:
    config = with_audio(NarratorConfig(), audio_modules=modules, audio_projection=projection)
    assert part_shapes("net", config) == manifest(shared, name)
    assert speech_drives(config) is projection


@pytest.mark.shared
def test_encoders_and_autoencoder(shared: Path) -> None:
    encoder = manifest(shared, "transformer_encoder_sa")
    assert part_shapes("entangler", NarratorConfig()) == {
        f"{stream}_transformer_encoder.{key}": shape for stream in ("audio", "video") for key, shape in encoder.items()
    }
    assert part_shapes("vae", NarratorConfig()) == manifest(shared, "sd_vae_ft_mse")


@pytest.mark.shared
def test_stable_diffusion_fills_both_unets(shared: Path) -> None:
    stored = {key: torch.empty(shape, device="meta") for key, shape in manifest(shared, "sd15_unet").items()}
    one = layouts.recognise(StoredFile(Path("unet.safetensors"), stored, {}))
    assert one.layout == layouts.SD15
    found = {key: tuple(value.shape) for key, value in one.parts["net"].items()}
    assert found == expected(one, "net", NarratorConfig())
    assert len(found) == 682 + 686


@pytest.mark.shared
@pytest.mark.parametrize("name", ["xtts_v2", "xtts_v2_after_init_gpt_for_inference"])
def test_aliases_of_a_saved_speech_model_are_left_out(shared: Path, name: str) -> None:
    stored = {f"xtts.{key}": torch.empty(shape, device="meta") for key, shape in manifest(shared, name).items()}
    one: Recognised = layouts.recognise(StoredFile(Path("model.pth"), {"model": stored}, {}))
    assert set(one.parts["speech"]) == set(manifest(shared, "xtts_v2"))


def test_features_are_wav2vec2_base() -> None:
    assert sum(map(math.prod, part_shapes("features", NarratorConfig()).values())) == 94_370_944


def test_the_paper_preset_allocates_nothing() -> None:
    networks = Networks(NarratorConfig())
    assert all(value.is_meta for value in networks.state_dict().values())
    assert not [name for name, _ in networks.named_buffers() if name not in networks.state_dict()]
    assert sum(p.numel() for p in networks.parameters()) > 2.9e9


def test_small_is_a_few_million_parameters() -> None:
    networks = Networks(small())
    assert set(PRESETS) == {"paper", "small", "bundled"}
    assert sum(p.numel() for p in networks.parameters()) < 16e6
    assert set(networks.parts()) == set(PARTS)


@pytest.mark.parametrize("part", PARTS)
def test_untrained_weights_come_from_the_seed_alone(part: str) -> None:
    state = torch.random.get_rng_state()
    first, again, other = (untrained(part, small(), seed).state_dict() for seed in (1, 1, 2))  # type: ignore[arg-type]
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(value, again[key]) for key, value in first.items())
    assert any(not torch.equal(value, other[key]) for key, value in first.items())


def test_untrained_modules_take_part() -> None:
    for part in PARTS:
        silent = [n for n, p in untrained(part, small(), 0).named_parameters() if p.ndim > 1 and not p.any()]
        assert silent == []
