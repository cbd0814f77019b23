"""The networks of one checkpoint under its keys, the autoencoder, and the noise schedule."""

from __future__ import annotations

import torch
from diffusers import AutoencoderKL, DDIMScheduler
from torch import nn

from narrator.video.conditioning import AudioProjection, FaceLocator, ImageProjection
from narrator.video.config import FaceAnimatorConfig, VaeConfig
from narrator.video.denoising import DenoisingUNet
from narrator.video.reference import ReferenceUNet
from narrator.video.unet import LATENT_CHANNELS

LATENT_SCALE = 0.18215  # makes the latents of Stable Diffusion's autoencoder about unit variance


class AnimationNet(nn.Module):
    """All that a checkpoint of the video half holds; the state dict has the keys of Hallo's `net.pth`."""

    def __init__(self, config: FaceAnimatorConfig) -> None:
        super().__init__()
        unet = config.unet
        self.reference_unet = ReferenceUNet(unet)
        self.denoising_unet = DenoisingUNet(unet)
        self.face_locator = FaceLocator(unet.widths[0])
        self.imageproj = ImageProjection(config.identity_width, config.face_tokens, unet.context_width)
        self.audioproj = (
            AudioProjection(config.audio_projection, unet.audio_width)
            if config.audio_projection is not None and unet.audio_width is not None
            else None
        )


def build_vae(config: VaeConfig) -> AutoencoderKL:
    """Stable Diffusion's autoencoder (arXiv:2112.10752): pictures [N, 3, H, W] in -1..1, latents [N, 4, H/8, W/8]."""
    return AutoencoderKL(
        block_out_channels=config.widths,
        down_block_types=["DownEncoderBlock2D"] * len(config.widths),
        up_block_types=["UpDecoderBlock2D"] * len(config.widths),
        layers_per_block=config.layers,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=config.groups,
        scaling_factor=LATENT_SCALE,
    )


def build_scheduler(steps: int, device: torch.device | str = "cpu") -> DDIMScheduler:
    """DDIM (arXiv:2010.02502) with zero terminal SNR (arXiv:2305.08891), velocity prediction and trailing timesteps."""
    scheduler = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="linear",
        clip_sample=False,
        steps_offset=1,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
    )
    scheduler.set_timesteps(steps, device=device)
    return scheduler
