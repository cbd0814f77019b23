"""Word error rates of the recognisers on clips of the GRID corpus, whose names spell what is said; for docs/prepare.md.

PYTHONPATH=tests python tests/benchmarks/recognition.py ../shared/media/real [NAME ...]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from support.grid import errors, sentence, words

from bench.media.clip import Decoding, waveform
from metrics.audio.recognition import recogniser


def main(folder: Path, names: list[str]) -> None:
    clips = sorted(folder.glob("grid_*.mpg"))
    for name in names:
        engine = recogniser(name)
        wrong, start = 0, time.perf_counter()
        for clip in clips:
            text = engine.transcribe(waveform(clip, Decoding()))
            found = errors(sentence(clip), words(text))
            wrong += found
            print(f"{clip.stem}: {found} of 6 wrong: {' '.join(sentence(clip))} | {text}")
        seconds = (time.perf_counter() - start) / len(clips)
        rate = wrong / (6 * len(clips))
        print(f"{engine.engine()}: {wrong} of {6 * len(clips)} words, {rate:.1%}; {seconds:.1f} s a clip")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ["pocketsphinx", "whisper-base"])
