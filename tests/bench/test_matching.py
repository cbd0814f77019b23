"""Which clips of two folders belong together, by their names alone."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bench.datasets.dataset import Sample
from bench.media.clip_file import ClipFile
from bench.scoring.found import Found
from bench.scoring.matching import by_name

NAMES = st.lists(st.text("abc019_", min_size=1, max_size=6), min_size=2, max_size=8, unique=True)


def found(*places: str) -> Found:
    """Clips at these places below a folder."""
    whole = Found()
    for place in places:
        path = Path(f"{place}.mp4")
        whole.add(place, ClipFile(path), Sample(place.replace("/", "-"), path, ""))
    return whole


def test_equal_names_are_pairs_and_nothing_is_said() -> None:
    matching = by_name(found("a", "b", "c"), found("a", "b", "x"))
    assert matching.keys == {"a": "a", "b": "b", "x": "x"}
    assert not matching.note


def test_folders_do_not_count_where_no_name_is_equal() -> None:
    matching = by_name(found("id1/a", "id2/b"), found("a", "new/b", "x"))
    assert matching.keys == {"a": "id1-a", "new-b": "id2-b", "x": "x"}
    assert matching.note


def test_a_name_that_two_clips_have_is_no_guide() -> None:
    matching = by_name(found("id1/a", "id2/a"), found("a", "b"))
    assert matching.keys == {"a": "a", "b": "b"}
    assert not matching.note


def test_a_single_name_must_be_parted_from_what_is_added() -> None:
    assert not by_name(found("a"), found("banana")).note
    assert by_name(found("a"), found("iter__a")).keys == {"iter__a": "a"}


def test_a_rule_that_fits_only_some_is_none() -> None:
    assert not by_name(found("a", "b", "c"), found("x_a", "y_b", "z_c")).note


@given(NAMES, st.text("xyz-", min_size=1, max_size=4), st.text("xyz-", max_size=4), st.booleans())
def test_one_prefix_and_one_suffix_for_all(names: list[str], prefix: str, suffix: str, turned: bool) -> None:
    """They are of letters that no name holds, so that there is one way only to find them."""
    plain, longer = found(*names), found(*(f"{prefix}{name}{suffix}" for name in names))
    real, generated = (longer, plain) if turned else (plain, longer)
    matching = by_name(real, generated)
    pairs = {(a, b) for b, a in matching.keys.items()}
    expected = {(name, f"{prefix}{name}{suffix}") for name in names}
    assert pairs == ({(b, a) for a, b in expected} if turned else expected)
    assert matching.note
