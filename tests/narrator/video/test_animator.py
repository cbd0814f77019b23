"""Chaining of clips, determinism, memory and the errors of the face animator, with untrained networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch._dynamo.testing import CompileCounter

from narrator.contract import StageClock
from narrator.video.animator import FaceAnimator
from narrator.video.config import AudioProjectionConfig, FaceAnimatorConfig, Sampling, UNetConfig, VaeConfig
from narrator.video.face_inputs import FaceInputs

FRAMES = 10  # with clips of 4 frames: 4 + 4 + 2


@pytest.fixture(scope="module")
def config() -> FaceAnimatorConfig:
    return FaceAnimatorConfig(
        size=64,
        clip_frames=4,
        unet=UNetConfig(widths=(16, 16, 32, 32), layers=1, heads=2, context_width=16, groups=8, audio_width=16),
        vae=VaeConfig(widths=(8, 8, 16, 16), layers=1, groups=4),
        audio_projection=AudioProjectionConfig(blocks=1, width=6, hidden=16, tokens=2),
        sampling=Sampling(steps=2),
    )


def untrained(config: FaceAnimatorConfig) -> FaceAnimator:
    """Seeded weights; those that training starts from zero are drawn as well, so that every module takes part."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        animator = FaceAnimator(config)
        for weight in animator.net.parameters():
            if not weight.any():
                nn.init.normal_(weight, std=0.3)
    return animator


@pytest.fixture(scope="module")
def animator(config: FaceAnimatorConfig) -> FaceAnimator:
    return untrained(config)


@pytest.fixture(scope="module")
def face(config: FaceAnimatorConfig) -> FaceInputs:
    generator = torch.Generator().manual_seed(1)
    masks = tuple(torch.rand(3, 1, (8 >> level) ** 2, generator=generator) for level in range(4))
    pixels = torch.rand(3, config.size, config.size, generator=generator) * 2 - 1
    mask = torch.zeros(3, config.size, config.size)
    mask[:, 16:48, 16:48] = 1
    return FaceInputs(pixels, mask, torch.randn(512, generator=generator), masks)


@pytest.fixture(scope="module")
def speech() -> Tensor:
    return torch.randn(FRAMES, 1, 6, generator=torch.Generator().manual_seed(2))


def frames_of(animator: FaceAnimator, face: FaceInputs, count: int = FRAMES, **options: object) -> np.ndarray:
    return np.concatenate(list(animator.animate(face, count, **{"seed": 7, **options})))  # type: ignore[arg-type]


def test_chunks(animator: FaceAnimator, face: FaceInputs, speech: Tensor) -> None:
    chunks = list(animator.animate(face, FRAMES, seed=7, audio=speech))
    assert [chunk.shape for chunk in chunks] == [(4, 64, 64, 3), (4, 64, 64, 3), (2, 64, 64, 3)]
    assert all(chunk.dtype == np.uint8 and chunk.flags["C_CONTIGUOUS"] for chunk in chunks)


def test_same_seed_same_bytes(animator: FaceAnimator, face: FaceInputs) -> None:
    state = torch.get_rng_state()
    first = frames_of(animator, face)
    assert torch.equal(torch.get_rng_state(), state), "the global generator was used"
    torch.manual_seed(99)
    assert first.tobytes() == frames_of(animator, face).tobytes()
    torch.set_rng_state(state)
    assert first.tobytes() != frames_of(animator, face, seed=8).tobytes()


def test_a_longer_video_starts_with_the_shorter_one(animator: FaceAnimator, face: FaceInputs) -> None:
    assert np.array_equal(frames_of(animator, face)[:8], frames_of(animator, face, 8))


