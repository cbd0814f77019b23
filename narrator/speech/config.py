"""Sizes of the speech networks."""

from __future__ import annotations

from dataclasses import dataclass, field

from narrator.speech.sampling import SamplingRules


@dataclass(frozen=True)
class GptConfig:
    """Sizes of the speech GPT; the defaults are XTTS v2's.

    Attributes:
        text_ids: size of the text vocabulary.
        codes: size of the speech vocabulary; the last two ids start and stop an utterance.
        layers, width, heads: of the transformer.
        text_limit: longest text in tokens, without start and stop.
        code_limit: the released `gpt_max_audio_tokens`; an utterance ends after 3 codes less than that.
        latents: voice latents that prompt the model.
        mels: bands of the voice profile's mel spectrogram.
        conditioning_blocks: attention blocks that read it.
        perceiver_heads: heads of the two layers that make latents of what they read, each of 64 channels.
    """

    text_ids: int = 6681
    codes: int = 1026
    layers: int = 30
    width: int = 1024
    heads: int = 16
    text_limit: int = 402
    code_limit: int = 605
    latents: int = 32
    mels: int = 80
    conditioning_blocks: int = 6
    perceiver_heads: int = 8

    @property
    def start_code(self) -> int:
        return self.codes - 2

    @property
    def stop_code(self) -> int:
        return self.codes - 1

    @property
    def longest_utterance(self) -> int:
        """Codes after which generation ends without a stop."""
        return self.code_limit - 3


@dataclass(frozen=True)
class FeatureConfig:
    """Sizes of the wav2vec 2.0 network; the defaults are wav2vec2-base-960h's.

    Attributes:
        layers, width, heads, feed: of the transformer.
        convolutions: channels of the seven convolutions that lead from samples to 50 vectors a second.
        position_groups: groups of the convolution that encodes positions.
    """

    layers: int = 12
    width: int = 768
    heads: int = 12
    feed: int = 3072
    convolutions: int = 512
    position_groups: int = 16


@dataclass(frozen=True)
class SpeechConfig:
    """Sizes of the speech networks and how they read a voice profile; the defaults are XTTS v2's, as the paper uses it.

    Attributes:
        gpt: the speech GPT.
        vocoder_channels: HiFi-GAN's channels before the first upsampling.
        speaker_width: length of the speaker embedding.
        speaker_blocks, speaker_filters: residual blocks and channels of the speaker encoder's four stages.
        voice_seconds: how much of the voice profile, from its start, becomes voice latents.
        voice_chunk_seconds: it is encoded in chunks of this length, whose latents are averaged.
        sampling: how codes are drawn unless the generator's options say otherwise.
    """

    gpt: GptConfig = field(default_factory=GptConfig)
    vocoder_channels: int = 512
    speaker_width: int = 512
    speaker_blocks: tuple[int, int, int, int] = (3, 4, 6, 3)
    speaker_filters: tuple[int, int, int, int] = (32, 64, 128, 256)
    voice_seconds: float = 6.0
    voice_chunk_seconds: float = 6.0
    sampling: SamplingRules = field(default_factory=SamplingRules)
