"""Golden syllable nuclei by Praat itself, `goldens/praat.json`.

    python3.11 -m venv FOLDER
    FOLDER/bin/pip install praat-parselmouth==0.4.7 numpy soundfile
    FOLDER/bin/python tests/reference/make_praat_goldens.py ../shared/media

The steps and settings are those of de Jong and Wempe (2009): their script's, done by Praat's own commands.
"""

from __future__ import annotations

import json
import platform
import sys
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import numpy as np
import parselmouth
import soundfile
from parselmouth.praat import call

SPEECH = (
    "LJ001-0001.wav", "LJ001-0003.wav", "LJ001-0004.wav", "LJ001-0007.wav", "arctic_a0009.wav", "asterisk_invalid.wav",
    "asterisk_dir-intro.wav", "libri_2412-153948-0000.flac",
)  # fmt: skip
SILENCE, DIP, PAUSE = -25.0, 2.0, 0.3


def main(media: Path) -> None:
    records = {name: nuclei(media / "speech" / name) for name in SPEECH}
    content = {
        "command": "python tests/reference/make_praat_goldens.py ../shared/media",
        "environment": [f"Python {platform.python_version()}", f"numpy {np.__version__}"],
        "inputs": {},
        "records": records,
    }
    target = Path(__file__).resolve().parent / "goldens" / "praat.json"
    target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def nuclei(file: Path) -> dict[str, object]:
    """Times of the nuclei, and of the peaks with a dip, voiced or not, in seconds; seconds that sound."""
    samples, rate = soundfile.read(file)
    sound = parselmouth.Sound(samples, rate)
    intensity = call(sound, "To Intensity", 50, 0, "yes")
    low, high = (call(intensity, f"Get {end}", 0, 0, "Parabolic") for end in ("minimum", "maximum"))
    loud = call(intensity, "Get quantile", 0, 0, 0.99)
    grid = call(intensity, "To TextGrid (silences)", SILENCE - (high - loud), PAUSE, 0.1, "silent", "sounding")
    curve = call(call(intensity, "Down to Matrix"), "To Sound (slice)", 1)
    extrema = call(curve, "To PointProcess (extrema)", "Left", "yes", "no", "Sinc70")
    times = [call(extrema, "Get time from index", 1 + i) for i in range(call(extrema, "Get number of points"))]
    levels = {time: call(curve, "Get value at time", time, "Cubic") for time in times}
    peaks = [time for time in times if levels[time] > max(low, loud + SILENCE)]
    dips = [a for a, b in pairwise(peaks) if levels[a] - call(curve, "Get minimum", a, b, "None") > DIP]
    pitch = call(sound, "To Pitch (ac)", 0.02, 30, 4, "no", 0.03, 0.25, 0.01, 0.35, 0.25, 450)
    sounding = [number + 1 for number in range(call(grid, "Get number of intervals", 1)) if named(grid, number + 1)]
    found = [
        time
        for time in dips
        if named(grid, call(grid, "Get interval at time", 1, time))
        and call(pitch, "Get value at time", time, "Hertz", "Linear") > 0
    ]
    ends = [[call(grid, f"Get {end} time of interval", 1, i) for end in ("start", "end")] for i in sounding]
    return {
        "package": f"praat-parselmouth {version('praat-parselmouth')}, Praat {parselmouth.PRAAT_VERSION}",
        "nuclei": [round(time, 4) for time in found],
        "dips": [round(time, 4) for time in dips],
        "seconds": round(sum(end - start for start, end in ends), 4),
    }


def named(grid: parselmouth.TextGrid, interval: int) -> bool:
    return str(call(grid, "Get label of interval", 1, interval)) == "sounding"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
