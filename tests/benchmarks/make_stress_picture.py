"""`python tests/benchmarks/make_stress_picture.py` draws the picture of `docs/stress.md`: damaged driving images of the
bundled corpus, whose people do not exist.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from bench.datasets.synthetic import Synthetic
from bench.media.clip import first_frame
from bench.stress.damaging import damaged
from narrator.contract import Prompt, Voice

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "images" / "stress-images.png"
SHOWN = (None, ("image-blurred", 4.0), ("image-dark", 3.0), ("image-small", 32.0), ("image-turned", 30.0),
         ("image-eyes-closed", None), ("image-no-face", None), ("image-two-faces", None))  # fmt: skip
SIDE, CAPTION = 176, 22


def main() -> None:
    corpus = Synthetic(flavour="voxceleb", clips=8, seed=7)
    sample = corpus.load(corpus.default_root).samples[0]
    prompt = Prompt(sample.key, "", first_frame(sample.path), Voice(np.zeros(1, np.float32), 16000), seed=7)
    tiles = []
    for shown in SHOWN:
        image = prompt.image if shown is None else damaged(prompt, *shown).image
        height, width = image.shape[:2]
        size = (SIDE * width // max(height, width), SIDE * height // max(height, width))
        tile = np.full((SIDE + CAPTION, SIDE + 8, 3), 255, np.uint8)
        left, top = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
        grown = cv2.INTER_NEAREST if width < SIDE else cv2.INTER_AREA
        tile[top : top + size[1], left : left + size[0]] = cv2.resize(image, size, interpolation=grown)
        caption = "as it is" if shown is None else shown[0] + ("" if shown[1] is None else f" {shown[1]:g}")
        cv2.putText(tile, caption, (2, SIDE + 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40, 40, 40), 1, cv2.LINE_AA)
        tiles.append(tile)
    rows = [np.concatenate(tiles[start : start + 4], axis=1) for start in (0, 4)]
    cv2.imwrite(str(PICTURE), cv2.cvtColor(np.concatenate(rows), cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