def test_clips_are_chained_by_their_last_frames(animator: FaceAnimator, face: FaceInputs) -> None:
    """The second clip, drawn by hand from the first clip's last two frames and the generator's next noise."""
    sampling = animator.config.sampling
    generator = torch.Generator().manual_seed(7)
    first, second = (torch.randn(1, 4, 4, 8, 8, generator=generator) for _ in range(2))
    subject = animator.encode_reference(face, sampling)
    clip = animator.decode(animator.denoise(first, animator.conditions(subject, None, None, 0, sampling), sampling))
    chained = animator.conditions(subject, clip[-2:], None, 4, sampling)
    expected = animator.decode(animator.denoise(second, chained, sampling))
    video = frames_of(animator, face, 8)
    assert np.array_equal(video[4:], ((expected + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy())
    # Known wrong: starting the second clip from the source picture again.
    fresh = animator.conditions(subject, None, None, 4, sampling)
    assert not torch.allclose(animator.decode(animator.denoise(second, fresh, sampling)), expected, atol=1e-2)


def test_the_first_clip_takes_the_source_for_its_motion_frames(animator: FaceAnimator, face: FaceInputs) -> None:
    sampling = animator.config.sampling
    subject = animator.encode_reference(face, sampling)
    implied = animator.conditions(subject, None, None, 0, sampling).reference
    given = animator.conditions(subject, face.pixels.expand(2, -1, -1, -1), None, 0, sampling).reference
    for name in implied:
        for ours, theirs in zip(implied[name], given[name], strict=True):
            assert torch.allclose(ours, theirs, atol=1e-5)


def test_speech_moves_the_frames_near_it(animator: FaceAnimator, face: FaceInputs, speech: Tensor) -> None:
    changed = speech.clone()
    changed[-1] += 3
    before, after = frames_of(animator, face, audio=speech), frames_of(animator, face, audio=changed)
    assert np.array_equal(before[:4], after[:4]), "the first clip hears up to frame 5 only"
    assert not np.array_equal(before[8:], after[8:])
    assert not np.array_equal(before, frames_of(animator, face))


def test_every_input_matters(animator: FaceAnimator, face: FaceInputs, speech: Tensor) -> None:
    first = frames_of(animator, face, 4, audio=speech[:4])
    for change in (
        {"pixels": -face.pixels},
        {"mask": torch.zeros_like(face.mask)},
        {"identity": torch.zeros(512)},
        {"masks": tuple(torch.zeros_like(mask) for mask in face.masks)},
    ):
        assert not np.array_equal(first, frames_of(animator, replace(face, **change), 4, audio=speech[:4])), change
    for sampling in (Sampling(steps=3), Sampling(steps=2, guidance=1), Sampling(2, reference_order="consistent")):
        assert not np.array_equal(first, frames_of(animator, face, 4, audio=speech[:4], sampling=sampling))


def test_one_clip_is_made_at_a_time_and_nothing_twice(animator: FaceAnimator, face: FaceInputs) -> None:
    calls: dict[str, int] = {}

    def count(name: str, module: nn.Module) -> torch.utils.hooks.RemovableHandle:
        def hook(*_: object) -> None:
            calls[name] = calls.get(name, 0) + 1

        return module.register_forward_hook(hook)

    net = animator.net
    # The reference's keys come from this layer of the denoising UNet: one call a clip besides those of the steps.
    keys = net.denoising_unet.mid_block.attentions[0].transformer_blocks[0].attn1.to_k
    handles = [count("look", net.reference_unet), count("step", net.denoising_unet), count("keys", keys)]
    try:
        clips = animator.animate(face, 10, seed=7)
        assert calls == {}
        next(clips)
        assert calls == {"look": 1, "step": 2, "keys": 3}
        list(clips)
        assert calls == {"look": 3, "step": 6, "keys": 9}
    finally:
        for handle in handles:
            handle.remove()


def test_no_graph_is_kept(animator: FaceAnimator, face: FaceInputs) -> None:
    sampling = animator.config.sampling
    assert all(weight.requires_grad for weight in animator.net.parameters())
    subject = animator.encode_reference(face, sampling)
    conditions = animator.conditions(subject, None, None, 0, sampling)
    latents = animator.denoise(torch.zeros(1, 4, 4, 8, 8), conditions, sampling)
    for result in (subject.context, conditions.reference["mid_block.attentions.0"].keys, latents):
        assert not result.requires_grad
    for _ in animator.animate(face, 8, seed=7):
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()


def test_stages_are_timed(animator: FaceAnimator, face: FaceInputs) -> None:
    clock = StageClock()
    frames_of(animator, face, 5, clock=clock)
    assert set(clock.seconds) == {"reference", "denoise", "vae decode"}


def test_masks_do_nothing_without_audio_modules(config: FaceAnimatorConfig, face: FaceInputs) -> None:
    deaf = replace(config, unet=replace(config.unet, audio_width=None), audio_projection=None)
    animator = untrained(deaf)
    blank = replace(face, masks=tuple(torch.zeros_like(mask) for mask in face.masks))
    assert np.array_equal(frames_of(animator, face, 4), frames_of(animator, blank, 4))


def test_attention_kernels_agree(animator: FaceAnimator, face: FaceInputs) -> None:
    video = frames_of(animator, face, 4).astype(int)
    for kind in ("math", "flash"):
        other = frames_of(animator, face, 4, sampling=Sampling(steps=2, attention=kind))  # type: ignore[arg-type]
        assert np.abs(video - other).max() <= 1


def test_bfloat16_runs_and_stays_near(config: FaceAnimatorConfig, animator: FaceAnimator, face: FaceInputs) -> None:
    half = FaceAnimator(config)
    half.load_state_dict(animator.state_dict())
    difference = frames_of(half.to(torch.bfloat16), face, 4).astype(int) - frames_of(animator, face, 4)
    assert np.abs(difference).mean() < 8


@pytest.mark.slow
def test_the_denoiser_compiles_into_one_graph_for_all_clips(config: FaceAnimatorConfig, face: FaceInputs) -> None:
    sampling = Sampling(steps=2, reference_order="consistent")
    shallow = replace(config, unet=replace(config.unet, widths=(16, 16)), sampling=sampling)
    animator, two_levels = untrained(shallow), replace(face, masks=face.masks[:2])
    eager = frames_of(animator, two_levels).astype(int)
    counter = CompileCounter()
    animator.net.denoising_unet.compile(backend=counter, fullgraph=True)
    assert np.abs(frames_of(animator, two_levels) - eager).max() <= 1
    assert counter.frame_count == 1


def test_gradients_reach_every_called_weight_in_training(animator: FaceAnimator, face: FaceInputs) -> None:
    """Outside `animate` the networks train: only the uncalled motion modules and the reference's tail stay without."""
    net, latents = animator.net, torch.randn(2, 4, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    context = net.imageproj(torch.stack([torch.zeros(512), face.identity]))
    features, _ = net.reference_unet(latents.new_zeros(3, 4, 8, 8) + 0.1, context)
    reference = net.denoising_unet.read_reference(features, "consistent")
    location = net.face_locator(face.mask[None].expand(2, -1, -1, -1)).unsqueeze(2)
    conditions = animator.conditions(animator.encode_reference(face, Sampling()), None, None, 0, Sampling())
    given = replace(conditions, context=context, reference=reference, location=location)
    given = replace(given, audio=torch.randn(2, 4, 2, 16), masks=face.masks)
    net.denoising_unet(latents, torch.tensor(500), given).square().mean().backward()
    still = {name for name, weight in net.named_parameters() if weight.grad is None}
    net.zero_grad(set_to_none=True)
    uncalled = ("down_blocks.3.motion_modules", "up_blocks.0.motion_modules")
    tail = ("reference_unet.up_blocks.3.attentions.1", "audioproj")
    assert all(name.startswith(tail) or any(part in name for part in uncalled) for name in still)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pixels": torch.zeros(3, 32, 32)}, r"FaceInputs.pixels has shape \[3, 32, 32\]"),
        ({"mask": torch.zeros(1, 64, 64)}, r"FaceInputs.mask has shape \[1, 64, 64\]"),
        ({"identity": torch.zeros(128)}, r"FaceInputs.identity has shape \[128\]"),
        ({"masks": ()}, "FaceInputs.masks"),
    ],
)
def test_wrong_faces(animator: FaceAnimator, face: FaceInputs, change: dict[str, Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        animator.animate(replace(face, **change), 4, seed=0)  # type: ignore[arg-type]


def test_wrong_requests(animator: FaceAnimator, config: FaceAnimatorConfig, face: FaceInputs) -> None:
    with pytest.raises(ValueError, match="at least one"):
        animator.animate(face, 0, seed=0)
    with pytest.raises(ValueError, match=r"4 frames need \[4, 1, 6\]"):
        animator.animate(face, 4, seed=0, audio=torch.zeros(5, 1, 6))
    deaf = FaceAnimator(replace(config, audio_projection=None))
    with pytest.raises(ValueError, match="speech cannot drive it"):
        deaf.animate(face, 4, seed=0, audio=torch.zeros(4, 1, 6))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps"),
        ({"guidance": 0.5}, "guidance"),
        ({"reference_order": "other"}, "reference_order"),
        ({"attention": "fast"}, "attention"),
    ],
)
def test_wrong_sampling(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sampling(**options)  # type: ignore[arg-type]


def test_wrong_configurations() -> None:
    with pytest.raises(ValueError, match="multiple of 64"):
        FaceAnimatorConfig(size=100)
    with pytest.raises(ValueError, match="audio modules"):
        FaceAnimatorConfig(unet=UNetConfig(audio_width=None))


def test_small_preset_has_a_few_million_parameters() -> None:
    with torch.device("meta"):
        small = FaceAnimator(FaceAnimatorConfig.small())
    assert 2e6 < sum(weight.numel() for weight in small.parameters()) < 15e6
