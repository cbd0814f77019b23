"""The layers that both UNets of Hallo (arXiv:2406.08801) share: Stable Diffusion 1.5's, less its output head.

The frames of a clip are folded into the batch, guidance branches outermost: [branches * frames, C, h, w].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from diffusers.models.downsampling import Downsample2D
from diffusers.models.embeddings import TimestepEmbedding, Timesteps
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.upsampling import Upsample2D
from torch import Tensor, nn

from narrator.video.attention import SpatialTransformer
from narrator.video.config import UNetConfig

LATENT_CHANNELS = 4


class Stage(nn.Module):
    """The layers of one resolution; a network that has audio modules, motion modules or a change of scale adds them.

    Args:
        name: `down_blocks.i`, `mid_block` or `up_blocks.i`.
        level: resolution, 0 is the finest.
        inputs: channels that each residual layer receives.
        width: channels that each gives.
        attentions: number of spatial transformers, each after a residual layer.
    """

    def __init__(
        self, config: UNetConfig, name: str, level: int, inputs: Sequence[int], width: int, attentions: int
    ) -> None:
        super().__init__()
        self.name, self.level, self.width = name, level, width
        self.inputs = tuple(inputs)
        self.resnets = nn.ModuleList(
            ResnetBlock2D(
                in_channels=channels,
                out_channels=width,
                temb_channels=4 * config.widths[0],
                groups=config.groups,
                eps=1e-5,
            )
            for channels in inputs
        )
        self.attentions = nn.ModuleList(
            SpatialTransformer(width, config.heads, config.context_width, config.groups) for _ in range(attentions)
        )
        self.audio_modules = nn.ModuleList()
        self.motion_modules = nn.ModuleList()
        self.downsamplers = nn.ModuleList()
        self.upsamplers = nn.ModuleList()


AfterResnet = Callable[[Stage, int, Tensor], Tensor]


class UNet(nn.Module):
    """Stable Diffusion 1.5's layers less its output head, and the walk through them."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        widths, layers = config.widths, config.layers
        coarsest = len(widths) - 1
        self.conv_in = nn.Conv2d(LATENT_CHANNELS, widths[0], 3, padding=1)
        self.time_proj = Timesteps(widths[0], flip_sin_to_cos=True, downscale_freq_shift=0)
        self.time_embedding = TimestepEmbedding(widths[0], 4 * widths[0])

        skips, channels = [widths[0]], widths[0]
        self.down_blocks = nn.ModuleList()
        for level, width in enumerate(widths):
            inputs = [channels] + [width] * (layers - 1)
            stage = Stage(config, f"down_blocks.{level}", level, inputs, width, layers if level < coarsest else 0)
            skips += [width] * layers
            if level < coarsest:
                stage.downsamplers.append(Downsample2D(width, use_conv=True, name="op"))
                skips.append(width)
            self.down_blocks.append(stage)
            channels = width

        self.mid_block = Stage(config, "mid_block", coarsest, [channels, channels], channels, 1)

        self.up_blocks = nn.ModuleList()
        for index, width in enumerate(reversed(widths)):
            level = coarsest - index
            inputs = [before + skips.pop() for before in [channels] + [width] * layers]
            stage = Stage(config, f"up_blocks.{index}", level, inputs, width, layers + 1 if index else 0)
            if level:
                stage.upsamplers.append(Upsample2D(width, use_conv=True))
            self.up_blocks.append(stage)
            channels = width

    def stages(self) -> Iterator[Stage]:
        """Every stage, in the order of execution."""
        for stage in (*self.down_blocks, self.mid_block, *self.up_blocks):
            assert isinstance(stage, Stage)
            yield stage

    def walk(self, x: Tensor, timestep: Tensor, after_resnet: AfterResnet) -> Tensor:
        """From the first features to the last, both [N, widths[0], h, w].

        Args:
            timestep: int64 [], the same for all of the batch.
            after_resnet: applied after each residual layer; maps (stage, index of the layer, features) to features.
        """
        embedded = self.time_embedding(self.time_proj(timestep.reshape(1)).to(x.dtype))
        skips = [x]
        for stage in self.stages():
            for index, resnet in enumerate(stage.resnets):
                if stage.name.startswith("up"):
                    x = torch.cat([x, skips.pop()], 1)
                x = after_resnet(stage, index, resnet(x, embedded))
                if stage.name.startswith("down"):
                    skips.append(x)
            for downsampler in stage.downsamplers:
                x = downsampler(x)
                skips.append(x)
            for upsampler in stage.upsamplers:
                x = upsampler(x)
        return x
