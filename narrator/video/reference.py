"""The reference UNet, and how its features of the source picture and the motion frames reach the denoising UNet."""

from __future__ import annotations

import torch
from torch import Tensor

from narrator.video.attention import Attention, LayerReference
from narrator.video.config import ReferenceOrder
from narrator.video.unet import Stage, UNet

Features = dict[str, Tensor]
Reference = dict[str, LayerReference]


class ReferenceUNet(UNet):
    """Encodes pictures and returns what each of its self-attentions reads of them."""

    def forward(self, latents: Tensor, context: Tensor) -> tuple[Features, Tensor]:
        """Features of every picture under every context.

        Args:
            latents: [N, 4, h, w], noise-free (timestep 0).
            context: [B, T, D], the face tokens of each guidance branch.

        Returns:
            By name of the layer, in the order of execution: [N, B, L, C], layer-normalised; and the last hidden state
            [N * B, widths[0], h, w].
        """
        features: Features = {}
        pictures, branches = len(latents), len(context)
        context = context.repeat(pictures, 1, 1)

        def after_resnet(stage: Stage, index: int, x: Tensor) -> Tensor:
            if index < len(stage.attentions):
                x, read = stage.attentions[index](x, context)
                features[f"{stage.name}.attentions.{index}"] = read.unflatten(0, (pictures, branches))
            return x

        x = self.conv_in(latents.repeat_interleave(branches, 0))
        timestep = torch.zeros((), dtype=torch.int64, device=latents.device)
        return features, self.walk(x, timestep, after_resnet)


def layer_reference(attention: Attention, features: Tensor, order: ReferenceOrder) -> LayerReference:
    """What one layer of the denoising UNet reads.

    The public code runs the pictures as rows [source, motion 1, motion 2] of either branch, but tiles the contexts
    [u, c, u, c, u, c] over them, so a row's branch follows its position. On reading it deals the source's two rows out
    to the frames alternately. `released` repeats both; `consistent` gives each branch the features made for it.
    Without guidance there is one branch and nothing to mix up. The public code also rounds the features to float16
    whatever the networks' dtype; here they keep it.

    Args:
        attention: the layer's self-attention.
        features: [1 + M, B, L, C], source picture first, of 1 or 2 branches (unconditional, conditional).
    """
    pictures, branches = features.shape[:2]
    branch = torch.arange(branches, device=features.device)
    picture = torch.arange(pictures, device=features.device)
    if order == "released":
        # Row r = pictures * b + p of the tiled batch was made under context r mod branches.
        rows = features[picture, (pictures * branch[:, None] + picture) % branches]
        source = rows[:, 0]
    else:
        rows = features.transpose(0, 1)
        source = rows[-1:, 0]
    keys, values = attention.keys_values(source)
    # One memory layout for every clip, or a compiled denoiser would be compiled again for the second.
    return LayerReference(keys, values, rows[:, 1:].contiguous())
