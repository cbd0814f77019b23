"""The same bytes on however busy a machine; tests/benchmarks/bench_encoding.py does this two thousand times."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from bench.media import writing
from bench.media.writing import CODEC, CRF, write_clip


@pytest.mark.slow
def test_one_clip_has_one_encoding_while_every_core_is_busy(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    y, x = np.mgrid[:224, :224]
    waves = np.stack([np.sin((x + 3 * t) / 17) * np.cos((y - 2 * t) / 23) for t in range(80)])
    grey = np.clip(128 + 100 * waves + random.normal(0, 4, waves.shape), 0, 255).astype(np.uint8)
    pictures = np.repeat(grey[..., None], 3, axis=-1)
    sound = random.uniform(-0.5, 0.5, 51200).astype(np.float32)
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        hashes = set()
        for _ in range(60):
            write_clip(tmp_path / "clip.mp4", [pictures], 25.0, sound, 16000)
            hashes.add(hashlib.sha256((tmp_path / "clip.mp4").read_bytes()).hexdigest())
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()
    assert len(hashes) == 1


@pytest.mark.parametrize("size", [64, 160, 192, 224, 240, 256])
def test_every_processor_writes_the_same_bytes(tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that x264 writes with the instructions of processors from long ago."""
    y, x = np.mgrid[:size, :size]
    waves = np.stack([np.sin((x + 3 * t) / 17) * np.cos((y - 2 * t) / 23) for t in range(24)])
    pictures = np.repeat((128 + 100 * waves).astype(np.uint8)[..., None], 3, axis=-1)
    files = [tmp_path / f"{name}.mp4" for name in ("usual", "old")]
    for path in files:
        write_clip(path, [pictures], 25.0, np.zeros(0, np.float32), 16000)
        monkeypatch.setattr(writing, "_without_avx512", lambda: {"x264-params": "asm=sse4.1"})
    assert files[0].read_bytes() == files[1].read_bytes()


def test_one_thread_encodes(tmp_path: Path) -> None:
    """Two threads give other bytes in so few clips that a test might not see one; x264 writes their number down."""
    write_clip(tmp_path / "a.mp4", [np.zeros((3, 32, 32, 3), np.uint8)], 25.0, np.zeros(0, np.float32), 16000)
    assert b" threads=1 lookahead_threads=1 sliced_threads=0 " in (tmp_path / "a.mp4").read_bytes()


@pytest.mark.parametrize("crf", [0, 18, 51])
def test_the_protocol_may_choose_how_much_is_lost(tmp_path: Path, crf: int) -> None:
    pictures = np.random.default_rng(1).integers(0, 256, (8, 64, 64, 3), dtype=np.uint8)
    write_clip(tmp_path / "usual.mp4", [pictures], 25.0, np.zeros(0, np.float32), 16000)
    write_clip(tmp_path / "asked.mp4", [pictures], 25.0, np.zeros(0, np.float32), 16000, crf=crf)
    sizes = [(tmp_path / f"{name}.mp4").stat().st_size for name in ("asked", "usual")]
    assert np.sign(sizes[0] - sizes[1]) == np.sign(CRF - crf)
    with av.open(str(tmp_path / "asked.mp4")) as container:
        assert container.streams.video[0].codec_context.name == CODEC


@pytest.mark.parametrize("crf", [-1, 52])
def test_a_crf_that_x264_does_not_know_is_refused(tmp_path: Path, crf: int) -> None:
    with pytest.raises(ValueError, match=f"The crf is {crf}"):
        write_clip(tmp_path / "a.mp4", [np.zeros((1, 16, 16, 3), np.uint8)], 25.0, np.zeros(9, np.float32), 9, crf=crf)
