"""The wheel and the source distribution: what is in them, and that the wheel works in an environment of its own."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
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
LOAD_SHIPPED = """
import json, narrator
generator = narrator.load("bundled")
print(json.dumps([narrator.__file__, generator.name, generator.describe()["checkpoint"]["checkpoint"]["sha256"]]))
"""
ROOMS = ("bench", "metrics", "baselines", "reports", "narrator")
WEIGHTS = "narrator/weights/bundled.safetensors"
CARD = "narrator/weights/bundled.json"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is packaged."""
    folder = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
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
        str(source),
    ]
    subprocess.run(build, check=True)
    return next(folder.glob("narrator_bench-*.whl"))


def test_the_wheel_holds_the_rooms_and_not_the_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names if ".dist-info" not in name}
    assert tops == set(ROOMS)
    assert {"bench/studies/demo.yaml", "bench/py.typed", "bench/selfcheck/expected.json"} <= set(names)
    assert {"bench/selfcheck/clips/stereo.wav", "bench/selfcheck/clips/reference-0.mp4"} <= set(names)


def test_the_wheel_carries_the_trained_weights(wheel: Path, source: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        content, card = archive.read(WEIGHTS), json.loads(archive.read(CARD))
    assert content == (source / WEIGHTS).read_bytes()
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (card["sha256"], card["size"])


def test_the_source_distribution_carries_them_too(source: Path, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", str(tmp_path), str(source)]
    subprocess.run(build, check=True, capture_output=True)
    with tarfile.open(next(tmp_path.glob("narrator_bench-*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {WEIGHTS, CARD, "bench/studies/demo.yaml", "bench/trainings/bundled.yaml"} <= names


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
    loaded = subprocess.run([python, "-c", LOAD_SHIPPED], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert loaded.returncode == 0, loaded.stderr
    place, name, digest = json.loads(loaded.stdout)
    assert Path(place).is_relative_to(site)
    with zipfile.ZipFile(wheel) as archive:
        card = json.loads(archive.read(CARD))
    assert name == "narrator-bundled"
    assert digest == card["sha256"]
    helped = subprocess.run(
        [tmp_path / "env/bin/narrator-bench", "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert helped.returncode == 0, helped.stderr
    assert "demo" in helped.stdout
