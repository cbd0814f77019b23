"""Splits keep people apart, agree between datasets, and are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.datasets.dataset import DatasetIndex, Sample
from bench.datasets.identities import identities, identity
from bench.datasets.splits import SplitRule, divide, read_split, write_split
from bench.errors import UserMistake


def index_of(speakers: list[str | None], name: str = "voxceleb") -> DatasetIndex:
    samples = (Sample(f"clip{k:03d}", Path(f"{k}.mp4"), "none", speaker=s) for k, s in enumerate(speakers))
    return DatasetIndex(name, Path("root"), tuple(samples), ())


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(0, 5))
def test_a_speaker_is_on_one_side_whatever_else_there_is(people: list[int], seed: int) -> None:
    rule = SplitRule(seed=seed, test=0.3, dev=0.2)
    index = index_of([f"id{person:05d}" for person in people])
    sides = divide(index, rule).sides
    by_person = {s.speaker: sides[s.key] for s in index.samples}
    assert all(sides[s.key] == by_person[s.speaker] for s in index.samples)
    alone = divide(index_of([f"id{people[0]:05d}"], "fakeavceleb"), rule).sides
    assert alone["clip000"] == by_person[f"id{people[0]:05d}"]  # the same person in another dataset


def test_shares_are_met_where_there_are_many_and_seeds_differ() -> None:
    index = index_of([f"id{person:05d}" for person in range(2000)])
    sides = divide(index, SplitRule(test=0.2, dev=0.1)).sides
    counts = {side: list(sides.values()).count(side) / 2000 for side in ("train", "dev", "test")}
    assert counts["test"] == pytest.approx(0.2, abs=0.03)
    assert counts["dev"] == pytest.approx(0.1, abs=0.03)
    assert divide(index, SplitRule(seed=1)).sides != divide(index, SplitRule(seed=2)).sides


def test_the_papers_rule_mixes_speakers_and_says_so() -> None:
    index = index_of([f"id{k % 5:05d}" for k in range(50)])
    split = divide(index, SplitRule(by="clip"))
    assert list(split.sides.values()).count("train") == 40
    sides = [{split.sides[s.key] for s in index.samples if s.speaker == f"id{k:05d}"} for k in range(5)]
    both = sum(len(found) == 2 for found in sides)
    assert both >= 3
    assert any(f"as the paper splits: {both} of 5 speakers are on both sides" in said for said in split.warnings)
    assert (
        divide(index, SplitRule(by="speaker")).warnings == ()
        or "no clip is on" in divide(index, SplitRule()).warnings[0]
    )


def test_unknown_speakers_and_empty_sides_are_told() -> None:
    warnings = divide(index_of([None, None, "id00001"]), SplitRule(test=0.0001)).warnings
    assert "2 clips name no speaker" in warnings[0]
    assert "no clip is on the side 'test'" in warnings[1]
    with pytest.raises(ValueError, match=r"test is 0\.9 and dev 0\.2"):
        SplitRule(test=0.9, dev=0.2)


def test_the_datasets_own_sides() -> None:
    samples = (Sample("a", Path("a"), "none", split="test"), Sample("b", Path("b"), "none", split="val"))
    split = divide(DatasetIndex("hdtf", Path(), samples, ()), SplitRule(by="dataset"))
    assert split.sides == {"a": "test"}
    assert any("tells no side of 1 clips" in said for said in split.warnings)


def test_people_are_the_same_in_datasets_that_share_them() -> None:
    vox, hdtf = Sample("a", Path("a"), "none", speaker="id00017"), Sample("b", Path("b"), "none", speaker="Obama")
    assert identity(vox, "voxceleb") == identity(vox, "fakeavceleb") == "voxceleb:id00017"
    assert identity(hdtf, "hdtf") != identity(hdtf, "celebvhq")
    prepared = Sample("b", Path("b"), "none", speaker="Obama", metadata={"dataset": "hdtf"})
    assert identity(prepared, "folder") == identity(hdtf, "hdtf")
    assert identity(Sample("c", Path("c"), "none"), "hdtf") is None
    assert list(identities(index_of(["id00002", "id00001", "id00002"]))) == ["voxceleb:id00001", "voxceleb:id00002"]


def test_a_split_is_written_and_read(tmp_path: Path) -> None:
    index = index_of([f"id{k:05d}" for k in range(20)])
    split = divide(index, SplitRule(test=0.5))
    write_split(tmp_path / "split.csv", index, split)
    assert read_split(tmp_path / "split.csv", index).sides == split.sides
    text = (tmp_path / "split.csv").read_text()
    (tmp_path / "split.csv").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert read_split(tmp_path / "split.csv", index).sides == split.sides
    (tmp_path / "split.csv").write_text("\n".join(text.splitlines()[:11]) + "\nabsent,id9,train\n")
    partly = read_split(tmp_path / "split.csv", index)
    assert len(partly.sides) == 10
    assert partly.warnings == (
        "split.csv: 1 clips that it lists are not on disk", "split.csv: 10 clips on disk are not in it and take no part"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("key,speaker\nclip000,a\n", "lacks the column split"),
        ("key,split\nclip000,tets\n", r"line 2: 'tets' is no side.*Did you mean: test"),
        ("key,split\nclip000,test\nclip000,train\n", "line 3: 'clip000' is in two sides"),
        ("key,split\nother,test\n", "names none of the 1 clips"),
        ("", "lacks the column key and split"),
    ],
)
def test_a_bad_split_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "split.csv").write_text(text)
    with pytest.raises(UserMistake, match=says):
        read_split(tmp_path / "split.csv", index_of(["a"]))
