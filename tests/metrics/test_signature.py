"""A signature changes whenever a configuration field changes, and nothing in it is typed by hand."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.base.signature import reduction_field, signature, statistics_id


@dataclass(frozen=True)
class Crop:
    top: int = 0


@dataclass(frozen=True)
class Config:
    resize: str = "tf1"
    stride: int = 1
    crop: Crop = Crop()
    sizes: tuple[int, ...] = (1, 2)
    scale: float = 0.5
    ddof: int = reduction_field(1)


MUTATIONS = {
    "resize": "pil",
    "stride": 2,
    "crop": Crop(top=1),
    "sizes": (1, 2, 3),
    "scale": 0.25,
    "ddof": 0,
}
WEIGHTS = {"inception": "ab" * 32}


def test_every_field_is_mutated_here() -> None:
    assert set(MUTATIONS) == {field.name for field in dataclasses.fields(Config)}


@pytest.mark.parametrize("field", MUTATIONS)
def test_each_field_changes_the_signature(field: str) -> None:
    changed = dataclasses.replace(Config(), **{field: MUTATIONS[field]})
    assert signature("fid", changed, WEIGHTS) != signature("fid", Config(), WEIGHTS)
    same_statistics = statistics_id("inception", changed, WEIGHTS) == statistics_id("inception", Config(), WEIGHTS)
    assert same_statistics == (field == "ddof")


def test_name_and_weights_change_the_signature() -> None:
    base = signature("fid", Config(), WEIGHTS)
    assert signature("fid-clean", Config(), WEIGHTS) != base
    assert signature("fid", Config(), {"inception": "cd" * 32}) != base
    assert statistics_id("inception", Config(), {"inception": "cd" * 32}) != statistics_id(
        "inception", Config(), WEIGHTS
    )


def test_nested_configurations_of_equal_fields_differ_by_their_class() -> None:
    @dataclass(frozen=True)
    class Pad:
        top: int = 0

    padded = dataclasses.replace(Config(), crop=Pad())
    assert signature("fid", padded, {}) != signature("fid", Config(), {})
    assert statistics_id("inception", padded, {}) != statistics_id("inception", Config(), {})


def test_signature_reads_well() -> None:
    text = signature("fid", Config(), WEIGHTS)
    assert text.startswith(
        "fid|resize:tf1|stride:1|crop:Crop{top:0}|sizes:(1,2)|scale:0.5|ddof:1|weights:inception@abababababab|version:"
    )


plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@dataclass(frozen=True)
class Anything:
    first: object
    second: object


@given(st.tuples(plain, plain), st.tuples(plain, plain))
def test_different_values_never_share_a_signature(one: tuple[object, object], other: tuple[object, object]) -> None:
    if repr(one) != repr(other):
        assert signature("m", Anything(*one), {}) != signature("m", Anything(*other), {})


def test_what_has_no_lasting_text_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot hold a list"):
        signature("m", Anything([1], 2), {})
    with pytest.raises(TypeError, match="finite"):
        signature("m", Anything(float("nan"), 2), {})

    @dataclass
    class Thawed:
        field: int = 1

    with pytest.raises(TypeError, match="frozen"):
        signature("m", Thawed(), {})
