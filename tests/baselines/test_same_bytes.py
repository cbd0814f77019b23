"""The same bytes from fresh processes, whatever their number of threads, on a machine whose processors are busy."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NARRATE = """
import hashlib, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
import cv2
import numpy as np
from narrator.contract import Prompt, Voice
cv2.setNumThreads(int(sys.argv[1]))
shared = sys.argv[2]
if shared:
    from PIL import Image
    from baselines.cascade import Cascade
    from metrics.weights import fetch
    image = np.asarray(Image.open(Path(shared) / "media/images/nfy_man.jpg").convert("RGB").resize((160, 160)))
    generator = Cascade({name: fetch(name) for name in Cascade.weights})
else:
    from baselines.still import Still
    image, generator = np.zeros((32, 32, 3), np.uint8), Still()
seconds = np.arange(24_000) / 16_000
voice = sum(0.05 / k * np.sin(2 * np.pi * 130 * k * (seconds + 0.004 * np.sin(5 * seconds))) for k in range(1, 20))
narration = generator(Prompt("a", "Hello, my friend zzyzx.", image, Voice(voice.astype(np.float32), 16_000), 7))
digest = hashlib.sha256(narration.waveform.tobytes())
for chunk in narration.chunks():
    digest.update(np.ascontiguousarray(chunk).tobytes())
print(digest.hexdigest())
"""


@pytest.fixture(scope="module")
def load() -> Iterator[None]:
    """Processes that keep every processor busy."""
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    yield
    for burner in burners:
        burner.kill()
        burner.wait()


def narrated(threads: int, shared: str) -> str:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | dict.fromkeys(names, str(threads))
    return subprocess.check_output(
        [sys.executable, "-c", NARRATE, str(threads), shared], env=environment, text=True, cwd=ROOT
    )


@pytest.mark.slow
@pytest.mark.usefixtures("load")
def test_still_gives_the_same_bytes() -> None:
    assert len({narrated(threads, "") for threads in (1, 2, 4)}) == 1


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.weights
@pytest.mark.usefixtures("load")
def test_cascade_gives_the_same_bytes(shared: Path) -> None:
    assert len({narrated(threads, str(shared)) for threads in (1, 2, 4)}) == 1
