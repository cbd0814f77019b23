"""Stages `analysis` and `network` of the metrics of face, lips, voice, words and cleanness."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from bench.selfcheck import inputs
from bench.selfcheck.check import EXACT, FLOAT32, NETWORK, Check, is_a
from metrics.audio.opinion import DNSMOS, PLCMOS, _log_power
from metrics.audio.pace import Pace, PaceConfig, syllables
from metrics.audio.voice import PitchDistance
from metrics.audio.words import WordError, word_edits
from metrics.base.metric import ClipObserver, Statistics
from metrics.sync.lse import LipSyncError
from metrics.sync.mfcc import as_int16, mfcc
from metrics.sync.mouth_sync import MouthSync, sync_curve
from metrics.video.dlib_face import WEIGHTS as DLIB_WEIGHTS
from metrics.video.dlib_face import dlib_face
from metrics.video.face_chip import ARCFACE, DLIB
from metrics.video.face_motion import BlinkRate, BlinkRateConfig, HeadMotion, _turn, blinks
from metrics.video.flicker import Flicker
from metrics.video.identity import Identity
from metrics.video.lpips import WEIGHTS as LPIPS_WEIGHTS
from metrics.video.lpips import lpips
from metrics.video.reconstruction import Reconstruction, _unpacked

_RATE = 16000


def _pitch(device: str) -> NDArray[np.float64]:
    return PitchDistance()._voice(inputs.speech(12, _RATE, 1.0), _RATE)


def _nuclei(device: str) -> NDArray[np.float64]:
    times, seconds = syllables(inputs.speech(21, _RATE, 3.0), _RATE, PaceConfig())
    return np.array([*times, seconds])


def _segments(device: str) -> NDArray[np.float64]:
    """Opinions' scales, of evenly spread outputs of the network."""
    return np.array([np.polyval(scale, np.linspace(1, 5, 9)) for scale in DNSMOS.scales.values()])


def _spectra(device: str) -> NDArray[np.float32]:
    return _log_power(inputs.speech(13, _RATE, 0.5))


def _edits(device: str) -> NDArray[np.int64]:
    texts = "place blue at f two now", "place white hat two now please"
    return np.array([word_edits(*texts, "word"), word_edits(*texts, "character")])


def _chips(device: str) -> NDArray[np.uint8]:
    mesh = 60 + 40 * inputs.uniform(14, 468, 2)
    frame = inputs.pictures(14, 1, 120, 130)[0]
    return np.concatenate([chip.cut(frame, mesh).reshape(-1) for chip in (DLIB, ARCFACE)])


def _shut(device: str) -> NDArray[np.int64]:
    opening = np.where(np.abs(inputs.uniform(15, 200)) > 0.1, 0.3, 0.0).astype(np.float64)
    return np.array([blinks(opening, BlinkRateConfig())])


def _turned(device: str) -> NDArray[np.float64]:
    return _turn(inputs.uniform(16, 12, 3), inputs.uniform(17, 12, 3))


def _seen(observer: ClipObserver) -> Statistics:
    observer.frames(inputs.pictures(9, 6, 64, 80))
    return observer.finish()()


def _jumps(device: str) -> NDArray[np.float64]:
    return np.atleast_1d(_seen(Flicker().observe())["power"])


def _kept(device: str) -> NDArray[np.uint8]:
    return np.stack(list(_unpacked(_seen(Reconstruction().observe()))))[:, ::8, ::8]


def _agreement(device: str) -> NDArray[np.float64]:
    mouth = np.abs(inputs.uniform(18, 60, 3)).astype(np.float64)
    return sync_curve(mouth, inputs.speech(19, _RATE, 60 / 25), _RATE, reach=15)


def _cepstra(device: str) -> NDArray[np.float64]:
    return mfcc(as_int16(inputs.speech(20, _RATE, 0.5)))


def _embedding(device: str) -> NDArray[np.float32]:
    faces = torch.from_numpy(inputs.pictures(10, 2, 150, 150)).permute(0, 3, 1, 2).float()
    with torch.inference_mode():
        return np.asarray(dlib_face(device)(faces.to(device)).cpu())


def _distances(device: str) -> NDArray[np.float32]:
    first, second = (torch.from_numpy(inputs.pictures(seed, 2, 64, 64)).permute(0, 3, 1, 2) for seed in (10, 11))
    with torch.inference_mode():
        return np.asarray(lpips(device)(*(side.to(device) / 127.5 - 1 for side in (first, second))).cpu())


CHECKS = (
    Check("analysis", "median pitch", FLOAT32, _pitch, is_a(PitchDistance)),
    Check("analysis", "syllable nuclei", FLOAT32, _nuclei, is_a(Pace)),
    Check("analysis", "scales of DNSMOS", FLOAT32, _segments, is_a(DNSMOS)),
    Check("analysis", "spectra of PLCMOS", FLOAT32, _spectra, is_a(PLCMOS)),
    Check("analysis", "word edits", EXACT, _edits, is_a(WordError)),
    Check("analysis", "faces cut out", FLOAT32, _chips, is_a(Identity)),
    Check("analysis", "blinks", EXACT, _shut, is_a(BlinkRate)),
    Check("analysis", "turn of the head", FLOAT32, _turned, is_a(HeadMotion)),
    Check("analysis", "flicker", FLOAT32, _jumps, is_a(Flicker)),
    Check("analysis", "frames kept", EXACT, _kept, is_a(Reconstruction)),
    Check("analysis", "agreement of mouth and sound", FLOAT32, _agreement, is_a(MouthSync)),
    Check("analysis", "cepstra of SyncNet", FLOAT32, _cepstra, is_a(LipSyncError)),
    Check("network", "dlib's faces", NETWORK, _embedding, is_a(Identity, network="dlib"), (DLIB_WEIGHTS,)),
    Check("network", "LPIPS", NETWORK, _distances, is_a(Reconstruction, measure="lpips"), (LPIPS_WEIGHTS,)),
)
