"""The wheel: what is in it, and that it works in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
IMPORT_ALL = """
import importlib, pkgutil
for room in ("bench", "metrics", "baselines", "reports", "narrator"):
    package = importlib.import_module(room)
    for module in pkgutil.walk_packages(package.__path__, room + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
print(importlib.import_module("bench").__file__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(build, check=True)
    return next(folder.glob("narrator_bench-*.whl"))


def test_the_wheel_holds_the_rooms_and_not_the_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"bench", "metrics", "baselines", "reports", "narrator"}
    assert {"bench/studies/demo.yaml", "bench/py.typed", "bench/selfcheck/expected.json"} <= set(names)
    assert {"bench/selfcheck/clips/stereo.wav", "bench/selfcheck/clips/reference-0.mp4"} <= set(names)


@pytest.mark.slow
def test_the_wheel_works_in_its_own_environment(wheel: Path, tmp_path: Path) -> None:
    """The dependencies come from this environment's site-packages: they are the tested set, already installed."""
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", wheel], check=True)
    site = Path(
        subprocess.check_output([python, "-c", "import site; print(site.getsitepackages()[0])"], text=True).strip()
    )
    outer = Path(pytest.__file__).resolve().parents[1]
    (site / "zz_dependencies.pth").write_text(f"{outer}\n")
    done = subprocess.run([python, "-c", IMPORT_ALL], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(site)
    helped = subprocess.run(
        [tmp_path / "env/bin/narrator-bench", "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert helped.returncode == 0, helped.stderr
    assert "demo" in helped.stdout
