"""Voice profiles as people record them: noise, rooms, other talkers, clipping, codecs, a low level, nothing at all.

Each function takes a profile, a strength and a seed, and returns a profile of equal length and sample rate.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, sosfiltfilt

from bench.media.audio import is_silent, resampled
from narrator.contract import GenerationFailed, Voice

Floats = NDArray[np.floating]
Others = Callable[[], Sequence[Voice]]
"""The profiles of other speakers of the dataset, in the order of their keys; called where they are needed only."""

TALKERS = 4
"""Other speakers in a babble, at most."""
_DIRECT_TO_REVERBERANT = 1.0
"""Energy of the direct sound over that of the room's: 0 dB, some metres from the speaker."""
_CODECS = {"mp3": ("libmp3lame", "mp3"), "opus": ("libopus", "ogg")}
_OPUS_RATE = 48_000
_MP3_RATES = (16_000, 22_050, 24_000)
"""Hz of MPEG-2's layer III, whose bit rates go down to 8 kbit/s."""


def noisy(voice: Voice, ratio: float, seed: int) -> Voice:
    """White Gaussian noise under the profile.

    Args:
        ratio: mean power of the profile over that of the noise, in dB.
    """
    return _mixed(voice, np.random.default_rng(seed).standard_normal(len(voice.waveform)), ratio, "noise")


def babbling(voice: Voice, ratio: float, seed: int, others: Others) -> Voice:
    """Up to `TALKERS` other speakers at once, of equal levels, each begun at a random place and repeated.

    Args:
        ratio: mean power of the profile over that of all others together, in dB.

    Raises:
        GenerationFailed: the dataset has no profile of another speaker that is heard.
    """
    generator = np.random.default_rng(seed)
    heard = [other for other in others() if not is_silent(other.waveform)]
    if not heard:
        raise GenerationFailed("no babble can be made: the dataset has no voice profile of another speaker")
    talkers = [heard[i] for i in sorted(generator.permutation(len(heard))[:TALKERS])]
    babble = np.zeros(len(voice.waveform))
    for talker in talkers:
        speech = np.asarray(resampled(talker.waveform, talker.sample_rate, voice.sample_rate), np.float64)
        speech = np.roll(speech / _level(speech), -int(generator.integers(len(speech))))
        babble += np.resize(speech, len(babble))
    return _mixed(voice, babble, ratio, "babble")


def reverberant(voice: Voice, rt60: float, seed: int) -> Voice:
    """Heard in a room, at the level that the profile had.

    Args:
        rt60: seconds in which the room's sound decays by 60 dB.
    """
    response = impulse_response(rt60, voice.sample_rate, seed)
    wet = fftconvolve(voice.waveform.astype(np.float64), response)[: len(voice.waveform)]
    level = _level(wet)
    return _voice(voice, wet * (_level(voice.waveform) / level) if level else wet)


def impulse_response(rt60: float, sample_rate: int, seed: int) -> NDArray[np.float64]:
    """A room's: the direct sound, then noise that decays exponentially (Polack 1988), as loud in all.

    Args:
        rt60: seconds.

    Returns:
        float64 [S], S = 1.5 RT60, energy 2.
    """
    count = max(2, round(1.5 * rt60 * sample_rate))
    decay = np.exp(-math.log(1000) * np.arange(count) / (rt60 * sample_rate))  # 60 dB are a factor of 1000
    tail: NDArray[np.float64] = np.random.default_rng(seed).standard_normal(count) * decay
    tail[0] = 0
    tail /= np.sqrt(_DIRECT_TO_REVERBERANT * np.sum(tail**2))
    tail[0] = 1
    return tail


def clipped(waveform: NDArray[np.float32], headroom: float) -> NDArray[np.float32]:
    """Cut off `headroom` dB above the sound's root mean square."""
    limit = np.float32(np.sqrt(np.mean(waveform**2))) * np.float32(10 ** (headroom / 20))
    return np.clip(waveform, -limit, limit)


def band_limited(voice: Voice, cutoff: float) -> Voice:
    """Low-passed without delay: Butterworth's filter of order 8, forwards and backwards, -6 dB at the cut-off.

    Args:
        cutoff: Hz; at half the sample rate and beyond nothing changes.
    """
    if cutoff >= voice.sample_rate / 2:
        return voice
    sections = butter(8, cutoff, fs=voice.sample_rate, output="sos")
    padding = min(len(voice.waveform) - 1, 3 * 17)
    return _voice(voice, sosfiltfilt(sections, voice.waveform.astype(np.float64), padlen=max(0, padding)))


def coded(voice: Voice, kilobits: float, codec: Literal["mp3", "opus"]) -> Voice:
    """Encoded and decoded again, without the codec's delay.

    Args:
        kilobits: constant bit rate in kbit/s. MP3 runs at 16, 22.05 or 24 kHz, Opus at 48, resampled there and back.
    """
    encoder, container = _CODECS[codec]
    rate = _OPUS_RATE if codec == "opus" else min(_MP3_RATES, key=lambda r: (r < voice.sample_rate, r))
    rate = _MP3_RATES[-1] if codec == "mp3" and voice.sample_rate > _MP3_RATES[-1] else rate
    wanted = np.clip(resampled(voice.waveform, voice.sample_rate, rate), -1, 1)
    with np.errstate(all="ignore"):
        decoded = _through(np.ascontiguousarray(wanted), rate, encoder, container, round(kilobits * 1000))
    back = resampled(decoded, rate, voice.sample_rate)[: len(voice.waveform)]
    return _voice(voice, np.pad(back, (0, len(voice.waveform) - len(back))))


def feeble(voice: Voice, gain: float) -> Voice:
    """Recorded too softly, in a file of 16 bits: what is softer than its step is lost.

    Args:
        gain: dB, at most 0.
    """
    return _voice(voice, np.rint(voice.waveform.astype(np.float64) * 10 ** (gain / 20) * 32768) / 32768)


def silent(voice: Voice) -> Voice:
    """Of the same length, without a sound."""
    return _voice(voice, np.zeros(len(voice.waveform)))


def _through(waveform: NDArray[np.float32], rate: int, encoder: str, container: str, bits: int) -> NDArray[np.float32]:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as writer:
        stream = writer.add_stream(encoder, rate=rate, layout="mono")
        stream.bit_rate = bits
        stream.codec_context.format = "s16p" if encoder == "libmp3lame" else "s16"
        samples = np.rint(waveform * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts = rate, 0
        for part in (frame, None):
            for packet in stream.encode(part):
                writer.mux(packet)
    buffer.seek(0)
    with av.open(buffer, format=container) as reader:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        pieces = [piece.to_ndarray()[0] for frame in reader.decode(audio=0) for piece in resampler.resample(frame)]
    return np.concatenate(pieces).astype(np.float32)


def _mixed(voice: Voice, noise: Floats, ratio: float, what: str) -> Voice:
    """The profile over noise at exactly this ratio; both are turned down together where the sum would clip."""
    if is_silent(voice.waveform):
        raise GenerationFailed(f"no {what} can be set {ratio:g} dB below a silent voice profile")
    speech = voice.waveform.astype(np.float64)
    mixture = speech + noise * (_level(speech) / _level(noise) * 10 ** (-ratio / 20))
    return _voice(voice, mixture / max(1.0, float(np.abs(mixture).max())))


def _level(waveform: Floats) -> float:
    return float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))


def _voice(voice: Voice, waveform: Floats) -> Voice:
    return Voice(np.ascontiguousarray(waveform, dtype=np.float32), voice.sample_rate)
