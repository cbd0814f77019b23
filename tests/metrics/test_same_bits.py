"""Statistics of a clip are the same to the last bit whatever else the process does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from metrics import FrechetVideoMotionDistance
from metrics.audio.mcd import CONVENTIONS, mel_cepstra
from metrics.onnx_session import session
from metrics.weights import fetch

RATE = 16000


@pytest.fixture
def threads() -> Iterator[None]:
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


@pytest.mark.usefixtures("threads")
def test_tracks_do_not_depend_on_opencvs_threads() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (18, 96, 96, 3), dtype=np.uint8)
    frames = np.stack([cv2.GaussianBlur(frame, (9, 9), 2) for frame in noise])
    found = set()
    for count in (1, 2, 4):
        cv2.setNumThreads(count)
        observer = FrechetVideoMotionDistance("fvmd-lk").observe()
        observer.frames(frames)
        found.add(observer.finish()()["features"].tobytes())
    assert len(found) == 1


def test_cepstra_do_not_depend_on_what_another_thread_analyses(voiced: NDArray[np.float32]) -> None:
    """WORLD adds noise of its own to every frame: each analysis must begin its sequence anew."""
    clips = [voiced, voiced[::-1].copy(), voiced[:20000]] * 3
    alone = [mel_cepstra(clip, RATE, CONVENTIONS["mcd"])["mel_cepstrum"].tobytes() for clip in clips[:3]]
    with ThreadPoolExecutor(3) as pool:
        beside = pool.map(lambda clip: mel_cepstra(clip, RATE, CONVENTIONS["mcd"])["mel_cepstrum"].tobytes(), clips)
    assert list(beside) == alone * 3


def test_cepstra_do_not_depend_on_where_the_waveform_lies_in_memory(voiced: NDArray[np.float32]) -> None:
    room = np.zeros(len(voiced) + 16, np.float32)
    found = set()
    for offset in range(5):
        placed = room[offset : offset + len(voiced)]
        placed[:] = voiced
        found |= {mel_cepstra(placed, RATE, CONVENTIONS[name])["mel_cepstrum"].tobytes() for name in ("mcd", "mcd-80")}
    assert len(found) == 2


@pytest.mark.weights
def test_onnx_networks_run_on_one_thread_by_their_own_settings() -> None:
    options = session(fetch("openwakeword-melspectrogram")).get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
