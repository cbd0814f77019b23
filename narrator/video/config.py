"""Sizes of the video networks and how they are sampled: everything a run needs to be repeated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from narrator.options import number, one_of, shown, whole_number

ReferenceOrder = Literal["released", "consistent"]
AttentionKind = Literal["auto", "flash", "memory_efficient", "math"]


@dataclass(frozen=True)
class UNetConfig:
    """The reference UNet and the denoising UNet: Stable Diffusion 1.5's layout (defaults: its sizes).

    Attributes:
        widths: channels of each resolution, from fine to coarse; the coarsest has no spatial attention.
        layers: residual layers of each resolution on the way down (one more on the way up).
        heads: attention heads of every attention.
        context_width: channels of the face tokens that the spatial cross-attention reads.
        groups: groups of every group normalisation.
        audio_width: channels of the audio tokens; None leaves the audio modules out.
        max_frames: frames that the motion modules' position codes cover.
    """

    widths: tuple[int, ...] = (320, 640, 1280, 1280)
    layers: int = 2
    heads: int = 8
    context_width: int = 768
    groups: int = 32
    audio_width: int | None = 768
    max_frames: int = 32


@dataclass(frozen=True)
class VaeConfig:
    """The image autoencoder (defaults: sd-vae-ft-mse)."""

    widths: tuple[int, ...] = (128, 256, 512, 512)
    layers: int = 2
    groups: int = 32


@dataclass(frozen=True)
class AudioProjectionConfig:
    """The projection of a window of speech features onto audio tokens (defaults: Hallo's).

    Attributes:
        window: video frames a token set sees, centred on its own.
        blocks: feature vectors of one frame (wav2vec2-base: its 12 transformer layers).
        width: channels of one feature vector.
        hidden: width of the two hidden layers.
        tokens: audio tokens of one frame.
    """

    window: int = 5
    blocks: int = 12
    width: int = 768
    hidden: int = 512
    tokens: int = 32


@dataclass(frozen=True)
class Sampling:
    """How a clip is drawn from the networks (defaults: Hallo's).

    Attributes:
        steps: DDIM steps.
        guidance: scale of classifier-free guidance; 1 runs the conditional branch alone, at half the cost.
        reference_order: `released` repeats the order in which the public code hands out the reference features, on
            which the released weights were trained; `consistent` gives each guidance branch its own.
        motion_scale: weight of the audio's influence on the full picture, the face and the lips.
        attention: which scaled-dot-product kernel PyTorch may use; `auto` lets it choose.
    """

    steps: int = 40
    guidance: float = 3.5
    reference_order: ReferenceOrder = "released"
    motion_scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    attention: AttentionKind = "auto"

    def __post_init__(self) -> None:
        whole_number("steps", self.steps, 1, 1000)
        number("guidance", self.guidance, 1, 100)
        one_of("reference_order", self.reference_order, get_args(ReferenceOrder))
        one_of("attention", self.attention, get_args(AttentionKind))
        if not isinstance(self.motion_scale, tuple | list) or len(self.motion_scale) != 3:
            raise ValueError(f"motion_scale must be three numbers, got {shown(self.motion_scale)}.")
        scale = tuple(number("motion_scale", part, 0, 10) for part in self.motion_scale)
        object.__setattr__(self, "motion_scale", scale)  # a list in a study file


@dataclass(frozen=True)
class FaceAnimatorConfig:
    """The whole video half of the generator.

    Attributes:
        size: height and width of the source picture and of the frames, pixels; a multiple of 64.
        fps: frames per second.
        clip_frames: frames denoised together.
        motion_frames: last frames of a clip that the next clip sees.
        face_tokens: context tokens made from the identity embedding.
        identity_width: length of the identity embedding.
        audio_projection: None for a network that is not driven by speech.
    """

    size: int = 512
    fps: int = 25
    clip_frames: int = 16
    motion_frames: int = 2
    face_tokens: int = 4
    identity_width: int = 512
    unet: UNetConfig = field(default_factory=UNetConfig)
    vae: VaeConfig = field(default_factory=VaeConfig)
    audio_projection: AudioProjectionConfig | None = field(default_factory=AudioProjectionConfig)
    sampling: Sampling = field(default_factory=Sampling)

    def __post_init__(self) -> None:
        if self.size % 64:
            raise ValueError(f"FaceAnimatorConfig.size is {self.size}; give a multiple of 64.")
        if self.audio_projection is not None and self.unet.audio_width is None:
            raise ValueError("An audio projection needs audio modules: set UNetConfig.audio_width.")

    @property
    def latent_size(self) -> int:
        """Height and width of the latents: the autoencoder divides by 8."""
        return self.size // 8

    @classmethod
    def paper(cls, *, audio_modules: bool = True, audio_projection: bool = True) -> FaceAnimatorConfig:
        """Full size, 512 x 512, as published.

        Args:
            audio_modules: False for checkpoints whose denoising UNet has no audio modules.
            audio_projection: True for Hallo's net.pth; the networks of NarratingForYou have none.
        """
        return cls(
            unet=UNetConfig(audio_width=768 if audio_modules else None),
            audio_projection=AudioProjectionConfig() if audio_projection and audio_modules else None,
        )

    @classmethod
    def small(cls) -> FaceAnimatorConfig:
        """A few million parameters, 128 x 128, 6 steps: the same code, quick enough for two CPU cores."""
        return cls(
            size=128,
            unet=UNetConfig(widths=(32, 64, 96, 96), layers=1, heads=2, context_width=64, groups=16, audio_width=64),
            vae=VaeConfig(widths=(16, 32, 64, 64), layers=1, groups=16),
            audio_projection=AudioProjectionConfig(blocks=1, width=80, hidden=64, tokens=4),
            sampling=Sampling(steps=6),
        )
