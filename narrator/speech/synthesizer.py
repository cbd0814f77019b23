"""The speech half of the generator: voice profile and text to latents, latents and token ids to speech."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from narrator.speech.config import SpeechConfig
from narrator.speech.gpt import SpeechGpt
from narrator.speech.hifigan import HifiGan
from narrator.speech.mel import VOICE_RATE, voice_mel
from narrator.speech.resample import resample
from narrator.speech.sampling import SamplingRules
from narrator.speech.speaker import SPEAKER_RATE, SpeakerEncoder

_LONGEST_PROFILE_SECONDS = 30
_SHORTEST_CHUNK_SECONDS = 0.33


class _Decoder(nn.Module):
    """Vocoder and speaker encoder, under the names of the released checkpoints."""

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__()
        self.waveform_decoder = HifiGan(config.gpt.width, config.vocoder_channels, config.speaker_width)
        self.speaker_encoder = SpeakerEncoder(config.speaker_width, config.speaker_blocks, config.speaker_filters)


class SpeechSynthesizer(nn.Module):
    """Speaks text in the voice of a profile.

    Its state dict has the keys of XTTS v2's `model.pth` (reference: coqui-ai/TTS dbf1a08a) and, with the default
    configuration, its shapes.
    """

    mel_stats: Tensor

    def __init__(self, config: SpeechConfig, attention: str = "sdpa") -> None:
        super().__init__()
        self.config = config
        self.register_buffer("mel_stats", torch.ones(config.gpt.mels))
        self.gpt = SpeechGpt(config.gpt, attention)
        self.hifigan_decoder = _Decoder(config)

    @torch.inference_mode()
    def encode_voice(self, waveform: Tensor, sample_rate: int) -> tuple[Tensor, Tensor]:
        """Voice latents [1, 32, C] and speaker embedding [1, D, 1] of a voice profile.

        Args:
            waveform: float [S], mono; what exceeds -1..1 is clipped, what exceeds 30 s is cut off.
            sample_rate: Hz.

        Raises:
            ValueError: less than a third of a second of speech.
        """
        audio = resample(waveform[None], sample_rate, VOICE_RATE).clamp(-1.0, 1.0)
        audio = audio[:, : _LONGEST_PROFILE_SECONDS * VOICE_RATE]
        return self._voice_latents(audio), self._speaker_embedding(audio)

    def _voice_latents(self, audio: Tensor) -> Tensor:
        used = audio[:, : round(self.config.voice_seconds * VOICE_RATE)]
        chunks = torch.split(used, round(self.config.voice_chunk_seconds * VOICE_RATE), 1)
        latents = [
            self.gpt.voice_latents((voice_mel(chunk) / self.mel_stats[:, None].float()).to(self._dtype))
            for chunk in chunks
            if chunk.shape[1] >= _SHORTEST_CHUNK_SECONDS * VOICE_RATE
        ]
        if not latents:
            raise ValueError(
                f"The voice profile lasts {audio.shape[1] / VOICE_RATE:.2f} s; give at least"
                f" {_SHORTEST_CHUNK_SECONDS} s of speech."
            )
        return torch.stack(latents).mean(0)

    def _speaker_embedding(self, audio: Tensor) -> Tensor:
        audio = resample(audio, VOICE_RATE, SPEAKER_RATE).to(self._dtype)
        embedding: Tensor = self.hifigan_decoder.speaker_encoder(audio)
        return embedding[:, :, None]

    @torch.inference_mode()
    def embed_text(self, ids: Tensor) -> Tensor:
        """Embedded token ids with positions: [1, n] to [1, n, C]."""
        return self.gpt.embed_text(ids)

    @torch.inference_mode()
    def decode(
        self, ids: Tensor, voice: Tensor, rules: SamplingRules, generator: torch.Generator
    ) -> tuple[list[int], Tensor]:
        """Speech codes of one piece of text, and their latents [1, n, C]; see `SpeechGpt.speak`.

        Args:
            ids: [1, n], start and stop included.
            voice: voice latents [1, 32, C].
            rules: how codes are drawn.
            generator: CPU generator that all draws come from.
        """
        return self.gpt.speak(torch.cat([voice, self.gpt.embed_text(ids)], 1), rules, generator)

    @torch.inference_mode()
    def vocode(self, latents: Tensor, speaker: Tensor) -> Tensor:
        """Waveform [S] at 24 kHz of one utterance's latents [1, n, C] in the voice of `speaker` [1, D, 1]."""
        with parametrize.cached():  # weight norm is folded once
            out: Tensor = self.hifigan_decoder.waveform_decoder(latents, speaker)[0]
        return out

    @property
    def _dtype(self) -> torch.dtype:
        return self.mel_stats.dtype
