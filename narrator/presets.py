"""The sizes of the whole generator, by name: `paper` as published, `small` for two CPU cores, `bundled` as trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from narrator.entangle import EntangleConfig
from narrator.speech.config import FeatureConfig, GptConfig, SpeechConfig
from narrator.speech.sampling import SamplingRules
from narrator.video.config import AudioProjectionConfig, FaceAnimatorConfig, Sampling, UNetConfig


@dataclass(frozen=True)
class NarratorConfig:
    """Sizes of every network; the defaults are the published ones.

    Attributes:
        speech: XTTS v2.
        entangle: the multi-entangled latent space.
        video: Hallo on Stable Diffusion 1.5.
        features: wav2vec 2.0, through which speech drives the face; unused without an audio projection.
    """

    speech: SpeechConfig = field(default_factory=SpeechConfig)
    entangle: EntangleConfig = field(default_factory=EntangleConfig)
    video: FaceAnimatorConfig = field(default_factory=FaceAnimatorConfig.paper)
    features: FeatureConfig = field(default_factory=FeatureConfig)


def small() -> NarratorConfig:
    """A few million parameters, 128 x 128 pixels, at most 2 s of speech for every 24 tokens; the code of `paper`."""
    video = FaceAnimatorConfig.small()
    projection = video.audio_projection
    assert projection is not None
    return NarratorConfig(
        speech=SpeechConfig(
            gpt=GptConfig(text_ids=256, codes=258, layers=4, width=128, heads=4, text_limit=25, code_limit=46),
            vocoder_channels=64,
            speaker_width=128,
            speaker_blocks=(1, 1, 1, 1),
            speaker_filters=(16, 16, 32, 32),
        ),
        entangle=EntangleConfig(width=128, heads=4),
        video=video,
        features=FeatureConfig(
            layers=projection.blocks, width=projection.width, heads=4, feed=160, convolutions=32, position_groups=4
        ),
    )


def bundled() -> NarratorConfig:
    """What `narrator-bench train bundled` trains: 128 x 128 pixels, 7.2 million parameters, 15 MB as float16."""
    return replace(
        small(),
        video=replace(
            FaceAnimatorConfig.small(),
            face_tokens=1,
            audio_projection=AudioProjectionConfig(blocks=1, width=80, hidden=48, tokens=4),
            unet=UNetConfig(
                widths=(32, 40, 32, 32), layers=1, heads=2, context_width=32, groups=8, audio_width=32, max_frames=18
            ),
            # The networks learn the order that makes sense, without guidance one branch is half the work.
            sampling=Sampling(steps=8, guidance=1.0, reference_order="consistent"),
        ),
        speech=SpeechConfig(
            gpt=GptConfig(
                text_ids=256,
                codes=514,
                layers=6,
                width=128,
                heads=4,
                text_limit=60,
                code_limit=123,
                latents=8,
                conditioning_blocks=2,
                perceiver_heads=2,
            ),
            vocoder_channels=128,
            speaker_width=128,
            speaker_blocks=(1, 1, 1, 1),
            speaker_filters=(8, 16, 24, 32),
            voice_seconds=3.0,
            voice_chunk_seconds=3.0,
            # A penalty of repetition suits 1,024 codes that hardly return; of few codes the same must come again.
            sampling=SamplingRules(temperature=0.5, repetition_penalty=1.0, top_k=20, top_p=0.8),
        ),
    )


PRESETS: dict[str, Callable[[], NarratorConfig]] = {"paper": NarratorConfig, "small": small, "bundled": bundled}
