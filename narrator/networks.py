"""All networks of one generator, and the parts that checkpoints fill one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from narrator.checkpoints.matching import Shapes, require, shapes_of
from narrator.checkpoints.reading import CheckpointError
from narrator.entangle import Entangler
from narrator.presets import NarratorConfig
from narrator.speech.features import SpeechFeatures
from narrator.speech.synthesizer import SpeechSynthesizer
from narrator.video.animator import FaceAnimator
from narrator.video.net import AnimationNet, build_vae

Part = Literal["speech", "entangler", "net", "vae", "features"]
PARTS: tuple[Part, ...] = get_args(Part)

# Residual projections of an untrained entangled encoder: small, so that the picture stays recognisable, but not zero,
# so that every configuration of the latent space gives other sound and pictures.
UNTRAINED_ENTANGLING = 0.1


class Networks(nn.Module):
    """Speech, entangled latent space, video and speech features of one generator.

    Built on the meta device, so that nothing is allocated or drawn before a checkpoint or a seed fills it: `fill` every
    part before use.

    Args:
        config: sizes.
        compile_denoiser: see `FaceAnimator`.
    """

    def __init__(self, config: NarratorConfig, *, compile_denoiser: bool = False) -> None:
        super().__init__()
        self.config = config
        with torch.device("meta"):
            self.speech = SpeechSynthesizer(config.speech)
            self.entangler = Entangler(config.entangle)
            self.animator = FaceAnimator(config.video, compile_denoiser=compile_denoiser)
            self.features = SpeechFeatures(config.features) if speech_drives(config) else None
        self.eval()

    def parts(self) -> dict[Part, nn.Module]:
        """The modules of `parts_of` the configuration."""
        modules: dict[Part, nn.Module | None] = {
            "speech": self.speech,
            "entangler": self.entangler,
            "net": self.animator.net,
            "vae": self.animator.vae,
            "features": self.features,
        }
        return {part: module for part, module in modules.items() if module is not None}

    def fill(self, part: Part, tensors: Mapping[str, Tensor], what: str) -> None:
        """Put float32 copies of a checkpoint's tensors into a part.

        Args:
            part: which part.
            tensors: by the part's own keys.
            what: names the checkpoint in an error.

        Raises:
            CheckpointError: the tensors are not exactly those of the part, or two different encoders are to be shared.
        """
        require(part_shapes(part, self.config), tensors, what)
        if part == "entangler" and self.config.entangle.sharing == "shared":
            _require_one_encoder(tensors, what)
        floats = {key: value.float() if value.is_floating_point() else value for key, value in tensors.items()}
        self.parts()[part].load_state_dict(floats, assign=True)

    def fill_untrained(self, part: Part, seed: int, entangling: float) -> None:
        """Draw a part's weights from a seed; see `untrained`."""
        drawn = untrained(part, self.config, seed, entangling)
        self.parts()[part].load_state_dict(drawn.state_dict(), assign=True)

    def place(self, device: torch.device, dtype: torch.dtype) -> None:
        """Move to a device; `dtype` is the video networks', speech and entangling stay float32 as released."""
        self.to(device)
        self.animator.to(dtype=dtype)
        self.requires_grad_(False)


@lru_cache(maxsize=16)
def part_shapes(part: Part, config: NarratorConfig) -> Shapes:
    """Every key and shape of one part, from a model on the meta device."""
    with torch.device("meta"):
        return shapes_of(_build(part, config))


def speech_drives(config: NarratorConfig) -> bool:
    """Whether generated speech can drive the face: the video half projects speech features into its audio modules."""
    return config.video.audio_projection is not None


def parts_of(config: NarratorConfig) -> tuple[Part, ...]:
    """The parts that a generator of these sizes has; `features` only where speech drives the face."""
    return PARTS if speech_drives(config) else tuple(part for part in PARTS if part != "features")


def with_audio(config: NarratorConfig, *, audio_modules: bool, audio_projection: bool) -> NarratorConfig:
    """The same sizes with the audio modules and the projection that a checkpoint has, or without."""
    unet, projection = config.video.unet, config.video.audio_projection
    video = replace(
        config.video,
        unet=unet if audio_modules else replace(unet, audio_width=None),
        audio_projection=projection if audio_projection and audio_modules else None,
    )
    return replace(config, video=video)


def untrained(part: Part, config: NarratorConfig, seed: int, entangling: float = UNTRAINED_ENTANGLING) -> nn.Module:
    """A part with weights drawn from a seed, whatever else is drawn; the global generator is left as it was.

    Args:
        part: which part.
        config: sizes.
        seed: of every draw.
        entangling: how far entangled encoders start from the identity; see `EntangledEncoder.initialise`.
    """
    generator = torch.Generator().manual_seed(seed * len(PARTS) + PARTS.index(part))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator.initial_seed())
        module = _build(part, config)
    if isinstance(module, Entangler):
        module.initialise(generator, entangling)
    else:
        _wake(module, generator)
    return module


def _build(part: Part, config: NarratorConfig) -> nn.Module:
    if part == "speech":
        return SpeechSynthesizer(config.speech)
    if part == "entangler":
        return Entangler(config.entangle)
    if part == "features":
        return SpeechFeatures(config.features)
    return AnimationNet(config.video) if part == "net" else build_vae(config.video.vae)


def _require_one_encoder(tensors: Mapping[str, Tensor], what: str) -> None:
    for key, value in tensors.items():
        if not torch.equal(value, tensors[key.replace("video_", "audio_", 1)]):
            raise CheckpointError(f"{what} holds two different encoders; load it with sharing 'explicit'.")


@torch.no_grad()
def _wake(module: nn.Module, generator: torch.Generator) -> None:
    """Give matrices that training starts from zero a small draw, so that untrained modules take part at all."""
    for weight in module.parameters():
        if weight.ndim > 1 and not weight.any():
            weight.normal_(0.0, 0.3 * weight[0].numel() ** -0.5, generator=generator)
