"""What a study may hold: everything is read as it stands there, or refused in one sentence with its place."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.choice import Choice
from bench.errors import UserMistake
from bench.strict_yaml import MAX_BYTES, read_yaml, write_yaml
from bench.study import parse_study, read_study

STUDY = "name: s\ndatasets: [{name: hdtf, root: clips}]\ngenerators: [still]\nmetrics: [mcd]\n"
TENFOLD = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 12)
)


def refusal(text: str) -> str:
    start = time.perf_counter()
    with pytest.raises(UserMistake) as mistake:
        parse_study(text, "s.yaml", Path("/data"))
    assert time.perf_counter() - start < 3
    said = str(mistake.value)
    assert said.startswith("s.yaml")
    assert said.endswith(".")
    assert said.isprintable()
    assert len(said) < 500
    return said


def option(value: str) -> str:
    return STUDY.replace("[still]", f"[{{name: folder, options: {{root: {value}}}}}]")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (STUDY + "metrics: [fid]\n", "the key 'metrics' stands twice, first in line 4: keep one (line 5, column 1)"),
        (STUDY + "protocol: {fps: 25, fps: 30}\n", "the key 'fps' stands twice, first in line 5"),
        (option("{a: {b: 1, b: 2}}"), "the key 'b' stands twice, first in line 3"),
        (STUDY + TENFOLD, "unfolds to more than 20,000 values"),
        (STUDY + "notes: &a [*a]\n", "the anchor 'a' contains itself (line 5"),
        (STUDY + "notes: *a\n", "undefined alias 'a'"),
        (STUDY + "notes: " + "[" * 100_000, "nested deeper than 16 levels (line 5"),
        (STUDY + "notes:\n" + "".join(f"{' ' * depth}-\n" for depth in range(1, 500)), "nested deeper than 16"),
        ("#" * (MAX_BYTES + 1), "longer than 1 MiB"),
        (STUDY + "---\n" + STUDY, "expected a single document"),
        (STUDY + "notes:\n\t- x\n", "'\\t' that cannot start any token (line 6"),
        (STUDY + "notes: [a\0]\n", "the character U+0000"),
        (STUDY + "notes: [a\x1b]\n", "the character U+001B"),
        (option('"\\0"'), "text holds the character U+0000 (line 3"),
        (option('"\\ud800"'), "text holds the character U+D800 (line 3"),
        (option('"\\e[31m"'), "text holds the character U+001B (line 3"),
        (option("!!binary aGVsbG8="), "the type 'binary' has no place in a study (line 3"),
        (option("!!set {a, b}"), "the type 'set' has no place"),
        (option("!!timestamp 2026-01-01"), "the type 'timestamp' has no place"),
        (option("!!python/name:os.system x"), "the type 'python/name:os.system' has no place"),
        (option("{1: 2}"), "the key '1' is no text: put it in quotes (line 3"),
        (option("{[a]: 2}"), "the key is no text"),
        (option("1e999"), "'1e999' is no finite number (line 3"),
        (option("!!float nan"), "'nan' is no finite number"),
        (option("9" * 5000), "a number of 5,000 digits is too long (line 3"),
        (option("!!int x"), "'x' is no whole number"),
        (STUDY + f"seed: {'9' * 5000}\n", "a number of 5,000 digits is too long (line 5"),
        (STUDY + "seed: 99999999999999999999\n", "'seed' must be less than 9223372036854775808"),
        (STUDY + "seed: 7.0\n", "'seed' must be a whole number, got 7.0"),
        (STUDY + "seed: true\n", "'seed' must be a whole number, got True"),
        (STUDY + "protocol: {fps: yes}\n", "'protocol.fps' must be a number, got 'yes'"),
        (STUDY + "protocol: {fps: true}\n", "'protocol.fps' must be a number, got True"),
        (STUDY + "protocol: {fps: '25'}\n", "'protocol.fps' must be a number, got '25'"),
        (STUDY + "protocol: {max_seconds: 1:30}\n", "'protocol.max_seconds' must be a number, got '1:30'"),
        (STUDY + "protocol: {max_seconds: .inf}\n", "'protocol.max_seconds' must be a number, got '.inf'"),
        (STUDY + "bounds: no\n", "'bounds' must be true or false, got 'no'"),
        (STUDY + "notes: one\n", "'notes' must be a list, got 'one'"),
        (STUDY.replace("[still]", "[3]"), "'generators.0' must be a mapping, got 3"),
        (STUDY.replace("[still]", "[{plugin: [1]}]"), "'generators.0.name' must be text"),
        (STUDY.replace("[still]", "[still, {name: Still, plugin: folder}]"), "generators names still twice"),
        (STUDY.replace("name: s", "name: ''"), "'name' must have at least 1 character"),
        (STUDY.replace("clips", "''"), "the path is empty: name a path"),
        (STUDY.replace("clips", "~nobody-at-all/x"), "names the home of a user who is not known here"),
        (STUDY.replace("clips", "x" * 300), "is too long"),
        (STUDY.replace("clips", "[x]"), "'datasets.0.root' must be a path"),
    ],
)
def test_what_no_study_can_mean_is_refused(text: str, says: str) -> None:
    assert says in refusal(text)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-01-01", "2026-01-01"),
        ("no", "no"),
        ("010", 10),
        ("0x10", 16),
        ("1e3", 1000.0),
        ("12:30", "12:30"),
        ("-.5", -0.5),
        ("~", None),
        ("[1, {a: true}]", [1, {"a": True}]),
        ("'a\tb'", "a\tb"),
        ("{<<: {a: 1, b: 2}, a: 3}", {"a": 3, "b": 2}),
        ("[&x {a: 1}, *x]", [{"a": 1}, {"a": 1}]),
        ("Größe 中 🙂", "Größe 中 🙂"),
    ],
)
def test_plain_words_are_read_as_they_stand(written: str, read: Any) -> None:
    assert read_yaml(f"value: {written}", "here") == {"value": read}


def test_a_byte_order_mark_is_no_part_of_a_study() -> None:
    assert parse_study("\ufeff" + STUDY, "s.yaml", Path("/data")).name == "s"


@pytest.mark.parametrize("value", [b"x", {1}, object(), {1: 2}])
def test_options_are_json_values_wherever_they_come_from(value: Any) -> None:
    with pytest.raises(ValueError, match="options"):
        Choice(name="a", plugin="a", options={"x": value})


@pytest.mark.parametrize("what", ["nothing", "folder", "pipe", "bytes", "long name", "NUL", "empty"])
def test_a_file_that_is_no_study(what: str, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "bytes":
        path.write_bytes(b"\xff\xfe" + STUDY.encode("utf-16-le"))
    odd = {"long name": Path("x" * 5000), "NUL": Path("a\0b"), "empty": tmp_path / ""}
    with pytest.raises(UserMistake, match=r"Cannot read the study|too long|U\+0000|no regular file"):
        read_study(odd.get(what, path))


@given(st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    for study in (text, STUDY + text, option(text)):
        try:
            parse_study(study, "s.yaml", Path("/data"))
        except UserMistake as mistake:
            assert str(mistake).isprintable()  # noqa: PT017 - not raising is right as well


PLAIN_TEXT = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\ufeff"), max_size=20
)
WORDS = st.sampled_from(
    ["no", "1e3", "08", "0x1", "1:30", "~", "", "null", "2026-01-01", "<<", ".inf", "=", "- a", "a: b", "*a", "&a"]
)
SCALARS = st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(-1e9, 1e9) | PLAIN_TEXT | WORDS
CONTENT = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN_TEXT | WORDS, inner, max_size=3)
)


@given(CONTENT)
@settings(max_examples=200, deadline=None)
def test_what_is_written_is_read_back(content: Any) -> None:
    assert read_yaml(write_yaml({"value": content}), "here") == {"value": content}


def test_a_study_reads_back_as_the_same_study() -> None:
    options = "{root: '1e3', words: ['no', '012', 12, 1.5e-7, true, null]}"
    study = parse_study(option("clips").replace("{root: clips}", options), "s.yaml", Path("/data"))
    assert parse_study(study.to_yaml(), "again.yaml", Path("/data")) == study
