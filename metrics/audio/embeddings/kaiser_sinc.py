"""Resampling by a Kaiser-windowed sinc, with the filters of the packages whose scores are to be met.

What a filter leaves of the highest band that it passes is seen by a network that takes logarithms: another resampler
moves VGGish's vectors by about two per cent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from metrics.audio.waveform import Waveform
from metrics.base.ranges import Configuration, Range


@dataclass(frozen=True)
class KaiserSinc(Configuration):
    """One such filter. Lengths are in samples of the lower of the two rates.

    Attributes:
        reach: half of the window's length.
        rolloff: the cutoff, as a part of the lower rate's Nyquist frequency.
        beta: of the Kaiser window.
        whole_samples: give floor(S * wanted / rate) samples, not ceil.
    """

    reach: Annotated[float, Range(1, 1000)]
    rolloff: Annotated[float, Range(0.1, 1)]
    beta: Annotated[float, Range(0, 100)]
    whole_samples: bool

    def __call__(self, waveform: Waveform, rate: int, wanted: int) -> Waveform:
        """A waveform float32 [S] at `rate` Hz, at `wanted` Hz; as it is where they are the same."""
        if rate == wanted:
            return waveform
        from scipy.signal import resample_poly  # as long to import as PyTorch

        up, down = wanted // math.gcd(rate, wanted), rate // math.gcd(rate, wanted)
        # The filter on the grid of both rates, where one sample of the lower rate is `step` long.
        step = max(up, down)
        half = math.ceil(self.reach * step)
        t = np.arange(-half, half + 1) / step
        window = np.i0(self.beta * np.sqrt(np.maximum(1 - (t / self.reach) ** 2, 0))) / np.i0(self.beta)
        taps = self.rolloff / step * np.sinc(self.rolloff * t) * window * (np.abs(t) <= self.reach)
        # The stubs do not know that a window may be an array.
        resampled = resample_poly(waveform.astype(np.float64), up, down, window=taps)  # type: ignore[call-overload]
        length = len(waveform) * up // down if self.whole_samples else len(resampled)
        return np.asarray(resampled[:length], np.float32)


RESAMPY = KaiserSinc(reach=50, rolloff=0.9173473712608761, beta=12.984585247039686, whole_samples=True)
"""`kaiser_best` of resampy 0.4.3, with which frechet-audio-distance reads files. Its step through the filter is cut to
1 / 8192 of a sample there, which moves samples by up to 3e-4 of the loudest."""

TORCHAUDIO = KaiserSinc(
    reach=64 / 0.9475937167399596, rolloff=0.9475937167399596, beta=14.769656459379492, whole_samples=False
)
"""What fadtk asks of torchaudio."""
