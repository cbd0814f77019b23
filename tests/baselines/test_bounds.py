"""Ceiling and chance: the reference itself, and a real clip that belongs to somebody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baselines.ceiling import Ceiling
from baselines.chance import Chance, other_speaker
from narrator.contract import GenerationFailed, Generator, Prompt, ReferenceClip, SeesDataset

datasets = st.lists(st.sampled_from(["ann", "bob", "cy", "dee", None]), min_size=2, max_size=12).map(
    lambda speakers: [ReferenceClip(f"k{i}", Path(f"/clips/k{i}.mp4"), who) for i, who in enumerate(speakers)]
)


def clips(*speakers: str | None) -> list[ReferenceClip]:
    return [ReferenceClip(f"k{i}", Path(f"k{i}.mp4"), who) for i, who in enumerate(speakers)]


@given(datasets, st.randoms())
def test_chance_is_a_derangement_that_avoids_the_own_speaker(dataset: list[ReferenceClip], random: object) -> None:
    drawn = other_speaker(dataset)
    assert sorted(clip.key for clip in drawn.values()) == sorted(drawn) == sorted(clip.key for clip in dataset)
    assert all(clip.key != key for key, clip in drawn.items())
    speaker = {clip.key: clip.speaker for clip in dataset}
    own = sum(clip.speaker is not None and clip.speaker == speaker[key] for key, clip in drawn.items())
    owned = Counter(clip.speaker for clip in dataset if clip.speaker)
    largest = max(owned.values(), default=0)
    assert own == max(0, 2 * largest - len(dataset))
    shuffled = list(dataset)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert other_speaker(shuffled) == drawn


def test_chance_needs_two_clips() -> None:
    with pytest.raises(GenerationFailed, match="at least two clips"):
        Chance().for_dataset(clips("ann"))


def test_chance_answers_with_the_other_clip(make_prompt: Callable[..., Prompt]) -> None:
    chance = Chance().for_dataset(clips("ann", "bob"))
    assert chance(make_prompt(key="k0")).path == Path("k1.mp4")
    with pytest.raises(GenerationFailed, match="no clip 'k9'"):
        chance(make_prompt(key="k9"))


def test_ceiling_answers_with_the_reference(make_prompt: Callable[..., Prompt]) -> None:
    ceiling = Ceiling().for_dataset(clips("ann", "bob"))
    assert ceiling(make_prompt(key="k1")).path == Path("k1.mp4")
    with pytest.raises(GenerationFailed, match="no reference clip 'k9'"):
        ceiling(make_prompt(key="k9"))


@pytest.mark.parametrize("kind", [Ceiling, Chance])
def test_both_keep_the_contract(kind: type[Ceiling | Chance]) -> None:
    generator = kind()
    assert isinstance(generator, Generator)
    assert isinstance(generator, SeesDataset)
    assert generator.for_dataset(clips("ann", "bob")) is not generator
