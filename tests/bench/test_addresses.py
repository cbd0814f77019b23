"""Addresses: told from paths, kept without secrets, and nothing that local folders pay for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.folder_study import folder_study

from bench.errors import UserMistake, without_secrets
from bench.remote.address import Address, path_or_address
from bench.study import parse_study


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("s3://bucket/a/b/", "s3://bucket/a/b"),
        ("s3://KEY:SECRET@bucket/a", "s3://bucket/a"),
        ("https://me:se%2Fcret@host:8443/a?X-Amz-Signature=1#f", "https://host:8443/a"),
        ("sftp://me@host/a@b", "sftp://host/a@b"),
        ("abfs://container@account.dfs.core.windows.net/a", "abfs://container@account.dfs.core.windows.net/a"),
        ("s3://bucket/RD_a#1", "s3://bucket/RD_a#1"),
        ("http://[::1]:80/a", "http://[::1]:80/a"),
        ("https://host?secret", "https://host"),
    ],
)
def test_addresses_are_kept_without_secrets(written: str, kept: str) -> None:
    assert str(path_or_address(written, "it")) == kept
    for word in ("SECRET", "se%2F", "Signature", "secret"):
        assert word not in without_secrets(f"{written}: failed")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("https://me:se/cret@host/a", "no number behind its ':'"),
        ("simplecache::s3://bucket/a", None),
        ("zip://a::s3://bucket/a", "chains addresses"),
        ("s3://", "names no place"),
        ("s3://a\nb", "U+000A"),
    ],
)
def test_what_is_no_address_is_refused_without_its_secrets(written: str, said: str | None) -> None:
    if said is None:
        assert isinstance(path_or_address(written, "it"), Path)
        return
    with pytest.raises(UserMistake, match=None) as mistake:
        path_or_address(written, "it")
    assert said in str(mistake.value)
    assert "cret" not in str(mistake.value)


def test_local_folders_cost_no_import(clips: Path, tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    study.write_text(yaml.safe_dump(folder_study(str(clips))))
    code = (
        "import sys; from pathlib import Path; from bench.study import read_study; from bench.run import selection;"
        f"found = selection.load_index(read_study(Path({str(study)!r})).datasets[0]);"
        "print(len(found.samples), 'fsspec' in sys.modules, 'bench.remote.mirror' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["4", "False", "False"]


def test_a_study_keeps_its_address_without_secrets() -> None:
    study = parse_study(yaml.safe_dump(folder_study("https://me:hunter2@host/a%20b/")), "it", Path("/somewhere"))
    assert "hunter2" not in study.to_yaml() + repr(study)
    assert yaml.safe_load(study.to_yaml())["datasets"][0]["root"] == "https://host/a%20b"
    again = parse_study(study.to_yaml(), "it", Path("/elsewhere"))
    assert again.datasets[0].root == Address("https://host/a%20b")
    assert again.to_yaml() == study.to_yaml()
