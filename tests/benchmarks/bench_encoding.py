"""Whether one clip always encodes to the same bytes on a machine whose cores are all busy.

    python tests/benchmarks/bench_encoding.py [ENCODINGS]

While one process a core burns, the same clip (80 frames of 224 x 224, 3.2 s of sound) is encoded again and again, by
`write_clip` and, for comparison, with x264 on two threads; for each the number of distinct files is printed.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from bench.media.writing import write_clip


def main(encodings: int) -> None:
    pictures, sound = clip()
    with tempfile.TemporaryDirectory() as folder, burning(os.cpu_count() or 1):
        ours = Path(folder) / "clip.mp4"

        def written() -> bytes:
            write_clip(ours, [pictures], 25.0, sound, 16000)
            return ours.read_bytes()

        compared = lambda: two_threads(pictures, folder)  # noqa: E731
        for name, encode, times in (("write_clip", written, encodings), ("two threads", compared, encodings // 4)):
            start = time.perf_counter()
            hashes = Counter(hashlib.sha256(encode()).hexdigest() for _ in range(times))
            seconds = (time.perf_counter() - start) / times
            print(f"{name}: {times} encodings, {len(hashes)} different files "
                  f"({', '.join(str(count) for count in hashes.values())}), {1000 * seconds:.0f} ms each",
                  flush=True)  # fmt: skip


def clip() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A moving face-like blob with a little noise, and a tone."""
    random = np.random.default_rng(5)
    y, x = np.mgrid[:224, :224]
    frames = [
        128 + 100 * np.sin((x + 3 * t) / 17) * np.cos((y - 2 * t) / 23) + random.normal(0, 4, (224, 224))
        for t in range(80)
    ]
    grey = np.clip(np.stack(frames), 0, 255).astype(np.uint8)
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(51200) / 16000)
    return np.repeat(grey[..., None], 3, axis=-1), tone.astype(np.float32)


def two_threads(pictures: NDArray[np.uint8], folder: str) -> bytes:
    path = Path(folder) / "two.mp4"
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "18", "preset": "veryfast"})
        stream.width = stream.height = 224
        stream.pix_fmt, stream.codec_context.thread_count = "yuv420p", 2
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path.read_bytes()


@contextmanager
def burning(processes: int) -> Iterator[None]:
    """So many processes that do nothing but use a core each."""
    burners = [multiprocessing.Process(target=burn, daemon=True) for _ in range(processes)]
    for burner in burners:
        burner.start()
    try:
        yield
    finally:
        for burner in burners:
            burner.terminate()


def burn() -> None:
    while True:
        pass


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
