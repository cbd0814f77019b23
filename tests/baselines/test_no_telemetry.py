"""Speech speaks to nobody: ONNX Runtime looks up no host and writes nothing into the user's folders."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPEAK = "from baselines.speech import NeuralSpeech; NeuralSpeech().say('Hello there.', 0)"
EMBED = "import narrator.video.identity"


@pytest.mark.parametrize("code", [SPEAK, EMBED], ids=["speech", "identity"])
def test_nothing_is_written_and_nobody_is_called(tmp_path: Path, code: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment |= {"HOME": str(home), "TMPDIR": str(home), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        environment.pop(name, None)
    calls = tmp_path / "calls"
    traced = ["strace", "-f", "-qq", "-e", "trace=network", "-o", str(calls)] if shutil.which("strace") else []
    subprocess.run([*traced, sys.executable, "-c", f"{code}; import time; time.sleep(1)"], env=environment, check=True)
    assert not [path for path in home.rglob("*") if path.is_file()]
    if traced:
        assert not re.search(r"(connect|sendto|sendmsg)\(.*AF_INET", calls.read_text())
