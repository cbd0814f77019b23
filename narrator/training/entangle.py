"""Stage `entangle`: the encoders of the entangled latent space learn what speech and face gain from each other.

Everything after the encoders is finished and stays as it is; its losses are the stage's. Speech: the cross-entropy of
the codes with entangled voice latents, and the losses of the vocoder with the entangled speaker embedding, on the GPT's
latents of the known codes. Video: the animator's loss with the entangled picture, which the autoencoder encodes, face
mask and face embedding. The paper adds the two sides with a weight, `config.hy` (arXiv:2602.18618); here each has one.

The encoders begin as the identity, so the first loss is that of the generator without them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Generator, Tensor, nn

from narrator.entangle import Ablation, EntangleConfig, Entangler, Latents, Sharing, rows
from narrator.presets import NarratorConfig
from narrator.speech.mel import VOICE_RATE
from narrator.speech.synthesizer import SpeechSynthesizer
from narrator.training.animator import AnimatorSettings, AnimatorStage, Faces
from narrator.training.autoencoder import AutoencoderStage
from narrator.training.codes import CodesSettings, CodesStage
from narrator.training.errors import TrainingError
from narrator.training.features import FeaturesStage
from narrator.training.loop import derived_seed
from narrator.training.pictures import to_floats
from narrator.training.speech import PHASES, SpeechSettings, SpeechStage
from narrator.training.stage import Batch, Materials, Stage, StageSettings
from narrator.training.utterances import Ragged, Utterance, read_utterances
from narrator.training.vocoder import VocoderStage, Voicing, clip_sound, sound_losses, sound_of_codes
from narrator.video.net import LATENT_SCALE, build_vae


class EntangleSettings(StageSettings):
    """Settings of the stage.

    Attributes:
        sharing, ablation: which entangled latent space, see `narrator.entangle.EntangleConfig`; the checkpoint is of
            this one. `no-attention` has nothing to learn: give it 0 steps.
        seed: of this stage alone, beside the study's: of its first weights, batches and noise.
        learning_rate: as everywhere, but lower: a speaker embedding has length 1, and steps that suit longer rows throw
            it off.
        audio_weight, video_weight: of the losses of speech and of video.
        films: clips of each batch whose video is learnt from, too; one costs as much as several clips of speech.
        clips: as of the stage `animator`.
        segment: codes of each clip that become sound for the losses of the vocoder.
        codes: what the stage `codes` was trained with, as far as it differs from that stage's defaults.
    """

    sharing: Sharing = "explicit"
    ablation: Ablation = "none"
    seed: int = Field(default=0, ge=0, lt=2**31, strict=True)
    learning_rate: float = Field(default=1e-4, gt=0, le=1)
    batch: int = Field(default=8, ge=1, le=65_536, strict=True)
    films: int = Field(default=2, ge=1, le=65_536, strict=True)
    audio_weight: float = Field(default=1.0, ge=0, le=1000)
    video_weight: float = Field(default=1.0, ge=0, le=1000)
    clips: int = Field(default=100_000, ge=1, strict=True)
    segment: int = Field(default=16, ge=4, le=1024, strict=True)
    codes: CodesSettings = CodesSettings(steps=0)

    def entangling(self, config: EntangleConfig) -> EntangleConfig:
        """The sizes of a preset as this variant."""
        return replace(config, sharing=self.sharing, ablation=self.ablation)


class EntangleStage(Stage):
    """See the module. What a batch holds is of whole clips, each with words, sound and video."""

    name = "entangle"
    needs = (
        CodesStage.name, SpeechStage.name, VocoderStage.name, AutoencoderStage.name, FeaturesStage.name,
        AnimatorStage.name,
    )  # fmt: skip

    def __init__(self, materials: Materials, settings: EntangleSettings) -> None:
        self._settings, self._seed = settings, materials.seed
        self._config = materials.config
        self._speech = SpeechStage(
            materials,
            SpeechSettings(steps=0, codes=settings.codes, noise=0, smoothing=0, dropout=0, guidance=0, text_weight=0),
        )
        self._animator = AnimatorStage(
            materials, AnimatorSettings(steps=0, unconditional=0, motion_noise=0, clips=settings.clips)
        )
        self._voicing, self._vae = Voicing(materials), build_vae(materials.config.video.vae)
        frozen: dict[str, nn.Module] = {
            SpeechStage.name: self._speech.module, VocoderStage.name: self._voicing,
            AutoencoderStage.name: self._vae, AnimatorStage.name: self._animator.module,
        }  # fmt: skip
        for former, module in frozen.items():
            module.load_state_dict(dict(materials.trained[former]))
        self._frozen = nn.ModuleList(frozen.values()).eval().requires_grad_(False)
        self._usable = [
            place
            for place in sorted(set(self._speech.usable) & set(self._animator.usable))
            if len(self._speech.codes[PHASES * place]) >= settings.segment
        ]
        if not self._usable:
            raise TrainingError(
                f"No clip of the data has words, a face and the {settings.segment} codes of a segment; lower the"
                " entangling's 'segment', or make the data again."
            )
        utterances = read_utterances(materials.data)
        self._sound = clip_sound(materials, utterances)
        self._profiles = self._encoded_profiles(materials, utterances)
        self.module: Entangler = Entangler(settings.entangling(materials.config.entangle))
        # As the identity, from which the first step leads away; the published weights, all zeros, have no gradient.
        self.module.initialise(Generator().manual_seed(derived_seed(materials.seed, self.name, settings.seed)))
        self.module.requires_grad_(settings.ablation != "no-attention")

    def batch(self, step: int) -> Batch:
        settings = self._settings
        rng = np.random.default_rng(derived_seed(self._seed, self.name, settings.seed, "batch", step))
        places = [self._usable[int(at)] for at in rng.integers(len(self._usable), size=settings.batch)]
        spoken, filmed = self._speech.of_places(places, rng, starts=1), self._animator.of_places(places, rng)
        items = []
        for at, place in enumerate(places):
            others = self._speech.others[place]
            voice, speaker = self._profile(others[int(rng.integers(max(1, len(others) - 1)))])
            start = int(rng.integers(int(spoken["code_length"][at]) - settings.segment + 1))
            frame = self._animator.frames[place][int(filmed["source_frame"][at])]
            items.append({
                "voice": voice,
                "speaker": speaker,
                "start": torch.tensor(start),
                "sound": torch.from_numpy(sound_of_codes(self._sound[place], start, settings.segment)),
                "pixels": to_floats(frame[None])[0],
            })  # fmt: skip
        own = {name: torch.stack([item[name] for item in items]) for name in items[0]}
        return spoken | filmed | own

    def losses(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        self._frozen.to(batch["pixels"].device)
        generator.manual_seed(derived_seed(generator.initial_seed(), self._settings.seed))
        each = [self.entangled(batch, at) for at in range(len(batch["pixels"]))]
        audio = self._spoken(each, batch, generator)
        video = self._filmed(each[: self._settings.films], batch, generator)
        weighted = {name: self._settings.audio_weight * loss for name, loss in audio.items()}
        return {**weighted, "velocity": self._settings.video_weight * video}

    def entangled(self, batch: Batch, at: int) -> Latents:
        """The latents of one clip of a batch after the encoders; alone, so that no row of them is padding."""
        one = slice(at, at + 1)
        pixels, text = batch["pixels"][one], batch["text"][one, : int(batch["text_length"][at])]
        # Without a network that knows people the generator takes zeros for the identity, and so did the animator.
        face = pixels.new_zeros(1, self._config.video.identity_width)
        latents = Latents(batch["voice"][one], batch["speaker"][one], pixels, batch["mask"][one], face)
        changed: Latents = self.module(latents, rows(self._speech.module.embed_text(text), self._config.entangle.width))
        return changed

    def tensors(self) -> dict[str, Tensor]:
        """The part `entangler`; a shared encoder's tensors under the keys of both."""
        return {f"entangler.{key}": value for key, value in self.module.state_dict().items()}

    def configured(self, config: NarratorConfig) -> NarratorConfig:
        """With the variant that was trained."""
        return replace(config, entangle=self._settings.entangling(config.entangle))

    def _spoken(self, each: list[Latents], batch: Batch, generator: Generator) -> dict[str, Tensor]:
        """The losses of speech."""
        losses, states = self._speech.continued(torch.cat([one.voice for one in each]), batch, generator)
        segments = [
            state[int(start) : int(start) + self._settings.segment]
            for state, start in zip(states, batch["start"], strict=True)
        ]
        made = self._voicing.waveform_decoder(torch.stack(segments), torch.cat([one.speaker for one in each]))
        return {"codes": losses["codes"], **sound_losses(made, batch["sound"])}

    def _filmed(self, each: list[Latents], batch: Batch, generator: Generator) -> Tensor:
        """The loss of video of the first clips of a batch, their mean."""
        vae: Any = self._vae
        sources = vae.encode(torch.cat([one.pixels for one in each])).latent_dist.mean * LATENT_SCALE
        # The motion frames of a video's first clip are the picture itself, so these are entangled, too.
        first, motion = batch["first"][: len(each), None, None, None, None], batch["motion"][: len(each)]
        steered = {**batch, "motion": torch.where(first, sources[:, None], motion)}
        total = sources.new_zeros(())
        for at, one in enumerate(each):
            faces = Faces(sources[at][None], one.face_mask, one.face)
            total = total + self._animator.denoised(self._animator.module, steered, at, faces, generator)
        mean: Tensor = total / len(each)
        return mean

    def _profile(self, place: int) -> tuple[Tensor, Tensor]:
        """Voice latents [latents, width] and speaker embedding [D, 1] of a clip as voice profile."""
        gpt = self._config.speech.gpt
        values = torch.from_numpy(np.array(self._profiles[place]))
        voice, speaker = values[: gpt.latents * gpt.width], values[gpt.latents * gpt.width :]
        return voice.view(gpt.latents, gpt.width), speaker[:, None]

    def _encoded_profiles(self, materials: Materials, utterances: tuple[Utterance, ...]) -> Ragged:
        """Voice latents and speaker embedding of all profiles, float32 [values], by the generator's own code."""
        needed = {other for place in self._usable for other in self._speech.others[place]}

        def computed() -> Iterator[NDArray[Any]]:
            synthesizer = SpeechSynthesizer(materials.config.speech).eval()
            synthesizer.gpt.load_state_dict(dict(materials.trained[SpeechStage.name]))
            synthesizer.hifigan_decoder.load_state_dict(dict(materials.trained[VocoderStage.name]))
            for place, utterance in enumerate(utterances):
                if place not in needed:
                    yield np.zeros(0, np.float32)
                    continue
                encoded = synthesizer.encode_voice(utterance.waveform(VOICE_RATE), VOICE_RATE)
                yield torch.cat([part.flatten() for part in encoded]).numpy()

        version = "-".join(materials.versions[former] for former in (SpeechStage.name, VocoderStage.name))
        return Ragged.cached(materials.cache / f"voice-profiles-{version}-{self._settings.segment}.npy", computed())
