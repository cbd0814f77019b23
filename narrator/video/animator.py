"""The video half of the generator: a prepared face becomes a stream of frames, clip after clip."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from narrator.contract import StageClock
from narrator.video.audio_tokens import windows
from narrator.video.config import AttentionKind, FaceAnimatorConfig, Sampling
from narrator.video.denoising import Conditions
from narrator.video.face_inputs import FaceInputs
from narrator.video.net import LATENT_SCALE, AnimationNet, build_scheduler, build_vae
from narrator.video.reference import Features
from narrator.video.unet import LATENT_CHANNELS

KERNELS: dict[AttentionKind, SDPBackend] = {
    "flash": SDPBackend.FLASH_ATTENTION,
    "memory_efficient": SDPBackend.EFFICIENT_ATTENTION,
    "math": SDPBackend.MATH,
}


@dataclass(frozen=True, eq=False)
class Subject:
    """What does not change over a video: everything about the source picture.

    Attributes:
        context: [B, T, D], face tokens of each guidance branch.
        location: [B, widths[0], 1, h, w], output of the face locator.
        features: by layer [1, B, L, C], of the source picture.
        masks: for each level [3, 1, L].
    """

    context: Tensor
    location: Tensor
    features: Features
    masks: tuple[Tensor, ...]


class FaceAnimator(nn.Module):
    """Animates a face: Hallo's networks (arXiv:2406.08801) as NarratingForYou uses them.

    Holds the checkpoint's networks as `net` and the autoencoder as `vae`; move it with `.to(device, dtype)`.

    Args:
        config: sizes and sampling.
        compile_denoiser: run the denoising UNet through `torch.compile`; worth its minutes for long videos on a GPU.
    """

    def __init__(self, config: FaceAnimatorConfig, *, compile_denoiser: bool = False) -> None:
        super().__init__()
        self.config = config
        self.net = AnimationNet(config)
        self.vae = build_vae(config.vae)
        if compile_denoiser:
            self.net.denoising_unet.compile()

    @property
    def _placed(self) -> Tensor:
        """Any weight, for its device and dtype."""
        return self.net.imageproj.proj.weight

    def animate(
        self,
        face: FaceInputs,
        frames: int,
        *,
        seed: int,
        audio: Tensor | None = None,
        sampling: Sampling | None = None,
        clock: StageClock | None = None,
    ) -> Iterator[NDArray[np.uint8]]:
        """Frames of the talking face, one clip at a time: memory does not grow with the length.

        Args:
            face: the prepared driving image.
            frames: how many frames, at `config.fps`; for speech ceil(fps * samples / sample rate).
            seed: seeds the noise once for the whole video; the same seed gives the same bytes on the same machine.
            audio: speech features [frames, blocks, channels]. None gives the networks the zero tokens that guidance
                takes for its unconditional branch, so nothing but the face steers them.
            sampling: how to sample; the configuration's by default.
            clock: takes the seconds of the stages `reference`, `denoise` and `vae decode`.

        Yields:
            uint8 [t, size, size, 3], RGB; t is `config.clip_frames`, less at the end.

        Raises:
            ValueError: a shape does not fit the configuration.
        """
        self._check(face, frames, audio)
        return self._clips(face, frames, seed, audio, sampling or self.config.sampling, clock or StageClock())

    def _clips(
        self, face: FaceInputs, frames: int, seed: int, audio: Tensor | None, sampling: Sampling, clock: StageClock
    ) -> Iterator[NDArray[np.uint8]]:
        config = self.config
        generator = torch.Generator("cpu").manual_seed(seed)
        with clock.stage("reference"):
            subject = self.encode_reference(face, sampling)
        motion: Tensor | None = None
        for clip in range(math.ceil(frames / config.clip_frames)):
            start = clip * config.clip_frames
            with clock.stage("reference"):
                conditions = self.conditions(subject, motion, audio, start, sampling)
            with clock.stage("denoise"):
                shape = (1, LATENT_CHANNELS, config.clip_frames, config.latent_size, config.latent_size)
                latents = self.denoise(torch.randn(shape, generator=generator), conditions, sampling)
            with clock.stage("vae decode"):
                pictures = self.decode(latents)
                motion = pictures[-config.motion_frames :]
                chunk = to_uint8(pictures[: frames - start])
            yield chunk

    @torch.inference_mode()
    def encode_reference(self, face: FaceInputs, sampling: Sampling) -> Subject:
        """Run everything that sees only the source picture: once a video."""
        place = self._placed
        identity = face.identity.to(place)[None]
        location = self.net.face_locator(face.mask.to(place)[None]).unsqueeze(2)
        if sampling.guidance > 1:
            identity = torch.cat([torch.zeros_like(identity), identity])
            location = torch.cat([torch.zeros_like(location), location])
        context = self.net.imageproj(identity)
        features, _ = self.net.reference_unet(self.encode(face.pixels[None]), context)
        return Subject(context, location, features, tuple(mask.to(place) for mask in face.masks))

    @torch.inference_mode()
    def conditions(
        self, subject: Subject, motion: Tensor | None, audio: Tensor | None, start: int, sampling: Sampling
    ) -> Conditions:
        """All that steers one clip.

        Args:
            motion: [M, 3, size, size] in -1..1, the last frames of the clip before; None for the first clip, which
                takes the source picture for each.
            start: the clip's first frame.
        """
        if motion is None:
            repeats = 1 + self.config.motion_frames
            features = {name: source.expand(repeats, -1, -1, -1) for name, source in subject.features.items()}
        else:
            moving, _ = self.net.reference_unet(self.encode(motion), subject.context)
            features = {name: torch.cat([source, moving[name]]) for name, source in subject.features.items()}
        return Conditions(
            context=subject.context,
            location=subject.location,
            reference=self.net.denoising_unet.read_reference(features, sampling.reference_order),
            audio=self._audio_tokens(audio, start, len(subject.context)),
            masks=subject.masks,
            motion_scale=sampling.motion_scale,
        )

    def _audio_tokens(self, audio: Tensor | None, start: int, branches: int) -> Tensor | None:
        """Tokens of each guidance branch for one clip, [branches, frames, T, D]; None without audio modules."""
        width = self.config.unet.audio_width
        if width is None:
            return None
        frames, projection = self.config.clip_frames, self.config.audio_projection
        if audio is None or projection is None or self.net.audioproj is None:
            return self._placed.new_zeros(branches, frames, 1, width)
        tokens = self.net.audioproj(windows(audio, start, frames, projection.window).to(self._placed))[None]
        return torch.cat([torch.zeros_like(tokens)] * (branches - 1) + [tokens])

    @torch.inference_mode()
    def denoise(self, noise: Tensor, conditions: Conditions, sampling: Sampling) -> Tensor:
        """Noise [1, 4, frames, h, w] -> latents of the same shape, float32.

        The latents stay float32 between the steps whatever the networks' dtype.
        """
        place = self._placed
        scheduler = build_scheduler(sampling.steps, place.device)
        branches = len(conditions.context)
        latents = noise.to(place.device, copy=True)  # an inference tensor from the first step, or a second compilation
        with nullcontext() if sampling.attention == "auto" else sdpa_kernel(KERNELS[sampling.attention]):
            for timestep in scheduler.timesteps:
                batch = latents.to(place.dtype).expand(branches, -1, -1, -1, -1)
                velocity = self.net.denoising_unet(batch, timestep, conditions).float()
                if branches == 2:
                    free, conditional = velocity[:1], velocity[1:]
                    velocity = free + sampling.guidance * (conditional - free)
                latents = scheduler.step(velocity, timestep, latents).prev_sample
        return latents

    @torch.inference_mode()
    def encode(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 3, size, size] in -1..1 -> the means of their latents [N, 4, h, w], scaled."""
        return self.vae.encode(pictures.to(self._placed)).latent_dist.mean * LATENT_SCALE  # type: ignore[no-any-return]

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Tensor:
        """Latents [1, 4, frames, h, w] -> pictures [frames, 3, size, size] in -1..1, float32; one at a time."""
        scaled = (latents[0].transpose(0, 1) / LATENT_SCALE).to(self._placed.dtype)
        return torch.cat([self.vae.decode(latent).sample.float().clamp(-1, 1) for latent in torch.split(scaled, 1)])

    def _check(self, face: FaceInputs, frames: int, audio: Tensor | None) -> None:
        size, projection = self.config.size, self.config.audio_projection
        if frames < 1:
            raise ValueError(f"A video of {frames} frames was asked for; ask for at least one.")
        for name, picture in (("pixels", face.pixels), ("mask", face.mask)):
            if picture.shape != (3, size, size):
                raise ValueError(
                    f"FaceInputs.{name} has shape {list(picture.shape)}; this network takes {[3, size, size]}."
                )
        if face.identity.shape != (self.config.identity_width,):
            raise ValueError(
                f"FaceInputs.identity has shape {list(face.identity.shape)}; "
                f"this network takes {[self.config.identity_width]}."
            )
        levels = [(3, 1, (self.config.latent_size >> level) ** 2) for level in range(len(self.config.unet.widths))]
        if [tuple(mask.shape) for mask in face.masks] != levels:
            raise ValueError(
                f"FaceInputs.masks has shapes {[list(mask.shape) for mask in face.masks]}; "
                f"this network takes {[list(level) for level in levels]}."
            )
        if audio is None:
            return
        if projection is None:
            raise ValueError("This network has no audio projection, so speech cannot drive it: pass audio=None.")
        if audio.shape != (frames, projection.blocks, projection.width):
            raise ValueError(
                f"The speech features have shape {list(audio.shape)}; "
                f"{frames} frames need {[frames, projection.blocks, projection.width]}."
            )


def to_uint8(pictures: Tensor) -> NDArray[np.uint8]:
    """Pictures [T, 3, H, W] in -1..1 -> uint8 [T, H, W, 3]."""
    levels = ((pictures + 1) * 127.5).round().to(torch.uint8)
    return np.ascontiguousarray(levels.permute(0, 2, 3, 1).cpu().numpy())
