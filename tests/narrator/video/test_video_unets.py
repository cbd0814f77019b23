"""The UNets against the outputs of the public code (hallo 8fd7c572) with the same weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from narrator.video.attention import LayerReference
from narrator.video.config import ReferenceOrder
from narrator.video.denoising import Conditions, DenoisingUNet
from narrator.video.reference import Features
from narrator.video.unet import AfterResnet, Stage

if TYPE_CHECKING:
    from conftest import PublicPipeline

pytestmark = pytest.mark.shared
TOLERANCE = 1e-4


def largest(a: Tensor, b: Tensor) -> float:
    """Largest absolute difference of two tensors of one shape."""
    assert a.shape == b.shape
    return (a - b).abs().max().item()


def under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The entries below a prefix, without it."""
    return {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}


@pytest.fixture(scope="module")
def features(public: PublicPipeline) -> Features:
    features, _ = public.animator.net.reference_unet(public.unets["ref_latents"], public.unets["encoder_hidden_states"])
    return features


def conditions(
    public: PublicPipeline, features: Features, order: ReferenceOrder, unet: DenoisingUNet | None = None
) -> Conditions:
    unet = unet or public.animator.net.denoising_unet
    io = public.unets
    return Conditions(
        context=io["encoder_hidden_states"],
        location=io["mask_cond_fea"],
        reference=unet.read_reference(features, order),
        audio=io["audio_tokens"],
        masks=public.masks,
        motion_scale=public.motion_scale,
    )


def denoise(unet: DenoisingUNet, public: PublicPipeline, given: Conditions) -> Tensor:
    latents = public.unets["latents"].repeat(len(given.context), 1, 1, 1, 1)
    out: Tensor = unet(latents, public.unets["timestep"], given)
    return out


def test_reference_features_are_the_public_ones(public: PublicPipeline, features: Features) -> None:
    """The public rows are [source, motion 1, motion 2] twice, with the contexts tiled u, c, u, c, u, c over them."""
    stored = under("bank.", public.unets)
    assert {f"{name}.transformer_blocks.0" for name in features} == set(stored)
    for name, ours in features.items():
        for row, public_row in enumerate(stored[f"{name}.transformer_blocks.0"]):
            assert largest(ours[row % 3, row % 2], public_row) < TOLERANCE


def test_reference_output_is_the_public_one(public: PublicPipeline) -> None:
    io = public.unets
    _, hidden = public.animator.net.reference_unet(io["ref_latents"], io["encoder_hidden_states"])
    rows = [hidden[row % 3 * 2 + row % 2] for row in range(6)]
    assert largest(torch.stack(rows), io["ref_unet_out"]) < TOLERANCE


def test_released_path(public: PublicPipeline, features: Features) -> None:
    out = denoise(public.animator.net.denoising_unet, public, conditions(public, features, "released"))
    assert largest(out, public.unets["out_released"]) < TOLERANCE


def test_motion_scale(public: PublicPipeline, features: Features) -> None:
    given = replace(conditions(public, features, "released"), motion_scale=(1.0, 1.0, 1.0))
    out = denoise(public.animator.net.denoising_unet, public, given)
    assert largest(out, public.unets["out_released_scale111"]) < TOLERANCE
    assert largest(out, public.unets["out_released"]) > 0.1


def test_without_audio_modules(
    public: PublicPipeline, features: Features, shared: Path, public_weights: Callable[[str], dict[str, Tensor]]
) -> None:
    folder = shared / "fixtures" / "hallo_unet3d_noaudio"
    unet = DenoisingUNet(replace(public.animator.config.unet, audio_width=None))
    unet.load_state_dict(under("denoising_unet.", public_weights(folder.name)))
    given = replace(conditions(public, features, "released", unet), audio=None, masks=None)
    out = denoise(unet.requires_grad_(False), public, given)
    assert largest(out, load_file(folder / "io.safetensors")["out_released"]) < TOLERANCE


def unguided(public: PublicPipeline, features: Features, order: ReferenceOrder) -> Conditions:
    """The conditional branch alone."""
    io = public.unets
    conditional = {name: feature[:, 1:] for name, feature in features.items()}
    return replace(
        conditions(public, conditional, order),
        context=io["encoder_hidden_states"][1:],
        location=io["mask_cond_fea"][1:],
        audio=io["audio_tokens"][1:],
    )


@pytest.mark.parametrize("order", ["released", "consistent"])
def test_without_guidance(public: PublicPipeline, features: Features, order: ReferenceOrder) -> None:
    out = denoise(public.animator.net.denoising_unet, public, unguided(public, features, order))
    assert largest(out, public.unets["out_released_noguidance"]) < TOLERANCE


def test_consistent_order_makes_the_conditional_branch_independent_of_guidance(
    public: PublicPipeline, features: Features
) -> None:
    """The released order deals each branch the other's features, so there the conditional branch differs."""
    unet, alone = public.animator.net.denoising_unet, public.unets["out_released_noguidance"]
    consistent = denoise(unet, public, conditions(public, features, "consistent"))
    released = denoise(unet, public, conditions(public, features, "released"))
    assert largest(consistent[1:], alone) < TOLERANCE
    assert largest(released[1:], alone) > 0.1
    # The unconditional branch reads no source features, only motion features, which the order mixes up as well.
    assert largest(consistent[:1], released[:1]) > 0.01


def test_train_and_eval_mode_are_one_path(public: PublicPipeline, features: Features) -> None:
    unet = public.animator.net.denoising_unet
    given = conditions(public, features, "released")
    assert torch.equal(denoise(unet.train(), public, given), denoise(unet.eval(), public, given))


class EvaluationModeUNet(DenoisingUNet):
    """The known wrong reading: what the public class computes once it is set to evaluation mode.

    All motion modules run, but only the middle stage sees the motion frames and the regions' weights.
    """

    def forward(self, latents: Tensor, timestep: Tensor, given: Conditions) -> Tensor:
        blind = {name: LayerReference(r.keys, r.values, r.motion[:, :0]) for name, r in given.reference.items()}
        middle = {name: value for name, value in given.reference.items() if name.startswith("mid_block")}
        return super().forward(latents, timestep, replace(given, reference=blind | middle))

    def walk(self, x: Tensor, timestep: Tensor, after_resnet: AfterResnet) -> Tensor:
        def wrong(stage: Stage, index: int, x: Tensor) -> Tensor:
            if stage.attentions:
                return after_resnet(stage, index, x)
            nothing = x.new_zeros(2, 0, x.shape[2] * x.shape[3], x.shape[1])
            out: Tensor = stage.motion_modules[index](x, nothing)
            return out

        return super().walk(x, timestep, wrong)


def test_evaluation_mode_of_the_public_code_is_another_function(public: PublicPipeline, features: Features) -> None:
    wrong = EvaluationModeUNet(public.animator.config.unet)
    wrong.load_state_dict(public.animator.net.denoising_unet.state_dict())
    for stage in wrong.stages():
        if stage.name != "mid_block":
            for module in stage.audio_modules:
                module.register_forward_pre_hook(lambda _, args: (*args[:3], (1.0, 1.0, 1.0)))
    out = denoise(wrong.requires_grad_(False), public, conditions(public, features, "released"))
    assert largest(out, public.unets["out_evalmode"]) < TOLERANCE
    assert largest(out, public.unets["out_released"]) > 1.0
