"""Short-time objective intelligibility (STOI) and its extended form (ESTOI), computed by the `pystoi` package.

STOI: Taal, Hendriks, Heusdens and Jensen, IEEE TASLP 2011. ESTOI: Jensen and Taal, IEEE/ACM TASLP 2016. Around the
package stands what it leaves open: signals of different length, too little speech, and noise from NumPy's global
random state.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from metrics.audio.cepstral_features import LogMelCepstrum
from metrics.audio.dtw import fast_dtw_path
from metrics.audio.long_stoi import at_package_rate, audible_frames, intelligibility_in_parts, package
from metrics.audio.spectrogram import periodic_hann
from metrics.audio.waveform import Waveform, WaveformObserver, checked
from metrics.base.metric import Modality, PairedMetric, Statistics, Unmeasurable
from metrics.base.ranges import Configuration, Range
from metrics.base.signature import reduction_field

SHORTEST = 0.4  # seconds: one segment of 30 frames
WHOLE = 600.0
"""Seconds that `pystoi` itself is given; what is longer passes by in parts."""


@dataclass(frozen=True)
class IntelligibilityConfig(Configuration):
    """One convention.

    Attributes:
        extended: ESTOI instead of STOI.
        alignment: cut the longer signal ("truncate", as the paper's tables suggest: their values are those of speech
            that was not aligned), or move the generated speech onto the reference's time axis ("dtw").
        radius: width of the alignment's corridor in frames of 16 ms.
        seed: of the noise at machine precision that ESTOI adds.
    """

    extended: bool = reduction_field(False)
    alignment: Literal["truncate", "dtw"] = reduction_field("truncate")
    radius: Annotated[int, Range(1, 10000)] = reduction_field(32)
    seed: Annotated[int, Range(0, 2**32 - 1)] = reduction_field(0)


CONVENTIONS = {
    "stoi": IntelligibilityConfig(),
    "estoi": IntelligibilityConfig(extended=True),
    "stoi-dtw": IntelligibilityConfig(alignment="dtw"),
}
"""Registry name to convention."""


def intelligibility(reference: Waveform, generated: Waveform, sample_rate: int, config: IntelligibilityConfig) -> float:
    """STOI or ESTOI of a generated waveform float32 [S] given its reference [R], both as `checked` returns them.

    Raises:
        Unmeasurable: fewer than 30 frames of speech, or one of the two is silent all along what is compared.
    """
    if config.alignment == "dtw":
        generated = warped(generated, reference, sample_rate, config.radius)
    length = min(len(reference), len(generated))
    for side, clip in (("reference", reference), ("generated clip", generated)):
        if not clip[:length].any():
            raise Unmeasurable(f"the {side} is silent in the {length / sample_rate:.2f} s that both have")
    clean = at_package_rate(reference[:length], sample_rate)
    starts = audible_frames(clean)
    if (speech := _frames(starts)) < package().N:  # of which `pystoi` would answer with the value 1e-5
        raise Unmeasurable(_too_little(speech, reference, length, sample_rate))
    if length > WHOLE * sample_rate:
        degraded, random = at_package_rate(generated[:length], sample_rate), np.random.RandomState(config.seed)
        return intelligibility_in_parts(clean, degraded, starts, config.extended, random)
    whole = (clip[:length].astype(np.float64) for clip in (reference, generated))
    with _seeded(config.seed):
        return float(package().stoi(*whole, sample_rate, extended=config.extended))


def _frames(starts: NDArray[np.intp]) -> int:
    """As many frames as `pystoi` finds in the sound that it makes of these frames of speech."""
    return max(len(starts) - 1, 0)


def _too_little(speech: int, reference: Waveform, compared: int, sample_rate: int) -> str:
    """Which of the two is to blame for too few frames of speech."""
    fewest = package().N
    needed = f"intelligibility needs {fewest}"
    if len(reference) == compared:
        return f"{speech} frames of speech in the reference, {needed}"
    whole = _frames(audible_frames(at_package_rate(reference, sample_rate)))
    if whole < fewest:
        return f"{whole} frames of speech in the reference, {needed}"
    lengths = [samples / sample_rate for samples in (compared, len(reference))]
    short = "the generated clip is {:.2f} s long, the reference {:.2f} s".format(*lengths)
    return f"{short}: {speech} frames of speech in what both have, {needed}"


def warped(moved: Waveform, fixed: Waveform, sample_rate: int, radius: int) -> Waveform:
    """`moved` on the time axis of `fixed`: for each frame of `fixed` the aligned frame of `moved`, overlap-added.

    Frames are aligned by FastDTW on mel-cepstra c1..c13 of 80 bands. Pitch is kept, and `moved` aligned with itself
    comes back unchanged.
    """
    features = LogMelCepstrum()
    still, moving = (features.analysis(clip, sample_rate)[0][:, 1:] for clip in (fixed, moved))
    rows, columns = fast_dtw_path(still, moving, radius)
    first, last = (np.searchsorted(rows, np.arange(rows[-1] + 1), side=side) for side in ("left", "right"))
    sources = columns[(first + last - 1) // 2]
    hop = features.hop
    window = periodic_hann(2 * hop)
    padded = np.pad(moved, (hop, 2 * hop))
    output = np.zeros(len(fixed) + 3 * hop)
    for frame, source in enumerate(sources):
        output[frame * hop : (frame + 2) * hop] += window * padded[source * hop : (source + 2) * hop]
    return output[hop : hop + len(fixed)].astype(np.float32)


_GLOBAL_STATE = threading.Lock()


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """NumPy's global random state set to `seed` inside, as it was outside: `pystoi` takes its noise from there."""
    with _GLOBAL_STATE:
        before = np.random.get_state()  # noqa: NPY002
        np.random.seed(seed)  # noqa: NPY002
        try:
            yield
        finally:
            np.random.set_state(before)  # noqa: NPY002


