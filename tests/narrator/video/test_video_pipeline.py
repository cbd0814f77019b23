"""One clip end to end against the public pipeline (hallo 8fd7c572), and its small networks alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from narrator.video.audio_tokens import windows
from narrator.video.conditioning import AudioProjection, FaceLocator, ImageProjection
from narrator.video.config import AudioProjectionConfig
from narrator.video.denoising import Conditions
from narrator.video.net import build_scheduler

if TYPE_CHECKING:
    from conftest import PublicPipeline

pytestmark = pytest.mark.shared
Weights = Callable[[str], dict[str, Tensor]]


def largest(a: Tensor, b: Tensor) -> float:
    """Largest absolute difference of two tensors of one shape."""
    assert a.shape == b.shape
    return (a - b).abs().max().item()


@pytest.fixture(scope="module")
def clip(public: PublicPipeline) -> Conditions:
    animator, io = public.animator, public.pipeline
    sampling = replace(animator.config.sampling, motion_scale=public.motion_scale)
    subject = animator.encode_reference(public.face, sampling)
    conditions = animator.conditions(subject, io["ref_image"][0, 1:], None, 0, sampling)
    tokens = public.unets["audio_tokens"][1:]
    return replace(conditions, audio=torch.cat([torch.zeros_like(tokens), tokens]))


def test_pipeline(public: PublicPipeline, clip: Conditions) -> None:
    animator, io = public.animator, public.pipeline
    latents = animator.denoise(io["initial_latents"], clip, animator.config.sampling)
    assert largest(latents, io["latents_after_step2"]) < 1e-3
    pictures = animator.decode(latents)
    assert largest((pictures.transpose(0, 1)[None] + 1) / 2, io["video"]) < 1e-3


def test_consistent_order_draws_another_clip(public: PublicPipeline) -> None:
    animator, io = public.animator, public.pipeline
    sampling = replace(animator.config.sampling, reference_order="consistent")
    subject = animator.encode_reference(public.face, sampling)
    conditions = animator.conditions(subject, io["ref_image"][0, 1:], None, 0, sampling)
    assert largest(animator.denoise(io["initial_latents"], conditions, sampling), io["latents_after_step2"]) > 0.1


def test_noise_of_a_seed(public: PublicPipeline) -> None:
    noise = torch.randn((1, 4, 4, 16, 16), generator=torch.Generator("cpu").manual_seed(42))
    assert torch.equal(noise, public.pipeline["initial_latents"])


def test_latents_of_the_reference_pictures(public: PublicPipeline) -> None:
    io = public.pipeline
    assert largest(public.animator.encode(io["ref_image"][0]), io["ref_latents"]) < 1e-4


def test_pixels_without_negative_values_are_not_stretched(public: PublicPipeline) -> None:
    """diffusers' image processor would map such a picture to 2 x - 1 again."""
    bright = public.pipeline["ref_image"][0].abs()
    expected = public.animator.vae.encode(bright).latent_dist.mean * 0.18215
    assert torch.equal(public.animator.encode(bright), expected)


def test_schedule(public: PublicPipeline) -> None:
    scheduler = build_scheduler(40)
    assert torch.equal(scheduler.timesteps, public.pipeline["timesteps_40"])
    assert largest(scheduler.alphas_cumprod, public.pipeline["alphas_cumprod"]) < 1e-6
    assert build_scheduler(3).timesteps.tolist() == [999, 666, 332]


def test_face_locator(shared: Path, public_weights: Weights) -> None:
    folder = shared / "fixtures" / "hallo_face_locator"
    locator, io = FaceLocator(32).requires_grad_(False), load_file(folder / "io.safetensors")
    locator.load_state_dict(public_weights(folder.name))
    ours = locator(io["x"][0].transpose(0, 1)).transpose(0, 1)[None]
    assert largest(ours, io["y"]) < 1e-4


def test_image_projection(shared: Path, public_weights: Weights) -> None:
    folder = shared / "fixtures" / "hallo_image_proj"
    projection, io = ImageProjection(512, 4, 24).requires_grad_(False), load_file(folder / "io.safetensors")
    projection.load_state_dict(public_weights(folder.name))
    assert largest(projection(io["face_emb"]), io["tokens"]) < 1e-4
    assert largest(projection(torch.zeros(1, 512)), io["uncond_tokens"]) < 1e-4


def test_audio_projection(shared: Path, public_weights: Weights) -> None:
    folder = shared / "fixtures" / "hallo_audio_proj"
    config = AudioProjectionConfig(window=5, blocks=3, width=16, hidden=32, tokens=5)
    projection, io = AudioProjection(config, 20).requires_grad_(False), load_file(folder / "io.safetensors")
    projection.load_state_dict(public_weights(folder.name))
    assert largest(projection(io["x"][0])[None], io["y"]) < 1e-4


def test_windows_reach_two_frames_either_way_and_repeat_the_ends() -> None:
    features = torch.arange(6.0)[:, None, None]
    seen = windows(features, 3, 5, 5)[:, :, 0, 0]
    assert seen.tolist() == [
        [1, 2, 3, 4, 5],
        [2, 3, 4, 5, 5],
        [3, 4, 5, 5, 5],
        [4, 5, 5, 5, 5],
        [5, 5, 5, 5, 5],
    ]
    assert windows(features, 0, 1, 5)[0, :, 0, 0].tolist() == [0, 0, 0, 1, 2]
