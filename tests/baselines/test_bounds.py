"""Ceiling and chance: the reference itself, and a real clip that belongs to somebody else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baselines.ceiling import Ceiling
from baselines.chance import Chance, other_speaker
from narrator.contract import GenerationFailed, Generator, Prompt, ReadsFiles, ReferenceClip, SeesDataset

datasets = st.lists(st.tuples(st.sampled_from(["ann", "bob", "cy", None]), st.booleans()), min_size=2, max_size=12).map(
    lambda drawn: [
        ReferenceClip(f"k{i}", Path(f"k{i}.mp4"), who, prompted=asked) for i, (who, asked) in enumerate(drawn)
    ]
)


def clips(*speakers: str | None) -> list[ReferenceClip]:
    return [ReferenceClip(f"k{i}", Path(f"k{i}.mp4"), who) for i, who in enumerate(speakers)]


@given(datasets, st.randoms())
def test_chance_draws_another_speaker_and_rather_one_that_takes_no_part(
    dataset: list[ReferenceClip], random: object
) -> None:
    drawn = other_speaker(dataset)
    assert set(drawn) == {clip.key for clip in dataset if clip.prompted}
    for clip in (clip for clip in dataset if clip.prompted):
        strangers = [o for o in dataset if o is not clip and (clip.speaker is None or o.speaker != clip.speaker)]
        assert drawn[clip.key] is not clip
        assert not strangers or drawn[clip.key] in strangers
        if any(not stranger.prompted for stranger in strangers):
            assert not drawn[clip.key].prompted
    shuffled = list(dataset)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert other_speaker(shuffled) == drawn


@pytest.mark.parametrize("size", range(3, 30))
def test_chance_does_not_merely_permute_the_references(size: int) -> None:
    everybody = clips(*(f"speaker{i}" for i in range(size)))
    assert len({clip.key for clip in other_speaker(everybody).values()}) < size


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


@pytest.mark.parametrize(("kind", "other"), [(Ceiling, "k0"), (Chance, "k1")])
def test_the_files_that_are_handed_over_are_inputs(
    tmp_path: Path, make_prompt: Callable[..., Prompt], kind: type[Ceiling | Chance], other: str
) -> None:
    pair = [
        ReferenceClip(key, tmp_path / f"{key}.mp4", key, tmp_path / f"{key}.flac" if key == "k1" else None)
        for key in ("k0", "k1")
    ]
    (tmp_path / "k0.wav").touch()
    generator = kind().for_dataset(pair)
    assert isinstance(generator, ReadsFiles)
    sound = {"k0": "k0.wav", "k1": "k1.flac"}[other]
    assert generator.inputs(make_prompt(key="k0")) == [tmp_path / f"{other}.mp4", tmp_path / sound]
