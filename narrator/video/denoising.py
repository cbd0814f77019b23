"""The denoising UNet: Stable Diffusion 1.5 with reference attention, audio modules and motion modules.

The path is the one that the released inference takes: there the network is never set to evaluation mode, and its
training branch hands motion frames and the regions' weights to every stage but leaves the motion modules of the stages
without attention uncalled (fudan-generative-vision/hallo 8fd7c572, issue 99). It does not depend on `train()`/`eval()`.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from narrator.video.attention import SpatialTransformer
from narrator.video.audio_attention import AudioModule
from narrator.video.config import ReferenceOrder, UNetConfig
from narrator.video.motion import MotionModule
from narrator.video.reference import Features, Reference, layer_reference
from narrator.video.unet import LATENT_CHANNELS, Stage, UNet


@dataclass(frozen=True, eq=False)
class Conditions:
    """All that steers a clip besides its noise; fixed over the denoising steps.

    With guidance there are B = 2 branches, unconditional first; without, B = 1.

    Attributes:
        context: [B, T, D], face tokens.
        location: [B, widths[0], 1 or frames, h, w], output of the face locator.
        reference: what each layer reads from the reference UNet.
        audio: [B, frames, T', D'], audio tokens; None where the network has no audio modules.
        masks: for each level [3, 1 or frames, L], weights of the regions full, face and lip, 0..1; None likewise.
        motion_scale: weights of the regions' audio influence.
    """

    context: Tensor
    location: Tensor
    reference: Reference
    audio: Tensor | None = None
    masks: tuple[Tensor, ...] | None = None
    motion_scale: tuple[float, float, float] = (1.0, 1.0, 1.0)


class DenoisingUNet(UNet):
    """Predicts a clip's velocity (v of progressive distillation, arXiv:2202.00512)."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__(config)
        widths = config.widths
        for stage in self.stages():
            if config.audio_width is not None and stage.attentions:
                stage.audio_modules.extend(
                    AudioModule(stage.width, inner, config.heads, config.audio_width, config.groups)
                    for inner in self._audio_widths(stage)
                )
            # The motion modules of the stages without attention exist, as in released checkpoints, but are not called.
            stage.motion_modules.extend(
                MotionModule(stage.width, config.heads, config.groups, config.max_frames)
                for _ in range(len(stage.attentions) or len(stage.resnets))
            )
        self.conv_norm_out = nn.GroupNorm(config.groups, widths[0], eps=1e-5)
        self.conv_out = nn.Conv2d(widths[0], LATENT_CHANNELS, 3, padding=1)

    def _audio_widths(self, stage: Stage) -> list[int]:
        """Inner width of each audio module: that of the resolution the layer comes from or leads to."""
        if stage.name.startswith("up"):
            return [self.config.widths[max(stage.level - 1, 0)]] * len(stage.attentions)
        return list(stage.inputs[: len(stage.attentions)])

    def read_reference(self, features: Features, order: ReferenceOrder) -> Reference:
        """Keys, values and motion features of every layer, to be computed once a clip.

        Args:
            features: by layer [1 + M, B, L, C] from the reference UNet, source picture first, then the motion frames.
        """
        reference = {}
        for stage in self.stages():
            for index, transformer in enumerate(stage.attentions):
                assert isinstance(transformer, SpatialTransformer)
                name = f"{stage.name}.attentions.{index}"
                reference[name] = layer_reference(transformer.block.attn1, features[name], order)
        return reference

    def forward(self, latents: Tensor, timestep: Tensor, conditions: Conditions) -> Tensor:
        """Velocity of every branch.

        Args:
            latents: [B, 4, frames, h, w].
            timestep: int64 [].

        Returns:
            [B, 4, frames, h, w].
        """
        branches, _, frames = latents.shape[:3]
        audio = None if conditions.audio is None else conditions.audio.flatten(0, 1)
        masks = [mask.expand(-1, frames, -1).repeat(1, branches, 1).unsqueeze(-1) for mask in conditions.masks or ()]

        def after_resnet(stage: Stage, index: int, x: Tensor) -> Tensor:
            if index >= len(stage.attentions):
                return x
            reference = conditions.reference[f"{stage.name}.attentions.{index}"]
            x, _ = stage.attentions[index](x, conditions.context, reference, frames)
            if audio is not None:
                x = stage.audio_modules[index](x, audio, masks[stage.level], conditions.motion_scale)
            return stage.motion_modules[index](x, reference.motion)  # type: ignore[no-any-return]

        x = self.conv_in(latents.transpose(1, 2).flatten(0, 1)).unflatten(0, (branches, frames))
        x = (x + conditions.location.transpose(1, 2)).flatten(0, 1)
        x = self.walk(x, timestep, after_resnet)
        x = self.conv_out(functional.silu(self.conv_norm_out(x)))
        return x.unflatten(0, (branches, frames)).transpose(1, 2)  # type: ignore[no-any-return]
