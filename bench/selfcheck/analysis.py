"""Stage `analysis`: what is computed by rule from sound and frames, before a network or in place of one."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench.selfcheck import inputs
from bench.selfcheck.check import EXACT, FLOAT32, FLOAT64, TRACKER, Budget, Check, configured, is_a
from metrics.audio.cepstral_features import CepstralFeatures
from metrics.audio.embeddings import mn04, vggish
from metrics.audio.embeddings.embedding import Embedding
from metrics.audio.embeddings.ge2e import GE2E
from metrics.audio.embeddings.vggish import VGGish
from metrics.audio.mcd import CONVENTIONS as MCD
from metrics.audio.stoi import CONVENTIONS as STOI
from metrics.audio.stoi import IntelligibilityConfig, ShortTimeObjectiveIntelligibility, intelligibility
from metrics.base.metric import ClipMetric
from metrics.batching import Blocks
from metrics.motion.fvmd import FrechetVideoMotionDistance
from metrics.motion.histograms import motion_histograms
from metrics.motion.lucas_kanade import LucasKanade
from metrics.video.fid import FIDConfig, FrameObserver, FrechetInceptionDistance
from metrics.video.fvd import FrechetVideoDistance, FVDConfig, WindowObserver

_RATE = 16000


def _cepstra(features: CepstralFeatures, rate: int, device: str) -> NDArray[np.float64]:
    cepstra, levels = features.analysis(inputs.speech(4, rate, 0.8), rate)
    return np.column_stack([cepstra, levels / 10])


def _cepstral_checks() -> list[Check]:
    """One for each way that a convention takes cepstra; conventions that share it share the check."""
    names: dict[tuple[CepstralFeatures, int], list[str]] = {}
    for name, config in MCD.items():
        names.setdefault((config.features, config.sample_rate or _RATE), []).append(name)
    return [
        Check("analysis", f"mel-cepstra of {of[0]}", FLOAT64, partial(_cepstra, features, rate),
              configured(features=features))
        for (features, rate), of in names.items()
    ]  # fmt: skip


def _intelligible(config: IntelligibilityConfig, device: str) -> NDArray[np.float64]:
    """At the rate that `pystoi` works at, so that it does not resample."""
    clean, other = inputs.speech(5, 10000, 1.0), inputs.speech(6, 10000, 1.0)
    return np.array([intelligibility(clean, clean + share * other, 10000, config) for share in (0.3, 1, 3)])


def _embeds_by(kind: type[Embedding], metric: ClipMetric) -> bool:
    return isinstance(getattr(metric.config, "embedding", None), kind)


def _patches(embedding: VGGish, device: str) -> NDArray[np.float32]:
    return embedding.patches(inputs.speech(4, vggish.RATE, 2.1))


def _kaldi_mel(device: str) -> NDArray[np.float32]:
    return np.asarray(mn04.log_mel(torch.from_numpy(inputs.speech(4, mn04.RATE, 0.8))))


_VGGISH = {"fad": VGGish(), "fad-gudgud96": vggish.GUDGUD96, "fad-fadtk": vggish.FADTK}


def _seen(items: torch.Tensor) -> torch.Tensor:
    """In place of a network: some pixels of each item, in their order."""
    return items.flatten(1)[:, ::997]


def _frames_taken(device: str) -> NDArray[np.float32]:
    """Frames as the Inception network gets them, of its own size so that nothing is resized; every second one."""
    observer = FrameObserver(FIDConfig(stride=2), Blocks(_seen, 8), torch.device("cpu"))
    return _features(observer, inputs.pictures(7, 11, 299, 299))


def _windows_taken(step: int, device: str) -> NDArray[np.float32]:
    observer = WindowObserver(FVDConfig(step=step), Blocks(_seen, 1), torch.device("cpu"))
    return _features(observer, inputs.pictures(7, 40, 224, 224))


def _features(observer: FrameObserver | WindowObserver, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    for start in range(0, len(frames), 6):
        observer.frames(frames[start : start + 6])
    return np.asarray(observer.finish()()["features"])


def _tracks(device: str) -> NDArray[np.float32]:
    """How far points have come after each frame, in pixels."""
    tracker = LucasKanade().start(torch.device("cpu"))
    windows = [tracker.track(frame) for frame in inputs.pictures(8, 17, 256, 256)]
    tracked = np.stack([window for window in windows if window is not None])
    return np.asarray(tracked - tracked[:, :1])


def _histograms(device: str) -> NDArray[np.float16]:
    return motion_histograms(inputs.tracks(1))


def _mel_check(name: str, budget: Budget, result: Any, kind: type[Embedding]) -> Check:
    return Check("analysis", name, budget, result, partial(_embeds_by, kind))


CHECKS = (
    *_cepstral_checks(),
    *(
        Check("analysis", f"intelligibility, {name}", FLOAT64, partial(_intelligible, config),
              is_a(ShortTimeObjectiveIntelligibility, extended=config.extended, alignment=config.alignment))
        for name, config in STOI.items()
    ),
    _mel_check("mel energies of GE2E", FLOAT32, lambda _: GE2E().partial_utterances(inputs.speech(4, _RATE, 2.1)),
               GE2E),
    _mel_check("mel bands of mn04", FLOAT32, _kaldi_mel, mn04.MN04),
    *(
        Check("analysis", f"mel patches of {name}", FLOAT32, partial(_patches, embedding),
              configured(embedding=embedding))
        for name, embedding in _VGGISH.items()
    ),
    Check("analysis", "frames of FID", FLOAT32, _frames_taken,
          is_a(FrechetInceptionDistance)),
    *(
        Check("analysis", f"windows of FVD, step {step}", FLOAT32, partial(_windows_taken, step),
              is_a(FrechetVideoDistance))
        for step in (16, 8)
    ),
    Check("analysis", "Lucas-Kanade tracks", TRACKER, _tracks,
          lambda metric: isinstance(getattr(metric.config, "tracker", None), LucasKanade)),
    Check("analysis", "motion histograms", EXACT, _histograms, is_a(FrechetVideoMotionDistance)),
)  # fmt: skip