NOT_ALIGNED = (
    "STOI compares waveforms in time: speech that is not time-aligned with its reference sits at chance level, "
    "whatever it says; read it beside the chance row."
)


class ShortTimeObjectiveIntelligibility(PairedMetric):
    """STOI or ESTOI: 1 for the reference itself, about 0 for unrelated sound, higher is better.

    Per clip: the waveform, because which frames count and where the signals are cut depends on the other clip.

    Example:
        >>> import torch
        >>> speech = torch.randn(1, 16000, generator=torch.Generator().manual_seed(0))
        >>> metric = ShortTimeObjectiveIntelligibility()
        >>> metric.update(speech, speech, sample_rate=16000)
        >>> metric.compute().round(decimals=6)
        tensor(1., dtype=torch.float64)

    Args:
        name: one of `CONVENTIONS`, or a name for the configuration given.
        config: the convention; None takes the one called `name`.
        **options: to `torchmetrics.Metric`.
    """

    name, title = "stoi", "STOI"
    higher_is_better = True
    limits: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    modalities: ClassVar[frozenset[Modality]] = frozenset({"audio"})
    statistics_kind = "waveform"
    conventions = CONVENTIONS

    @property
    def aligned(self) -> bool:
        return bool(self.config.alignment == "truncate")

    @property
    def longest_sound(self) -> float:  # type: ignore[override]
        return 3600.0 if self.config.alignment == "truncate" else WHOLE

    @property
    def remark(self) -> str:
        return NOT_ALIGNED if self.aligned else ""

    def observe(self) -> WaveformObserver:
        return WaveformObserver(_measure)

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The pair's intelligibility under "value"."""
        rates = {int(clip["sample_rate"]) for clip in (reference, generated)}
        if len(rates) > 1:
            raise Unmeasurable(f"the pair has two sample rates, {' and '.join(map(str, sorted(rates)))} Hz")
        value = intelligibility(reference["waveform"], generated["waveform"], rates.pop(), self.config)
        return {"value": np.array(value)}


def _measure(waveform: Waveform, sample_rate: int) -> Statistics:
    return {"waveform": checked(waveform, sample_rate, SHORTEST), "sample_rate": np.array(sample_rate)}
