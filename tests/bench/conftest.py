"""What the harness's tests share: the command line in this process, and a small folder of made clips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from bench.cli.app import main
from bench.media.writing import write_clip


class Outcome(NamedTuple):
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """`narrator-bench ARGUMENTS` as a user calls it, in this process."""

    def call(*arguments: str | Path) -> Outcome:
        monkeypatch.setattr("sys.argv", ["narrator-bench", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "400")
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(bool(end.code))
        return Outcome(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four clips of 1.6 s with texts: moving stripes of a colour each, syllable-like bursts of a pitch each."""
    folder = tmp_path_factory.mktemp("clips")
    for number in range(4):
        random = np.random.default_rng(number)
        time = np.arange(int(1.6 * 16000)) / 16000
        pitch = 110 * 2 ** (number / 4)
        voice = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 20))
        syllables = 0.5 + 0.5 * np.sin(2 * np.pi * (3 + number) * time)
        speech = (0.1 * syllables * voice + 0.003 * random.standard_normal(len(time))).astype(np.float32)
        across = np.arange(64)
        frames = np.stack([
            np.broadcast_to(128 + 90 * np.sin((across + t * (1 + number)) / 5), (64, 64)) for t in range(40)
        ])  # fmt: skip
        tint = random.uniform(0.4, 1.0, 3)
        write_clip(folder / f"clip{number}.mp4", [(frames[..., None] * tint).astype(np.uint8)], 25, speech, 16000)
        (folder / f"clip{number}.txt").write_text(f"number {number} speaks")
    return folder
