"""Keys: safe as file names on every system, never shared, and a clip's own whatever else lies there."""

from __future__ import annotations

import string
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench.datasets.folder import Folder
from bench.datasets.keys import safe_keys

ALLOWED = set(string.ascii_letters + string.digits + "._+-")
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}

anything = st.text(st.characters(codec=None, categories=None), min_size=1, max_size=130)
hostile = st.sampled_from(
    ["a b", "a_b", "a_b-c8687a08", "A", "a", "a.", "a ", ".a", "-a", "é", unicodedata.normalize("NFD", "é"), "ß", "ss",
     "SS", "CON", "con", "_con", "con.x", "nul.tar", "lpt1", "COM0.view", "x.view", "x", "İ", "i", "\udcff",
     "\ud83d\ude00", "\U0001f600", "x" * 100, "x" * 101, "..", "-", "_", "clip"]
)  # fmt: skip
near = st.text("aA-._ ", min_size=1, max_size=3)
names = st.lists(anything | hostile | near, unique=True, max_size=40)


@given(names)
@example(["a b", "a_b-c8687a08"])
@example(["a b", "a_b-c8687a08", safe_keys(["a b", "a_b-c8687a08"])[1]])
def test_keys_are_safe_unique_and_independent_of_order(names: list[str]) -> None:
    keys = safe_keys(names)
    assert all(set(key) <= ALLOWED and 0 < len(key) <= 100 and key[0] not in ".-" for key in keys)
    assert not any(key.endswith((".", ".view")) or key.lower().partition(".")[0] in DEVICES for key in keys)
    assert len({key.casefold() for key in keys}) == len(names)
    assert safe_keys(names[::-1]) == keys[::-1]


@given(st.lists(st.tuples(hostile | near, anything), unique_by=lambda pair: pair[1], max_size=20))
def test_clips_of_one_name_have_keys_of_their_own(clips: list[tuple[str, str]]) -> None:
    keys = safe_keys([name for name, _ in clips], [place for _, place in clips])
    assert len({key.casefold() for key in keys}) == len(clips)


@given(names)
def test_a_key_is_the_clips_own_unless_another_would_share_it(names: list[str]) -> None:
    alone = [safe_keys([name])[0] for name in names]
    shared = {key.lower() for key in alone if [other.lower() for other in alone].count(key.lower()) > 1}
    if not shared:
        assert safe_keys(names) == alone


@pytest.mark.parametrize("name", ["00109", "id00012-21Uxsk56VDQ-00001", "RD_Radio11_000", "_sPYDzoLA_c_6", "Contact"])
def test_ordinary_names_are_their_own_keys(name: str) -> None:
    assert safe_keys([name]) == [name]


def clips(root: Path, **content: bytes) -> Path:
    for name, held in content.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".mp4").write_bytes(held)
    return root


def loaded(root: Path) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    index = Folder().load(root)
    samples = {sample.path.relative_to(root).as_posix(): sample.key for sample in index.samples}
    return samples, [(f.subject, f.reason, f.detail) for f in index.findings]


def test_different_clips_of_one_name_are_both_samples(tmp_path: Path) -> None:
    samples, findings = loaded(clips(tmp_path, **{"a__b": b"one", "a-b": b"two", "c": b"three"}))
    assert set(samples) == {"a/b.mp4", "a-b.mp4", "c.mp4"}
    assert len(set(samples.values())) == 3
    assert samples["c.mp4"] == "c"
    assert all(key.startswith("a-b-") for path, key in samples.items() if path != "c.mp4")
    assert findings == []
    more, _ = loaded(clips(tmp_path, **{"0__d": b"four", "zz": b"five"}))
    assert samples.items() <= more.items()  # other files change no key


def test_equal_clips_of_one_name_are_copies(tmp_path: Path) -> None:
    samples, findings = loaded(clips(tmp_path, **{"a__b": b"same", "a-b": b"same"}))
    assert samples == {"a-b.mp4": "a-b"}
    assert findings == [("a/b.mp4", "a second copy of a clip", "the first is a-b.mp4")]


def test_equal_pictures_with_different_sound_are_no_copies(tmp_path: Path) -> None:
    clips(tmp_path, **{"a__b": b"same", "a-b": b"same"})
    for path, sound in ((tmp_path / "a/b.wav", b"hello"), (tmp_path / "a-b.wav", b"goodbye")):
        path.write_bytes(sound)
    assert len(loaded(tmp_path)[0]) == 2


def test_a_marked_key_that_is_another_clips_name(tmp_path: Path) -> None:
    samples, _ = loaded(clips(tmp_path, **{"a b": b"one", "a_b-c8687a08": b"two"}))
    assert len(set(samples.values())) == 2
