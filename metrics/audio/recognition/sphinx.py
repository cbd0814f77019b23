"""pocketsphinx with the American English model inside its wheel: small, weak, needs nothing else."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from metrics.audio.recognition.recogniser import SAMPLE_RATE


class Pocketsphinx:
    """Words as pocketsphinx spells them: lower-case, no punctuation, numbers in words."""

    name = "pocketsphinx"

    def engine(self) -> str:
        """See `Recogniser.engine`; the model is part of the version."""
        return f"pocketsphinx {version('pocketsphinx')}, en-us"

    def transcribe(self, waveform: NDArray[np.float32]) -> str:
        """See `Recogniser.transcribe`; each call has a decoder of its own, for one that has heard others adapts."""
        from pocketsphinx import Decoder  # loads its model when made, not when imported

        decoder = Decoder(samprate=SAMPLE_RATE, loglevel="FATAL")
        decoder.start_utt()
        pcm = np.round(np.clip(waveform, -1, 1) * 32767).astype("<i2").tobytes()
        decoder.process_raw(pcm, no_search=False, full_utt=True)
        decoder.end_utt()
        hypothesis = decoder.hyp()
        return hypothesis.hypstr if hypothesis else ""
