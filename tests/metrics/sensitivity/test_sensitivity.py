"""Every metric grows worse with each of five strengths of the damages that it exists for, on real clips."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from support.damage_curves import EXISTS_FOR, Curve, Panel, real_frames, real_speech, talking_clips
from support.damages import FASTER, REVERSAL, SHUFFLE, Damage

from bench import plugins

FAD = ("fad-ge2e", "fad-speech", "fad-mn04")
MUST_NOTICE = [
    pytest.param(
        name,
        damage,
        marks=[pytest.mark.weights] * (name in ("fid", "fvd", *FAD)) + [pytest.mark.slow] * (name == "fvd"),
        id=f"{name}-{damage.name}",
    )
    for name, damages in EXISTS_FOR.items()
    for damage in damages
]
Answer = Callable[[str, Damage], Curve]


@pytest.fixture(scope="module")
def answer(shared: Path) -> Iterator[Answer]:
    """`answer(name, damage)`: the metric's curve on as few real clips as show it; audio metrics answer together."""
    files = talking_clips(shared)

    @cache
    def panel(names: tuple[str, ...]) -> Panel:
        metrics = [plugins.make("metric", name, {}) for name in names]
        if "audio" in metrics[0].modalities:
            return Panel(metrics, [real_speech(file, 3) for file in files[:4]])
        clips = [real_frames(file, 16) for file in files[:3]]
        # Inception takes its time on every frame, I3D on every sixteen.
        return Panel(metrics, {"fid": [clip[::6] for clip in clips], "fvd": clips[:2]}.get(names[0], clips))

    @cache
    def curves(names: tuple[str, ...], damage: Damage) -> dict[str, Curve]:
        return panel(names).under(damage)

    def curve(name: str, damage: Damage) -> Curve:
        together = next((group for group in (FAD, ("mcd", "stoi", "estoi", "stoi-dtw")) if name in group), (name,))
        return curves(together, damage)[name]

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("NARRATOR_BENCH_WEIGHTS", str(shared / "weights"))
        yield curve


@pytest.mark.shared
@pytest.mark.parametrize(("name", "damage"), MUST_NOTICE)
def test_grows_worse_at_every_step(answer: Answer, name: str, damage: Damage) -> None:
    curve = answer(name, damage)
    assert curve.monotone == "yes", curve


@pytest.mark.shared
@pytest.mark.weights
def test_fid_is_blind_to_the_order_of_frames(answer: Answer) -> None:
    """The same pictures in another order are the same set."""
    curve = answer("fid", SHUFFLE)
    assert curve.monotone == "blind", curve


@pytest.mark.shared
def test_stoi_without_alignment_loses_faster_speech_at_once(answer: Answer) -> None:
    """Cut to the shorter it compares different words, and every strength looks alike."""
    curve = answer("stoi", FASTER)
    assert curve.monotone == "no", curve
    assert max(curve.values[1:]) < 0.3, curve


@pytest.mark.shared
@pytest.mark.weights
def test_fad_hears_fewer_seams_in_longer_reversed_stretches(answer: Answer) -> None:
    curve = answer("fad-mn04", REVERSAL)
    assert curve.monotone == "no", curve


@pytest.mark.parametrize(
    ("values", "higher_is_better", "monotone"),
    [
        ((0, 1, 2, 3, 4, 5), False, "yes"),
        ((0, 1, 2, 3, 4, 5), True, "no"),
        ((1, 0.9, 0.8, 0.7, 0.6, 0.5), True, "yes"),
        ((0, 1, 2, 2, 4, 5), False, "no"),
        ((0, 0, 2, 3, 4, 5), False, "no"),
        ((0, 1e-14, 2e-14, 3e-14, 4e-14, 5e-14), False, "blind"),
    ],
)
def test_verdict(values: tuple[float, ...], higher_is_better: bool, monotone: str) -> None:
    assert Curve(values, higher_is_better).monotone == monotone
