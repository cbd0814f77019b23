"""Spectra a part at a time are the spectra of the whole, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.audio import spectrogram
from metrics.audio.spectrogram import magnitudes, parts, periodic_hann


@settings(deadline=None, max_examples=40)
@given(st.integers(64, 3000), st.integers(1, 90), st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_parts_are_the_whole(samples: int, hop: int, part: int, at_once: int, centred: bool) -> None:
    sound = np.random.default_rng(samples).normal(size=samples).astype(np.float32)
    window = periodic_hann(64)
    padded = np.pad(sound.astype(np.float64), 32) if centred else sound.astype(np.float64)
    frames = np.array([padded[at : at + 64] * window for at in range(0, len(padded) - 63, hop)])
    whole = np.abs(np.fft.rfft(frames, 128))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(spectrogram, "PART", part)
        patched.setattr(spectrogram, "_AT_ONCE", at_once)
        assert magnitudes(sound, window, hop, 128, centred=centred).tobytes() == whole.tobytes()
        found = list(parts(sound, window, hop, 128, centred=centred))
    assert np.concatenate(found).tobytes() == whole.tobytes()
    assert max(map(len, found)) <= part
