"""Stages `resample` and `resize`: to the sample rates and picture sizes that networks and analyses expect."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from pystoi.utils import resample_oct

from bench.media.audio import resampled as to_protocol
from bench.selfcheck import inputs
from bench.selfcheck.check import EXACT, FLOAT32, LEVELS, Check, is_a, looks_at
from metrics.audio.embeddings.kaiser_sinc import RESAMPY, TORCHAUDIO, KaiserSinc
from metrics.audio.fad import FrechetAudioDistance
from metrics.audio.mcd import MelCepstralDistortion
from metrics.audio.stoi import ShortTimeObjectiveIntelligibility
from metrics.audio.waveform import resampled
from metrics.base.metric import ClipMetric
from metrics.motion.fvmd import FrechetVideoMotionDistance
from metrics.motion.grid import square
from metrics.video.fid import FrechetInceptionDistance
from metrics.video.fvd import FITS, FrechetVideoDistance
from metrics.video.inception import SIDE
from metrics.video.resize import RESIZES

_SECONDS = 0.4


def _protocol(device: str) -> NDArray[np.float32]:
    return to_protocol(inputs.speech(2, 44100, _SECONDS), 44100, 16000)


def _own(rate: int, wanted: int, device: str) -> NDArray[np.float32]:
    return resampled(inputs.speech(2, rate, _SECONDS), rate, wanted)


def _filtered(kaiser: KaiserSinc, device: str) -> NDArray[np.float32]:
    return kaiser(inputs.speech(2, 44100, _SECONDS), 44100, 16000)


def _octave(device: str) -> NDArray[np.float64]:
    return np.asarray(resample_oct(inputs.speech(2, 16000, _SECONDS).astype(np.float64), 10000, 16000))


def _resamples(metric: ClipMetric) -> bool:
    """Whether a metric resamples by itself, beside what the protocol asks for."""
    if isinstance(metric, FrechetAudioDistance):
        return getattr(metric.config.embedding, "resampler", None) is None
    return isinstance(metric, MelCepstralDistortion) and metric.config.sample_rate is not None


def _filters_by(kaiser: KaiserSinc, metric: ClipMetric) -> bool:
    embedding = getattr(metric.config, "embedding", None)
    return embedding is not None and getattr(embedding, "resampler", None) == kaiser


def _frames(device: str) -> torch.Tensor:
    """Two wide frames of odd height, float32 [2, 3, 75, 110]."""
    frames = torch.from_numpy(inputs.pictures(3, 2, 75, 110))
    return frames.to(device).permute(0, 3, 1, 2).float()


def _resized(how: str, device: str) -> NDArray[np.float32]:
    return np.asarray(RESIZES[how](_frames(device), SIDE).cpu())  # type: ignore[index]


def _fitted(how: str, device: str) -> NDArray[np.float32]:
    return np.asarray(FITS[how](_frames(device)).cpu())  # type: ignore[index]


def _squared(device: str) -> NDArray[np.uint8]:
    return square(inputs.pictures(3, 1, 75, 110)[0])


CHECKS = (
    Check("resample", "44.1 to 16 kHz, protocol", FLOAT32, _protocol,
          lambda metric: looks_at("audio")(metric) and not metric.native_audio),
    Check("resample", "44.1 to 22.05 kHz, metrics", FLOAT32, partial(_own, 44100, 22050), _resamples),
    Check("resample", "16 to 32 kHz, metrics", FLOAT32, partial(_own, 16000, 32000), _resamples),
    Check("resample", "as resampy", FLOAT32, partial(_filtered, RESAMPY), partial(_filters_by, RESAMPY)),
    Check("resample", "as torchaudio", FLOAT32, partial(_filtered, TORCHAUDIO), partial(_filters_by, TORCHAUDIO)),
    Check("resample", "16 to 10 kHz, pystoi", FLOAT32, _octave,
          is_a(ShortTimeObjectiveIntelligibility)),
    *(
        Check("resize", f"{how} to {SIDE}", FLOAT32, partial(_resized, how),
              is_a(FrechetInceptionDistance, resize=how))
        for how in RESIZES
    ),
    *(
        Check("resize", f"{how} to 224", LEVELS if how == "crop-256" else FLOAT32, partial(_fitted, how),
              is_a(FrechetVideoDistance, fit=how))
        for how in FITS
    ),
    Check("resize", "to 256, bytes", EXACT, _squared, is_a(FrechetVideoMotionDistance)),
)  # fmt: skip
