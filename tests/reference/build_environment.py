"""Build the environment in which the reference packages run on a CPU, for the scripts that make the golden numbers.

    python3.11 tests/reference/build_environment.py FOLDER
    FOLDER/bin/python tests/reference/make_goldens.py

All of it comes from PyPI, about 6 GB: the packages want torchvision, which fits only the CUDA build of torch there.
It is apart from the project's own environment, which has neither.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

BASE = (
    "torch==2.15.0",
    "torchvision==0.29.2",
    "numpy==2.4.6",
    "scipy==1.17.1",  # 1.18 takes away sqrtm(disp=), which most packages below call
)

PACKAGES = (
    "pytorch-fid==0.3.0",
    "torch-fidelity==0.4.0",
    "clean-fid==0.1.35",
    "cd-fvd==0.1.1",
    "torchmetrics==1.9.0",
    "torchaudio==2.11.0",  # the newest; made for another torch, but its resampler is pure Python
    "torchlibrosa==0.1.0",
    "torchvggish==0.2",
    "encodec==0.1.1",
    "resampy==0.4.3",
    "soundfile",
    "librosa",
    "einops",
    "loguru",
    "hypy-utils",
    "soxr",
    "onnxruntime",
)

WITHOUT_THEIR_REQUIREMENTS = (
    "fvmd==1.0.0",  # pins SciPy 1.10.1, Matplotlib 3.7.3 and ten more; its distance needs loguru and tqdm
    "frechet-audio-distance==0.3.4",  # pins NumPy below 2 on account of laion_clap
    "fadtk==1.1.0",  # pins NumPy below 2 and brings msclap and nnaudio, for embeddings that are not compared
)


def install(python: Path, *arguments: str) -> None:
    """pip install; a failure ends the script with pip's own words."""
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True)


def main(folder: Path) -> None:
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    install(python, *BASE)
    install(python, *BASE, *PACKAGES)
    install(python, "--no-deps", *WITHOUT_THEIR_REQUIREMENTS)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
