"""Stage `vocoder`: the GPT's latents become sound at 24 kHz, in the voice of a speaker embedding learnt with it.

Losses: the multi-resolution STFT loss of Parallel WaveGAN (Yamamoto et al. 2020, arXiv:1910.11480), spectral
convergence and log magnitudes, and the L1 distance of mel spectrograms of HiFi-GAN (Kong et al. 2020,
arXiv:2010.05646). There is no discriminator: what it adds is naturalness, not words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Generator, Tensor, nn
from torch.nn import functional

from narrator.speech.gpt import SpeechGpt
from narrator.speech.hifigan import SPEECH_RATE, HifiGan
from narrator.speech.mel import VOICE_RATE, mel_filterbank
from narrator.speech.resample import resample
from narrator.speech.speaker import SPEAKER_RATE, SpeakerEncoder
from narrator.speech.tokenizer import SpeechTokenizer
from narrator.training.codes import CodesSettings, CodesStage, mels, trained_codes
from narrator.training.errors import TrainingError
from narrator.training.loop import derived_seed
from narrator.training.speech import PHASES, SpeechStage, encoded
from narrator.training.stage import Batch, Materials, Stage, StageSettings
from narrator.training.utterances import Ragged, Utterance, by_speaker, read_utterances

_SAMPLES = 1024 * SPEECH_RATE / VOICE_RATE
"""Samples of the result to one code."""

_RESOLUTIONS = ((2048, 240, 1200), (1024, 120, 600), (512, 60, 300))
"""FFT length, hop and window of each spectrogram that is compared."""

_FLOOR = 1e-3
"""Magnitudes below are as good as silent; the room tone of the corpus lies there."""


class VocoderSettings(StageSettings):
    """Settings of the stage.

    Attributes:
        codes: what the stage `codes` was trained with, as far as it differs from that stage's defaults.
        segment: codes of a training example.
        speaker_seconds: of the other clip from which the speaker embedding is computed.
    """

    codes: CodesSettings = CodesSettings(steps=0)
    segment: int = Field(default=16, ge=4, le=1024, strict=True)
    speaker_seconds: float = Field(default=1.5, ge=0.5, le=30)


class Voicing(nn.Module):
    """Vocoder and speaker encoder, under the names of the speech part."""

    def __init__(self, materials: Materials) -> None:
        super().__init__()
        speech = materials.config.speech
        self.waveform_decoder = HifiGan(speech.gpt.width, speech.vocoder_channels, speech.speaker_width)
        self.speaker_encoder = SpeakerEncoder(speech.speaker_width, speech.speaker_blocks, speech.speaker_filters)

    def forward(self, latents: Tensor, profile: Tensor) -> Tensor:
        """Latents [B, n, width] in the voice of a profile [B, S] at 16 kHz, as sound at 24 kHz [B, S']."""
        sound: Tensor = self.waveform_decoder(latents, self.speaker_encoder(profile)[:, :, None])
        return sound


class VocoderStage(Stage):
    """See the module."""

    name = "vocoder"
    needs = (CodesStage.name, SpeechStage.name)

    def __init__(self, materials: Materials, settings: VocoderSettings) -> None:
        self._settings, self._seed = settings, materials.seed
        utterances = read_utterances(materials.data)
        self._others = by_speaker(utterances)
        self._latents = _latents(materials, settings, utterances, self._others)
        self._sound = clip_sound(materials, utterances)
        self._usable = [place for place in range(len(self._latents)) if len(self._latents[place]) >= settings.segment]
        if not self._usable:
            raise TrainingError(
                f"No clip of the data has the {settings.segment} codes of a segment; lower the vocoder's 'segment'."
            )
        self.module: Voicing = Voicing(materials)

    def batch(self, step: int) -> Batch:
        rng = np.random.default_rng(derived_seed(self._seed, self.name, "batch", step))
        latents, sounds, profiles = [], [], []
        for at in rng.integers(len(self._usable), size=self._settings.batch):
            place, segment = self._usable[int(at)], self._settings.segment
            found = self._latents[place]
            start = int(rng.integers(len(found) - segment + 1))
            latents.append(np.asarray(found[start : start + segment], np.float32))
            sounds.append(sound_of_codes(self._sound[place], start, segment))
            others = self._others[place]
            profile = self._sound[others[int(rng.integers(max(1, len(others) - 1)))]]
            length = round(self._settings.speaker_seconds * SPEECH_RATE)
            profiles.append(_cut(profile, int(rng.integers(max(1, len(profile) - length + 1))), length))
        profile_16k = resample(torch.from_numpy(np.stack(profiles)), SPEECH_RATE, SPEAKER_RATE)
        return {
            "latents": torch.from_numpy(np.stack(latents)),
            "sound": torch.from_numpy(np.stack(sounds)),
            "profile": profile_16k,
        }

    def losses(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        return sound_losses(self.module(batch["latents"], batch["profile"]), batch["sound"])

    def tensors(self) -> dict[str, Tensor]:
        """Vocoder and speaker encoder of the part `speech`."""
        return {f"speech.hifigan_decoder.{key}": value for key, value in self.module.state_dict().items()}


def sound_losses(made: Tensor, real: Tensor) -> dict[str, Tensor]:
    """The losses of the module between sounds [B, S] at 24 kHz, as far as both reach."""
    shortest = min(made.shape[1], real.shape[1])
    made, real = made[:, :shortest], real[:, :shortest]
    convergence, logs, mel = (made.new_zeros(()) for _ in range(3))
    for size, hop, window in _RESOLUTIONS:
        a, b = _magnitudes(made, size, hop, window), _magnitudes(real, size, hop, window)
        convergence = convergence + (b - a).norm() / b.norm().clamp_min(1e-5)
        logs = logs + functional.l1_loss((a + _FLOOR).log(), (b + _FLOOR).log())
        if size == _RESOLUTIONS[1][0]:
            bank = mel_filterbank(size // 2 + 1, 80, SPEECH_RATE / 2, SPEECH_RATE, unit_area=False).to(a)
            mel = functional.l1_loss((bank.T @ a + _FLOOR).log(), (bank.T @ b + _FLOOR).log())
    return {"convergence": convergence / len(_RESOLUTIONS), "magnitude": logs / len(_RESOLUTIONS), "mel": 2 * mel}


def sound_of_codes(samples: NDArray[Any], start: int, count: int) -> NDArray[np.float32]:
    """The samples of a clip, int16 at 24 kHz, that `count` codes from the code `start` on stand for, in -1..1."""
    return _cut(samples, round(start * _SAMPLES), round(count * _SAMPLES))


def _latents(
    materials: Materials, settings: VocoderSettings, utterances: tuple[Utterance, ...], others: list[list[int]]
) -> Ragged:
    """The GPT's states that predict the codes of each clip, float16 [n, width], voiced by another clip."""
    config = materials.config.speech
    spectrograms = mels(materials.cache, utterances)
    codes = encoded(materials, trained_codes(materials, settings.codes), spectrograms)
    tokenizer = SpeechTokenizer()

    @torch.no_grad()
    def computed() -> Iterator[NDArray[Any]]:
        gpt = SpeechGpt(config.gpt)
        gpt.load_state_dict(dict(materials.trained[SpeechStage.name]))
        gpt.eval()
        frames = round(config.voice_seconds * VOICE_RATE / 256)
        for place, utterance in enumerate(utterances):
            ids = [tokenizer.start, *tokenizer.encode(utterance.text), tokenizer.stop]
            if len(ids) > config.gpt.text_limit + 2 or len(codes[PHASES * place]) >= config.gpt.longest_utterance:
                yield np.zeros((0, config.gpt.width), np.float16)  # the stage before left it out, too
                continue
            voice = np.asarray(spectrograms[others[place][0]][:frames], np.float32).T
            prefix = [gpt.voice_latents(torch.from_numpy(voice)[None]), gpt.embed_text(torch.tensor([ids]))]
            known = torch.from_numpy(np.array(codes[PHASES * place]))[None]
            yield gpt.teacher_forced(torch.cat(prefix, 1), known)[0].numpy().astype(np.float16)

    return Ragged.cached(materials.cache / f"latents-{materials.versions[SpeechStage.name]}.npy", computed())


def clip_sound(materials: Materials, utterances: tuple[Utterance, ...]) -> Ragged:
    """Samples of all clips at 24 kHz, int16, computed once."""

    def computed() -> Iterator[NDArray[Any]]:
        for utterance in utterances:
            yield (utterance.speech(SPEECH_RATE).clamp(-1, 1) * 32767).round().numpy().astype(np.int16)

    return Ragged.cached(materials.cache / "sound.npy", computed())


def _cut(samples: NDArray[Any], start: int, length: int) -> NDArray[np.float32]:
    """A stretch as float32 in -1..1, zeros where the samples end."""
    cut = np.asarray(samples[start : start + length], np.float32) / 32767
    return np.pad(cut, (0, length - len(cut)))


def _magnitudes(sound: Tensor, size: int, hop: int, window: int) -> Tensor:
    spectrum = torch.stft(
        sound, size, hop, window, torch.hann_window(window, device=sound.device), center=True, return_complex=True
    )
    return (spectrum.real.square() + spectrum.imag.square()).clamp_min(1e-10).sqrt()
