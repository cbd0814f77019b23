"""Every field of every configuration takes what it can use and refuses the rest in a sentence that names it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.audio.cepstral_features import LogMelCepstrum, WorldMelCepstrum
from metrics.audio.embeddings.kaiser_sinc import RESAMPY
from metrics.base.ranges import Configuration, Range
from metrics.base.signature import signature
from metrics.builtin import METRICS


def nested(config: Any) -> Iterator[Any]:
    """A configuration and all that it holds."""
    yield config
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            yield from nested(value)


def concrete(kind: type) -> Iterator[type]:
    """The dataclasses below a class."""
    for below in kind.__subclasses__():
        yield from concrete(below)
        if dataclasses.is_dataclass(below):
            yield below


CONFIGURATIONS = list(
    dict.fromkeys(
        part
        for config in [
            *(METRICS[name].conventions[name] for name in METRICS),
            WorldMelCepstrum(),
            LogMelCepstrum(),
            RESAMPY,
        ]
        for part in nested(config)
    )
)
FIELDS = [(config, field.name) for config in CONFIGURATIONS for field in dataclasses.fields(config)]
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, -3, 2**63, 10**400, 10**5000, float("nan"), float("inf"), -float("inf"), 1e308, -0.0]),
    st.floats(),
    st.text(max_size=100),
    st.lists(st.integers(), max_size=2),
    st.tuples(st.integers()),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=1),
    st.binary(max_size=3),
    st.sampled_from(CONFIGURATIONS),
    st.just(object()),
)


def test_every_configuration_checks_itself() -> None:
    assert all(isinstance(config, Configuration) for config in CONFIGURATIONS)
    ours = {kind for kind in concrete(Configuration) if kind.__module__.startswith("metrics.")}
    assert {type(config) for config in CONFIGURATIONS} == ours


@pytest.mark.parametrize("config", CONFIGURATIONS, ids=lambda config: type(config).__name__)
def test_every_number_has_its_range(config: Any) -> None:
    for name, kind in get_type_hints(type(config), include_extras=True).items():
        if name in {field.name for field in dataclasses.fields(config)}:
            assert not {int, float} & {kind, *get_args(kind)} or get_origin(kind) is Annotated, name


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(FIELDS), ANYTHING)
def test_a_value_is_refused_in_a_sentence_or_can_be_signed(field: tuple[Any, str], value: Any) -> None:
    config, name = field
    try:
        made = dataclasses.replace(config, **{name: value})
    except ValueError as error:
        sentence = str(error)
        assert name in sentence or "alignment='dtw' requires energy=False" in sentence
        assert len(sentence) < 300
        assert "\n" not in sentence
    else:
        assert signature("m", made, {}).startswith("m|")
        assert type(getattr(made, name)) in (bool, int, float, str, type(None)) or dataclasses.is_dataclass(
            getattr(made, name)
        )


@pytest.mark.parametrize("value", [True, "1", 1.0, float("nan"), float("inf"), [1], None, 0, -3])
def test_no_stride_but_a_whole_number(value: Any) -> None:
    with pytest.raises(ValueError, match="stride must be a whole number of at least 1, got "):
        METRICS["fid"].conventions["fid"].__class__(stride=value)


def test_a_whole_number_for_a_fraction_signs_as_one() -> None:
    kind = type(METRICS["fid"].conventions["fid"])
    assert signature("fid", kind(offset=128), {}) == signature("fid", kind(offset=128.0), {})


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (Range(1), "of at least 1"),
        (Range(most=2), "of at most 2"),
        (Range(1, 2), "from 1 to 2"),
        (Range(above=0), "above 0"),
        (Range(above=0, most=1), "above 0 and at most 1"),
    ],
)
def test_ranges_read_well(bounds: Range, words: str) -> None:
    assert str(bounds) == words
