"""How speech sounds to listeners, guessed from the clip alone: DNSMOS P.835 and PLCMOS, both on the scale 1 to 5.

DNSMOS P.835: Reddy, Gopal and Cutler, ICASSP 2022 (arXiv 2110.01763). PLCMOS v2: Diener, Purin, Sootla, Saabas,
Aichner and Cutler, Interspeech 2023 (arXiv 2305.15127). The steps around the networks are those of Microsoft's
`speechmos` 0.0.1.1 (MIT), whose numbers they equal.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from metrics.audio.waveform import Waveform, WaveformObserver, checked, resampled
from metrics.base.metric import Modality, PairedMetric, Statistics
from metrics.base.ranges import Configuration, Range
from metrics.base.signature import reduction_field
from metrics.onnx_session import loaded, run
from metrics.weights import fetch

RATE = 16000
SHORTEST = 0.5
"""Seconds."""
_SEGMENT = 9.01
"""Seconds that DNSMOS hears at once, a segment every second; shorter clips are repeated."""
_SCALES = {
    "signal": (-0.08397278, 1.22083953, 0.0052439),
    "background": (-0.13166888, 1.60915514, -0.39604546),
    "overall": (-0.06766283, 1.11546468, 0.04602535),
}
"""From the network's outputs, in their order, to the scale of listeners: coefficients of a parabola."""


@dataclass(frozen=True)
class DNSMOSConfig(Configuration):
    """One convention.

    Attributes:
        aspect: what listeners are asked: how natural the speech is ("signal"), how little the background disturbs
            ("background"), or how good it is in all ("overall").
    """

    aspect: Literal["signal", "background", "overall"] = reduction_field("overall")


@dataclass(frozen=True)
class PLCMOSConfig(Configuration):
    """The one convention.

    Attributes:
        raters: listeners drawn at random, whose opinions are averaged.
        seed: of the drawing, by NumPy's legacy generator, as the package's would be.
    """

    raters: Annotated[int, Range(1, 1000)] = 15
    seed: Annotated[int, Range(0, 2**32 - 1)] = 0


class OpinionMetric(PairedMetric):
    """A mean opinion score of the generated clip alone, 1 (bad) to 5 (excellent), higher is better."""

    higher_is_better = True
    limits: ClassVar[tuple[float, float]] = (1.0, 5.0)
    modalities: ClassVar[frozenset[Modality]] = frozenset({"audio"})
    reference_free: ClassVar[bool] = True

    def observe(self) -> WaveformObserver:
        return WaveformObserver(self._measure)

    def _measure(self, waveform: Waveform, sample_rate: int) -> Statistics:
        signal = resampled(checked(waveform, sample_rate, SHORTEST), sample_rate, RATE)
        return {"opinions": self._opinions(np.clip(signal, -1, 1))}

    @abstractmethod
    def _opinions(self, signal: Waveform) -> NDArray[np.float64]:
        """Whatever `compare` takes the mean of, from speech float32 [S] at 16 kHz."""


class DNSMOS(OpinionMetric):
    """DNSMOS P.835: what listeners of noisy speech would say of a clip.

    Per clip: opinions float64 [segments, 3], of the speech, the background and all of it.

    Args:
        name: one of `DNSMOS.conventions`, or a name for the configuration given.
        config: the convention; None takes the one called `name`.
        **options: to `torchmetrics.Metric`.
    """

    name, title = "dnsmos", "DNSMOS"
    statistics_kind = "dnsmos"
    longest_sound = 3600.0
    scales: ClassVar[Mapping[str, tuple[float, ...]]] = _SCALES
    conventions: ClassVar[Mapping[str, Any]] = {
        "dnsmos": DNSMOSConfig(),
        "dnsmos-sig": DNSMOSConfig("signal"),
        "dnsmos-bak": DNSMOSConfig("background"),
    }

    @property
    def weights(self) -> tuple[str, ...]:
        return ("dnsmos",)

    def _opinions(self, signal: Waveform) -> NDArray[np.float64]:
        length = int(_SEGMENT * RATE)
        while len(signal) < length:
            signal = np.concatenate([signal, signal])
        network = loaded(fetch("dnsmos"))
        starts = range(0, (int(len(signal) // RATE - _SEGMENT) + 1) * RATE, RATE)
        segments = [signal[start : int((start / RATE + _SEGMENT) * RATE)] for start in starts]
        heard = [run(network, {"input_1": part[None]})[0] for part in segments if len(part) >= length]
        scales = _SCALES.values()
        return np.array([[np.polyval(scale, raw) for scale, raw in zip(scales, each, strict=True)] for each in heard])

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The generated clip's mean opinion over its segments, under "value"."""
        return {"value": generated["opinions"][:, list(_SCALES).index(self.config.aspect)].mean()}


class PLCMOS(OpinionMetric):
    """PLCMOS v2: what listeners of speech with concealed gaps would say; a scale for clicks, gaps and robot voices.

    Per clip: opinions float64 [raters].

    Args:
        name: "plcmos", or a name for the configuration given.
        config: the convention; None takes the one called `name`.
        **options: to `torchmetrics.Metric`.
    """

    name, title = "plcmos", "PLCMOS"
    statistics_kind = "plcmos"
    conventions: ClassVar[Mapping[str, Any]] = {"plcmos": PLCMOSConfig()}

    @property
    def weights(self) -> tuple[str, ...]:
        return ("plcmos",)

    def _opinions(self, signal: Waveform) -> NDArray[np.float64]:
        network = loaded(fetch("plcmos"))
        spectra = _log_power(signal)[None, None]
        drawn = np.random.RandomState(self.config.seed)
        raters = [drawn.normal(size=(1, 64)).astype(np.float32) for _ in range(self.config.raters)]
        return np.array([float(run(network, {"degraded_audio": spectra, "rater_embed": r}).item()) for r in raters])

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The generated clip's mean opinion over the raters, under "value"."""
        return {"value": generated["opinions"].mean()}


def _log_power(signal: Waveform, size: int = 512) -> NDArray[np.float32]:
    """Natural logarithms of power spectra over 20, float32 [T, 257], frames that overlap by half, from before the
    first sample on; what is zero lies 120 dB below the least that is not."""
    hop = size // 2
    count = -(-(len(signal) + hop) // hop)
    padded = np.pad(signal, (hop, (count - 1) * hop + size - hop - len(signal)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * np.hamming(size + 1)[:-1]
    power = np.abs(np.fft.rfft(frames, size)) ** 2
    least = np.log(power[power > 0].min()) - 120 / 10 * np.log(10)
    logs = np.log(power, where=power > 0, out=np.full_like(power, least))
    return np.asarray(logs / 20, np.float32)
