"""Intelligibility: the package's value where it has one, a reason where it has none."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable

import numpy as np
import pystoi
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.audio import long_stoi, stoi
from metrics.audio.functional import short_time_objective_intelligibility
from metrics.audio.stoi import CONVENTIONS, ShortTimeObjectiveIntelligibility
from metrics.base.metric import Unmeasurable

RATE = 16000


@pytest.mark.shared
@pytest.mark.parametrize(("convention", "extended"), [("stoi", False), ("estoi", True)])
def test_the_package_gives_the_same(speech: Callable, convention: str, extended: bool) -> None:
    reference, generated = speech("generated/nfy_man.mp4", 4), speech("generated/nfy_oldMan.mp4", 3)
    expected = pystoi.stoi(reference[: len(generated)], generated, RATE, extended=extended)
    assert short_time_objective_intelligibility(generated, reference, RATE, convention) == pytest.approx(
        expected, abs=1e-6
    )


@pytest.mark.parametrize("rate", [8000, 10000, 16000, 22050, 48000])
def test_any_sample_rate(voiced: np.ndarray, rate: int) -> None:
    noisy = voiced + np.random.default_rng(1).normal(size=len(voiced)).astype(np.float32) * 0.05
    expected = pystoi.stoi(voiced.astype(np.float64), noisy.astype(np.float64), rate)
    assert short_time_objective_intelligibility(noisy, voiced, rate) == pytest.approx(expected, abs=1e-9)


@settings(deadline=None, max_examples=12)
@given(
    st.floats(1, 6), st.sampled_from([8000, 10000, 16000, 22050]), st.integers(1, 90), st.booleans(), st.integers(0, 99)
)
def test_long_sound_in_parts_gives_the_packages_value(
    seconds: float, rate: int, part: int, extended: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    times = np.arange(int(seconds * rate)) / rate
    audible = np.sin(2 * np.pi * 0.7 * times + seed) > -0.5
    clean = (audible * np.sin(1500 * times + 20 * np.sin(5 * times)) + 1e-4 * random.normal(size=len(times))) / 10
    sides = [(clean + noise * random.normal(size=len(times))).astype(np.float32) for noise in (0, 0.05)]
    config = CONVENTIONS["estoi" if extended else "stoi"]
    values = []
    for whole in (stoi.WHOLE, 0):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(stoi, "WHOLE", whole)
            patched.setattr(long_stoi, "PART", part)
            values.append(stoi.intelligibility(*sides, rate, config))
    assert values[1] == pytest.approx(values[0], rel=0, abs=1e-13)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_clip_is_intelligible_as_itself(voiced: np.ndarray, convention: str) -> None:
    assert short_time_objective_intelligibility(voiced, voiced, RATE, convention) == pytest.approx(1, abs=1e-6)


def test_estoi_is_reproducible_and_leaves_the_global_generator_alone(voiced: np.ndarray) -> None:
    noisy = voiced + np.random.default_rng(1).normal(size=len(voiced)).astype(np.float32) * 0.05
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (short_time_objective_intelligibility(noisy, voiced, RATE, "estoi") for _ in range(2))
    assert first == second
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@settings(deadline=None, max_examples=60)
@given(st.integers(3500, 9000), st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_refused_exactly_where_the_package_gives_its_filler_value(samples: int, silent: int, seed: int) -> None:
    """Around 30 audible frames, where pystoi warns and answers 1e-5."""
    clean = np.random.default_rng(seed).normal(size=samples).astype(np.float32)
    clean[: silent * 64] *= 1e-4
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        theirs = pystoi.stoi(clean.astype(np.float64), clean.astype(np.float64), 10000)
    if any("Not enough STFT frames" in str(warning.message) for warning in caught):
        assert theirs == 1e-5
        with pytest.raises(Unmeasurable, match=r"intelligibility needs 30|at least"):
            short_time_objective_intelligibility(clean, clean, 10000)
    else:
        assert short_time_objective_intelligibility(clean, clean, 10000) == pytest.approx(theirs, abs=1e-9)


def test_one_burst_in_silence_is_no_speech(voiced: np.ndarray) -> None:
    burst = np.zeros(32000, np.float32)
    burst[8000:9000] = voiced[8000:9000]
    with pytest.raises(Unmeasurable, match="frames of speech in the reference"):
        short_time_objective_intelligibility(voiced, burst, RATE)


@pytest.mark.parametrize(
    ("waveform", "reason"),
    [
        (np.zeros(16000, np.float32), "silent"),
        (np.zeros(0, np.float32), "0.000 s long"),
        (np.ones(1, np.float32), "0.000 s long"),
        (np.ones(6000, np.float32), "0.375 s long"),
        (np.array([*np.random.default_rng(0).normal(size=16000), np.nan], np.float32), "NaN"),
    ],
    ids=["silent", "empty", "one sample", "short", "nan"],
)
def test_what_cannot_be_measured_says_why(voiced: np.ndarray, waveform: np.ndarray, reason: str) -> None:
    for pair in ((waveform, voiced), (voiced, waveform)):
        with pytest.raises(Unmeasurable, match=reason):
            short_time_objective_intelligibility(*pair, RATE)


def test_silence_in_what_is_compared_is_no_zero(voiced: np.ndarray) -> None:
    """A reference that starts with a second of silence, against a clip of half a second."""
    late = np.concatenate([np.zeros(16000, np.float32), voiced])
    for side, pair in (("reference", (voiced[:8000], late)), ("generated clip", (late, voiced[:8000]))):
        with pytest.raises(Unmeasurable, match=rf"^the {side} is silent in the 0.50 s that both have"):
            short_time_objective_intelligibility(*pair, RATE)


def test_loud_and_clipped_sound_is_measured(voiced: np.ndarray) -> None:
    assert short_time_objective_intelligibility(voiced * np.float32(10), voiced, RATE) == pytest.approx(1, abs=1e-6)
    assert 0.5 < short_time_objective_intelligibility(np.clip(voiced * 20, -1, 1), voiced, RATE) < 1


def test_the_short_one_is_to_blame(voiced: np.ndarray) -> None:
    """Two fifths of a second against two whole ones: either way round the clip that is short is named."""
    with pytest.raises(Unmeasurable) as cut:
        short_time_objective_intelligibility(voiced[:6450], voiced, RATE)
    assert str(cut.value) == (
        "the generated clip is 0.40 s long, the reference 2.00 s: 29 frames of speech in what both have, "
        "intelligibility needs 30"
    )
    with pytest.raises(Unmeasurable, match=r"^29 frames of speech in the reference, intelligibility needs 30$"):
        short_time_objective_intelligibility(voiced, voiced[:6450], RATE)


def test_what_a_table_must_say() -> None:
    remarks = {name: ShortTimeObjectiveIntelligibility(name).remark for name in CONVENTIONS}
    assert remarks["stoi"] == remarks["estoi"]
    assert remarks["stoi"].startswith("STOI compares waveforms in time")
    assert remarks["stoi-dtw"] == ""


@pytest.mark.shared
def test_alignment_undoes_a_pause(speech: Callable) -> None:
    """The same words with half a second of pause in the middle: ruined for the usual form, fine once aligned."""
    clean = speech("speech/LJ001-0004.wav", 4)
    pause = np.random.default_rng(0).normal(size=8000).astype(np.float32) * 1e-4
    delayed = np.concatenate([clean[:30000], pause, clean[30000:]])
    cut = short_time_objective_intelligibility(delayed, clean, RATE)
    aligned = short_time_objective_intelligibility(delayed, clean, RATE, "stoi-dtw")
    assert cut < 0.7
    assert aligned > 0.9


@pytest.mark.shared
def test_chance_is_far_from_the_ceiling(speech: Callable) -> None:
    """Speech against other speech: what a table shows beside the values that generators reach."""
    files = ("LJ001-0001.wav", "LJ001-0004.wav", "arctic_a0009.wav", "libri_2412-153948-0000.flac")
    clips = [speech(f"speech/{file}") for file in files]
    wrong = [short_time_objective_intelligibility(clips[i - 1], clips[i], RATE) for i in range(4)]
    assert -0.1 < np.mean(wrong) < 0.25


def test_two_sample_rates_are_refused(voiced: np.ndarray) -> None:
    metric = ShortTimeObjectiveIntelligibility()
    statistics = []
    for rate in (16000, 22050):
        observer = metric.observe()
        observer.waveform(voiced, rate)
        statistics.append(observer.finish()())
    with pytest.raises(ValueError, match="two sample rates"):
        metric.compare(*statistics)


def test_as_a_torchmetrics_metric(voiced: np.ndarray) -> None:
    generator = torch.Generator().manual_seed(0)
    clean = torch.from_numpy(voiced)[None].repeat(2, 1)
    noisy = clean + torch.randn(clean.shape, generator=generator) * 0.1
    metric = ShortTimeObjectiveIntelligibility()
    assert metric.higher_is_better is True
    metric.update(noisy, clean, sample_rate=RATE)
    each = [short_time_objective_intelligibility(n.numpy(), c.numpy(), RATE) for n, c in zip(noisy, clean, strict=True)]
    assert metric.compute().item() == pytest.approx(np.mean(each))
    assert pickle.loads(pickle.dumps(metric)).compute() == metric.compute()
    shared_id = {ShortTimeObjectiveIntelligibility(name).statistics_id for name in CONVENTIONS}
    assert len(shared_id) == 1
