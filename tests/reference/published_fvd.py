"""The FVD of noise that universome/fvd-comparison publishes, from all of its 256 clips, by our network.

    OMP_NUM_THREADS=1 python tests/reference/published_fvd.py

takes five minutes. Only where the published number comes out are the logits of the first clips of each side kept as
goldens: `tests/metrics/video/test_fvd.py` computes those anew, so that what breaks the number shows in seconds.
"""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

import numpy as np
import torch

sys.path[:0] = [str(folder) for folder in Path(__file__).resolve().parents[1:3]]  # `support`, and the rooms
from support.published_noise import CLIPS, KEPT, PUBLISHED, SEEDS, noise_logits  # noqa: E402

from metrics.frechet.distance import frechet_distance  # noqa: E402

GOLDENS = Path(__file__).resolve().parent / "goldens"


def main() -> None:
    """Compute, compare, write."""
    sides = [noise_logits(seed, CLIPS) for seed in SEEDS]
    records = {}
    for name, (ddof, number, tolerance) in PUBLISHED.items():
        ours = frechet_distance(*sides, ddof=ddof)
        print(f"{name}: published {number}, ours {ours}")
        if abs(ours - number) > tolerance:
            sys.exit("This is not the published number; nothing was written.")
        records[name] = {"published": number, "ours": ours}
    content = {
        "command": "python tests/reference/published_fvd.py",
        "environment": [f"Python {platform.python_version()}", f"torch {torch.__version__}", f"numpy {np.__version__}"],
        "inputs": {},
        "records": records,
    }
    (GOLDENS / "fvd_noise.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    np.savez_compressed(GOLDENS / "fvd_noise.npz", **{f"seed {s}": x[:KEPT] for s, x in zip(SEEDS, sides, strict=True)})


if __name__ == "__main__":
    main()
