"""What a speech recogniser is."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16000
"""Hz, of every waveform that a recogniser is given."""


@runtime_checkable
class Recogniser(Protocol):
    """Anything that writes down speech.

    It must be deterministic: equal samples give equal text, whatever was heard before, in any process.

    Attributes:
        name: by which studies call it.
    """

    name: str

    def engine(self) -> str:
        """What the words depend on beside the sound: program and version, weights by their hash, how it searches.

        Raises:
            WeightsError: as `transcribe`.
        """
        ...

    def transcribe(self, waveform: NDArray[np.float32]) -> str:
        """The words heard, as the engine spells them; "" where it hears none.

        Args:
            waveform: float32 [S] in -1..1, mono, at `SAMPLE_RATE`.

        Raises:
            WeightsError: the program or its weights are not installed; the message says how to get them.
        """
        ...
