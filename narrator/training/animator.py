"""Stage `animator`: the video networks learn to remove noise from the latents of a clip, given face and speech.

Loss: the mean squared error of the velocity (v-prediction, Salimans and Ho 2022, arXiv:2202.00512) at a random timestep
of the schedule that inference uses, weighted at the lips. As in Hallo's training (arXiv:2406.08801, section 3.4) the
source picture is another frame of the same video, the frames before the clip are its motion frames, and for a share of
the clips the unconditional branch of guidance is learnt beside the conditional one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Generator, Tensor

from narrator.speech.features import FEATURE_RATE
from narrator.training.autoencoder import AutoencoderStage
from narrator.training.errors import TrainingError
from narrator.training.features import FeaturesStage, speech_16k, trained_features
from narrator.training.loop import derived_seed
from narrator.training.pictures import Frames, masks, regions, to_floats
from narrator.training.stage import Batch, Materials, Stage, StageSettings
from narrator.training.utterances import Ragged, Utterance, read_utterances
from narrator.video.audio_tokens import windows
from narrator.video.config import FaceAnimatorConfig
from narrator.video.denoising import Conditions
from narrator.video.net import LATENT_SCALE, AnimationNet, build_scheduler, build_vae
from narrator.video.unet import LATENT_CHANNELS


class AnimatorSettings(StageSettings):
    """Settings of the stage.

    Attributes:
        unconditional: share of the clips for which the unconditional branch is learnt, too; guidance needs it.
        first: share of the clips that are learnt as the first of a video, whose motion frames are the source picture.
        motion_noise: largest deviation of the noise in the latents of motion frames. When a video is made these are
            generated frames; without noise in training their faults grow from clip to clip.
        lip_weight: of the latents at the lips; all others weigh 1.
        clips: how many clips, from the first, are learnt from at most; their latents are computed before.
    """

    unconditional: float = Field(default=0.1, ge=0, le=1)
    first: float = Field(default=0.2, ge=0, le=1)
    motion_noise: float = Field(default=0.3, ge=0, le=10)
    lip_weight: float = Field(default=4.0, ge=1, le=100)
    clips: int = Field(default=100_000, ge=1, strict=True)


@dataclass(frozen=True, eq=False)
class Faces:
    """A source picture as the networks take it, for one clip.

    Attributes:
        source: latents of the source picture [1, 4, h, w], scaled.
        mask: face locator's picture [1, 3, size, size].
        identity: [1, identity width].
    """

    source: Tensor
    mask: Tensor
    identity: Tensor


class AnimatorStage(Stage):
    """See the module. A batch holds whole clips, which are run one after another."""

    name = "animator"
    needs = (AutoencoderStage.name, FeaturesStage.name)

    def __init__(self, materials: Materials, settings: AnimatorSettings) -> None:
        self._settings, self._seed = settings, materials.seed
        self._config: FaceAnimatorConfig = materials.config.video
        utterances = read_utterances(materials.data)
        size = self._config.size
        self.frames = Frames.cached(materials.cache / f"frames-{size}.raw", utterances, size)
        self._regions = regions(materials.cache / f"regions-{size}.npy", self.frames, materials.weight_paths)
        longest = self._config.clip_frames
        found = [place for place in range(len(self.frames)) if len(self.frames[place]) and self._regions[place].any()]
        chosen = found[: settings.clips]
        self._latents = _latents(materials, self.frames, chosen)
        self._speech = _features(materials, utterances, chosen) if self._config.audio_projection else None
        self.usable = [place for place in chosen if len(self.frames[place]) >= longest]
        if not self.usable:
            raise TrainingError(
                f"No clip of the data has {longest} frames and a face; look at the videos, or make the data again."
            )
        self._scheduler = build_scheduler(1)
        self.module: AnimationNet = AnimationNet(self._config)

    def batch(self, step: int) -> Batch:
        rng = np.random.default_rng(derived_seed(self._seed, self.name, "batch", step))
        places = [self.usable[int(at)] for at in rng.integers(len(self.usable), size=self._settings.batch)]
        return self.of_places(places, rng)

    def of_places(self, places: list[int], rng: np.random.Generator) -> Batch:
        """A clip of each of these videos.

        Returns:
            `source_frame` [B], the place of the source picture in its video; `first` [B], whether the clip is the
            first of a video, whose motion frames are the source picture; latents `source` [B, 4, h, w], `motion`
            [B, M, 4, h, w] and `clip` [B, F, 4, h, w]; `speech` [B, F, window, blocks, width]; `mask` and `level-i` as
            `FaceInputs` has them; `both` [B], whether the unconditional branch is learnt, too.
        """
        config, items = self._config, []
        for place in places:
            latents = self._latents[place]
            start = int(rng.integers(len(latents) - config.clip_frames + 1))
            source = int(rng.integers(len(latents))) if rng.random() < 0.5 else 0
            before = np.arange(start - config.motion_frames, start)
            first = rng.random() < self._settings.first or before[0] < 0
            if first:
                before = np.full(config.motion_frames, source)
            located, soft = masks(self._regions[place], config)
            item = {
                "source_frame": torch.tensor(source),
                "first": torch.tensor(bool(first)),
                "source": _floats(latents[source]),
                "motion": _floats(latents[before]),
                "clip": _floats(latents[start : start + config.clip_frames]),
                "mask": located,
                "both": torch.tensor(bool(rng.random() < self._settings.unconditional)),
            } | {f"level-{level}": mask for level, mask in enumerate(soft)}
            if self._speech is not None and config.audio_projection is not None:
                spoken = _floats(self._speech[place])
                item["speech"] = windows(spoken, start, config.clip_frames, config.audio_projection.window)
            items.append(item)
        return {name: torch.stack([item[name] for item in items]) for name in items[0]}

    def losses(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        width = self._config.identity_width
        total = batch["clip"].new_zeros(())
        for at in range(len(batch["clip"])):
            faces = Faces(batch["source"][at][None], batch["mask"][at][None], batch["clip"].new_zeros(1, width))
            total = total + self.denoised(self.module, batch, at, faces, generator)
        return {"velocity": total / len(batch["clip"])}

    def denoised(self, net: AnimationNet, batch: Batch, at: int, faces: Faces, generator: Generator) -> Tensor:
        """The loss of one clip of a batch, with whatever the source picture has become."""
        clip = batch["clip"][at].transpose(0, 1)[None]  # [1, 4, F, h, w]
        timestep = torch.randint(1000, (1,), generator=generator)
        noise = torch.randn(clip.shape, generator=generator).to(clip)
        noisy = self._scheduler.add_noise(clip, noise, timestep)
        wanted = self._scheduler.get_velocity(clip, noise, timestep)
        conditions = self._conditions(net, batch, at, faces, self._motion(batch, at, generator))
        branches = len(conditions.context)
        made = net.denoising_unet(noisy.expand(branches, -1, -1, -1, -1), timestep.to(clip.device)[0], conditions)
        lips = batch["level-0"][at][2].reshape(clip.shape[-2:])
        weight = 1 + (self._settings.lip_weight - 1) * lips
        loss: Tensor = ((made - wanted).square() * weight).mean() / weight.mean()
        return loss

    def _motion(self, batch: Batch, at: int, generator: Generator) -> Tensor:
        """The latents of the motion frames [M, 4, h, w], with noise unless they are the source picture."""
        motion = batch["motion"][at]
        worn = 0.0 if batch["first"][at] else self._settings.motion_noise * torch.rand(1, generator=generator).item()
        return motion + worn * torch.randn(motion.shape, generator=generator).to(motion)

    def _conditions(self, net: AnimationNet, batch: Batch, at: int, faces: Faces, motion: Tensor) -> Conditions:
        """As `FaceAnimator.conditions`, with gradients; with the unconditional branch where it is learnt."""
        both = bool(batch["both"][at])
        identity, location = faces.identity, net.face_locator(faces.mask).unsqueeze(2)
        audio = None
        if "speech" in batch and net.audioproj is not None:
            audio = net.audioproj(batch["speech"][at])[None]
        if both:
            identity = torch.cat([torch.zeros_like(identity), identity])
            location = torch.cat([torch.zeros_like(location), location])
            audio = None if audio is None else torch.cat([torch.zeros_like(audio), audio])
        context = net.imageproj(identity)
        features, _ = net.reference_unet(torch.cat([faces.source, motion]), context)
        reference = net.denoising_unet.read_reference(features, "consistent")
        levels = tuple(batch[f"level-{level}"][at] for level in range(len(self._config.unet.widths)))
        return Conditions(context, location, reference, audio, levels)

    def tensors(self) -> dict[str, Tensor]:
        """The part `net`."""
        return {f"net.{key}": value for key, value in self.module.state_dict().items()}


def _latents(materials: Materials, frames: Frames, chosen: Sequence[int]) -> Ragged:
    """The means of the scaled latents of all frames of the chosen clips, float16 [T, 4, h, w], computed once."""
    size = materials.config.video.latent_size

    @torch.no_grad()
    def computed() -> Iterator[NDArray[Any]]:
        vae = build_vae(materials.config.video.vae)
        vae.load_state_dict(dict(materials.trained[AutoencoderStage.name]))
        vae.eval()
        for place in range(len(frames)):
            count = len(frames[place]) if place in chosen else 0
            pieces = [to_floats(frames[place][start : start + 16]) for start in range(0, count, 16)]
            latents = [vae.encode(piece).latent_dist.mean * LATENT_SCALE for piece in pieces]
            yield torch.cat([torch.zeros(0, LATENT_CHANNELS, size, size), *latents]).numpy().astype(np.float16)

    version = f"{materials.versions[AutoencoderStage.name]}-{len(chosen)}"
    return Ragged.cached(materials.cache / f"picture-latents-{version}.npy", computed())


def _features(materials: Materials, utterances: tuple[Utterance, ...], chosen: Sequence[int]) -> Ragged:
    """Speech features of each frame of the chosen clips, float16 [T, blocks, width], computed once."""
    sound, config = speech_16k(materials, utterances), materials.config
    network = trained_features(materials)

    @torch.no_grad()
    def computed() -> Iterator[NDArray[Any]]:
        for place in range(len(utterances)):
            states = torch.zeros(0, config.features.layers, config.features.width)
            if place in chosen:
                audio = _floats(sound[place])
                states = network.states(audio[None], round(len(audio) * config.video.fps / FEATURE_RATE))[0]
            yield states.numpy().astype(np.float16)

    version = f"{materials.versions[FeaturesStage.name]}-{len(chosen)}"
    return Ragged.cached(materials.cache / f"speech-features-{version}.npy", computed())


def _floats(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.asarray(values, np.float32))
