"""Speech features that drive the face: wav2vec 2.0, one set of feature vectors for each video frame."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import Wav2Vec2Config, Wav2Vec2Model

from narrator.speech.config import FeatureConfig
from narrator.speech.resample import resample

FEATURE_RATE = 16_000
"""Hz of the speech that the features are computed from."""


class SpeechFeatures(nn.Module):
    """Hidden states of all transformer layers, resampled to the video's frame rate before the transformer.

    Reference: fudan-generative-vision/hallo 8fd7c572, `Wav2VecModel` and `AudioProcessor`.
    """

    def __init__(self, config: FeatureConfig, attention: str = "sdpa") -> None:
        super().__init__()
        self.wav2vec = Wav2Vec2Model(
            Wav2Vec2Config(
                vocab_size=32,
                hidden_size=config.width,
                num_hidden_layers=config.layers,
                num_attention_heads=config.heads,
                intermediate_size=config.feed,
                conv_dim=(config.convolutions,) * 7,
                num_conv_pos_embedding_groups=config.position_groups,
                mask_time_prob=0.0,
                layerdrop=0.0,
                attn_implementation=attention,
            )
        )

    @torch.inference_mode()
    def forward(self, waveform: Tensor, sample_rate: int, fps: float) -> Tensor:
        """Features of speech.

        Args:
            waveform: float [S].
            sample_rate: Hz.
            fps: video frames per second.

        Returns:
            float [T, layers, width] with T = ceil(S / sample_rate * fps) video frames.
        """
        frames = math.ceil(len(waveform) * fps / sample_rate)
        audio = resample(waveform, sample_rate, FEATURE_RATE)
        audio = (audio - audio.mean()) / (audio.var(correction=0) + 1e-7).sqrt()
        return self.states(audio[None].to(next(self.parameters()).dtype), frames)[0]

    def states(self, audio: Tensor, frames: int) -> Tensor:
        """Features of normalised speech.

        Args:
            audio: [B, S] at `FEATURE_RATE`, of zero mean and unit variance.
            frames: video frames that it lasts.

        Returns:
            [B, frames, layers, width].
        """
        vectors = self.wav2vec.feature_extractor(audio)
        vectors = functional.interpolate(vectors, size=frames, mode="linear", align_corners=True)
        hidden, _ = self.wav2vec.feature_projection(vectors.transpose(1, 2))
        return torch.stack(self._layers(hidden), 2)

    def _layers(self, hidden: Tensor) -> list[Tensor]:
        """Output [B, T, width] of every transformer layer."""
        encoder = self.wav2vec.encoder
        hidden = encoder.layer_norm(hidden + encoder.pos_conv_embed(hidden))
        outputs = []
        for layer in encoder.layers:
            out = layer(hidden)
            hidden = out[0] if isinstance(out, tuple) else out  # a tuple up to transformers 4
            outputs.append(hidden)
        return outputs
