"""Growth: the exponent that was planted comes out, and what cannot be fitted says why."""

from __future__ import annotations

import pytest
from support.simulated import Simulated, SimulatedClock, session

from bench.errors import UserMistake
from bench.profiling.growth import ROUNDS, Variation, grown, read_variation
from narrator.contract import Narration, Prompt


class Wordy(Simulated):
    """Makes a chunk for each text, of the image's size, and takes a power of both."""

    def __call__(self, prompt: Prompt) -> Narration:
        self.chunks = prompt.text.count("text")
        pixels = prompt.image.shape[0] * prompt.image.shape[1]
        self.drawing = lambda n, p: self.chunks**0.5 * pixels**1.2
        narration = super().__call__(prompt)
        frames = (
            chunk[:, :1, :1].repeat(prompt.image.shape[0], 1).repeat(prompt.image.shape[1], 2)
            for chunk in narration.chunks()
        )
        return Narration(frames, 25.0, narration.waveform, 16000)


@pytest.mark.parametrize(
    ("written", "unit", "planted"),
    [("length=1,2,4", "s of clip", 1.5), ("resolution=1,2,4", "pixels", 1.2)],
)
def test_planted_exponents_come_out(written: str, unit: str, planted: float) -> None:
    subject = Wordy(SimulatedClock(), speech=lambda n, p: 0.0).subject()
    told = grown(subject, lambda level: subject, read_variation(written), session(4))
    assert told.exponent is not None
    assert told.exponent.value == pytest.approx(planted, abs=0.02)
    assert told.unit == unit
    assert len(told.levels) == len(told.seconds) == 3 * ROUNDS


def test_options_are_varied_by_building_anew() -> None:
    clock = SimulatedClock()
    subjects = {
        level: Simulated(clock, speech=lambda n, p, level=level: 0.1 * level**2, chunks=0).subject()  # type: ignore[misc]
        for level in (2.0, 4.0, 8.0)
    }
    told = grown(subjects[2.0], subjects.__getitem__, Variation("steps", (2.0, 4.0, 8.0)), session(1))
    assert told.exponent is not None
    assert told.exponent.value == pytest.approx(2.0)


def test_what_does_not_vary_has_no_exponent() -> None:
    subject = Simulated(SimulatedClock()).subject()
    told = grown(subject, lambda level: subject, read_variation("resolution=1,2,4"), session(1))
    assert (told.exponent, told.missing) == (None, "what it makes has fewer than 3 different pixels")
    never = Simulated(SimulatedClock(), fails=lambda n, p: True).subject()
    told = grown(never, lambda level: never, read_variation("length=1,2,3"), session(1))
    assert told.missing == "at length 1: it had to fail"


@pytest.mark.parametrize(
    "written", ["steps", "steps=1,2", "=1,2,3", "steps=1,2,two", "steps=1,1,2", "steps=-1,2,3", "length=1,1.5,2"]
)
def test_variations_that_are_none(written: str) -> None:
    with pytest.raises(UserMistake, match="--vary"):
        read_variation(written)
