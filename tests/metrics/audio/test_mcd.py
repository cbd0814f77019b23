"""Mel-cepstral distortion: parity with pymcd, level, identity, and inputs that have no score."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from metrics.audio.cepstral_features import WorldMelCepstrum
from metrics.audio.functional import mel_cepstral_distortion
from metrics.audio.mcd import (
    CONVENTIONS,
    MelCepstralDistortion,
    MelCepstralDistortionConfig,
    distortion,
    mel_cepstra,
)
from metrics.base.metric import Unmeasurable

RATE = 16000
PAIRS = [
    ("generated/nfy_man.mp4", 4.0, "generated/nfy_Woman.mp4", 3.1),
    ("speech/LJ001-0002.wav", 1.5, "speech/LJ002-0020.wav", 1.4),
]

GOLDENS = {
    "mcd-no-floor": 13.8010209686721,
    "mcd-80": 67.77615524718145,
    "mcd-pymcd-plain": 7.676387063572729,
    "mcd-pymcd-dtw": 7.698598129911042,
    "mcd-pymcd-dtw-sl": 8.210473005570021,
}


def pymcd(mode: str, reference: np.ndarray, generated: np.ndarray, folder: Path, rate: int = RATE) -> float:
    soundfile = pytest.importorskip("soundfile")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        package = pytest.importorskip("pymcd.mcd")
    paths = [folder / "reference.wav", folder / "generated.wav"]
    for path, waveform in zip(paths, (reference, generated), strict=True):
        soundfile.write(path, waveform, rate, subtype="FLOAT")
    return float(package.Calculate_MCD(mode).calculate_mcd(*map(str, paths)))


@pytest.mark.shared
@pytest.mark.parametrize("pair", PAIRS, ids=["generated", "lj"])
@pytest.mark.parametrize("mode", ["plain", "dtw", "dtw_sl"])
def test_the_package_gives_the_same(speech: Callable, tmp_path: Path, pair: tuple, mode: str) -> None:
    reference, generated = speech(*pair[:2]), speech(*pair[2:])
    ours = mel_cepstral_distortion(generated, reference, RATE, f"mcd-pymcd-{mode.replace('_', '-')}")
    assert ours == pytest.approx(pymcd(mode, reference, generated, tmp_path), abs=1e-6)
    swapped = mel_cepstral_distortion(reference, generated, RATE, f"mcd-pymcd-{mode.replace('_', '-')}")
    assert swapped == pytest.approx(pymcd(mode, generated, reference, tmp_path), abs=1e-6)


@pytest.mark.shared
@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 192000])
def test_the_package_gives_the_same_at_the_files_own_rate(speech: Callable, tmp_path: Path, rate: int) -> None:
    reference, generated = speech(PAIRS[0][0], 2, rate), speech(PAIRS[0][2], 1.5, rate)
    ours = mel_cepstral_distortion(generated, reference, rate, "mcd-pymcd-plain")
    assert ours == pytest.approx(pymcd("plain", reference, generated, tmp_path, rate), abs=1e-6)


def test_what_is_named_after_a_package_hears_the_files_own_rate() -> None:
    native = {name for name in CONVENTIONS if MelCepstralDistortion(name).native_audio}
    assert native == {"mcd-pymcd-plain", "mcd-pymcd-dtw", "mcd-pymcd-dtw-sl"}
    assert all("|native_audio:True|" in MelCepstralDistortion(name).signature for name in native)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("rate", [8000, 44100, 96000, 192000])
def test_any_sample_rate(voiced: np.ndarray, convention: str, rate: int) -> None:
    noise = np.random.default_rng(1).normal(size=len(voiced)) * 0.02
    assert 0 < mel_cepstral_distortion((voiced + noise).astype(np.float32), voiced, rate, convention) < 100


def test_two_sample_rates_have_no_distortion_unless_both_are_resampled(voiced: np.ndarray) -> None:
    for name, comparable in (("mcd", False), ("mcd-pymcd-dtw", True)):
        metric = MelCepstralDistortion(name)
        clips = []
        for rate in (16000, 22050):
            observer = metric.observe()
            observer.waveform(voiced, rate)
            clips.append(observer.finish()())
        if comparable:
            assert metric.compare(*clips)["value"] > 0
        else:
            with pytest.raises(Unmeasurable, match="two sample rates, 16000 and 22050 Hz"):
                metric.compare(*clips)


def test_a_transform_too_small_for_the_rate_is_refused(voiced: np.ndarray) -> None:
    """WORLD would write past its window and end the process."""
    metric = MelCepstralDistortion("small", MelCepstralDistortionConfig(WorldMelCepstrum(fft_size=512)))
    observer = metric.observe()
    observer.waveform(voiced, 96000)
    with pytest.raises(Unmeasurable, match="fft_size 512 is too small for a sample rate of 96000 Hz"):
        observer.finish()()


@pytest.mark.shared
def test_noise_that_nobody_hears_costs_little_beside_real_damage(speech: Callable) -> None:
    """40 dB below clean speech; it fills pauses and the quiet parts of spectra, where there is nothing to compare."""
    clean = speech("speech/LJ001-0004.wav", 4)
    noise = np.random.default_rng(0).normal(size=len(clean)) * np.sqrt(np.mean(clean.astype(np.float64) ** 2))
    hissing, louder = ((clean + level * noise).astype(np.float32) for level in (0.01, 0.1))
    other = speech("speech/LJ001-0001.wav", 4)

    def cost(generated: np.ndarray, convention: str) -> float:
        return mel_cepstral_distortion(generated, clean, RATE, convention)

    assert cost(hissing, "mcd-no-floor") > 2.5
    assert cost(hissing, "mcd") < 0.5
    assert cost(louder, "mcd") > 5 * cost(hissing, "mcd")
    assert cost(other, "mcd") > 10 * cost(hissing, "mcd")


def test_frames_that_are_silent_in_the_reference_do_not_count(voiced: np.ndarray) -> None:
    """A pause with a hum 50 dB below the speech, and the same pause with a hiss as soft."""
    t = np.arange(16000) / RATE
    hum, hiss = np.sin(2 * np.pi * 200 * t), np.random.default_rng(0).normal(size=len(t))
    soft = np.float32(10 ** (-50 / 20) * voiced.std())
    humming, hissing = (
        np.concatenate([voiced, soft * pause / pause.std()]).astype(np.float32) for pause in (hum, hiss)
    )
    base = replace(CONVENTIONS["mcd-no-floor"], floor_db=-40)
    clips = [mel_cepstra(waveform, RATE, base) for waveform in (humming, hissing)]
    all_frames = distortion(*clips, replace(base, floor_db=None))
    assert all_frames > 1
    assert distortion(*clips, base) < 0.1 * all_frames


@pytest.mark.parametrize(("convention", "value"), GOLDENS.items())
def test_conventions_keep_their_numbers(voiced: np.ndarray, convention: str, value: float) -> None:
    """Values of 27 November 2026, before `mcd` got its floors; `mcd-no-floor` was `mcd` then."""
    noise = np.random.default_rng(1).normal(size=len(voiced)) * 0.02
    generated = (voiced + noise).astype(np.float32)[:30000]
    assert mel_cepstral_distortion(generated, voiced, RATE, convention) == pytest.approx(value, rel=1e-9)


@pytest.mark.shared
def test_level_moves_the_packages_value_and_not_ours(speech: Callable) -> None:
    """pymcd takes WORLD's power for amplitude and floors it: the same pair gets louder, the distortion grows."""
    reference, generated = speech("generated/nfy_man.mp4"), speech("generated/nfy_Woman.mp4")

    def at(gain: float, convention: str) -> float:
        gain = np.float32(gain)
        return mel_cepstral_distortion(generated * gain, reference * gain, RATE, convention)

    theirs = [at(gain, "mcd-pymcd-dtw") for gain in (0.1, 1, 10)]
    ours = [at(gain, "mcd") for gain in (0.1, 1, 10)]
    assert theirs[1] - theirs[0] > 1
    assert theirs[2] - theirs[1] > 1
    assert max(ours) - min(ours) < 1e-3
    assert mel_cepstral_distortion(generated * np.float32(0.1), reference, RATE) == pytest.approx(ours[1], abs=1e-3)


@pytest.mark.shared
def test_the_scale_of_the_printed_tables(speech: Callable) -> None:
    """Between the authors' demo clips the 80-band form lies where the printed 44-88 dB lie, the canonical far below."""
    clips = [speech(f"generated/nfy_{name}.mp4", 10) for name in ("man", "Woman", "oldMan", "kid_1")]
    pairs = [(0, 1), (0, 2), (0, 3), (2, 3)]
    assert all(50 < mel_cepstral_distortion(clips[i], clips[j], RATE, "mcd-80") < 65 for i, j in pairs)
    assert all(6 < mel_cepstral_distortion(clips[i], clips[j], RATE) < 15 for i, j in pairs)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_clip_has_no_distortion_from_itself(voiced: np.ndarray, convention: str) -> None:
    assert mel_cepstral_distortion(voiced, voiced, RATE, convention) == 0


@pytest.mark.parametrize("convention", ["mcd", "mcd-80", "mcd-pymcd-plain"])
def test_symmetric_where_the_alignment_is(voiced: np.ndarray, convention: str) -> None:
    other = voiced[::-1][:20000].copy()
    forth, back = (mel_cepstral_distortion(*pair, RATE, convention) for pair in ((voiced, other), (other, voiced)))
    assert forth == pytest.approx(back, abs=1e-9)


def test_a_slower_reading_costs_little_where_frames_are_aligned(voiced: np.ndarray) -> None:
    delayed = np.concatenate([voiced[:16000], np.repeat(voiced[16000:16080][None], 20, 0).ravel(), voiced[16000:]])
    aligned = mel_cepstral_distortion(delayed, voiced, RATE)
    padded = MelCepstralDistortion("plain", MelCepstralDistortionConfig(alignment="none"))
    observed = [padded.observe() for _ in range(2)]
    for observer, waveform in zip(observed, (voiced, delayed), strict=True):
        observer.waveform(waveform, RATE)
    assert aligned < 0.5 * float(padded.compare(*[observer.finish()() for observer in observed])["value"])


@pytest.mark.parametrize(
    ("waveform", "reason"),
    [
        (np.zeros(16000, np.float32), "silent"),
        (np.full(16000, 0.5, np.float32), "silent"),
        (np.zeros(0, np.float32), "0.000 s long"),
        (np.ones(1, np.float32), "0.000 s long"),
        (np.array([*np.random.default_rng(0).normal(size=16000), np.nan], np.float32), "NaN"),
        (np.array([*np.random.default_rng(0).normal(size=16000), np.inf], np.float32), "NaN or infinite"),
    ],
    ids=["silent", "constant", "empty", "one sample", "nan", "inf"],
)
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_what_cannot_be_measured_says_why(
    voiced: np.ndarray, waveform: np.ndarray, reason: str, convention: str
) -> None:
    with pytest.raises(Unmeasurable, match=reason):
        mel_cepstral_distortion(waveform, voiced, RATE, convention)
    with pytest.raises(Unmeasurable, match=reason):
        mel_cepstral_distortion(voiced, waveform, RATE, convention)


def test_loud_clipped_and_unvoiced_sound_is_measured(voiced: np.ndarray) -> None:
    loud = mel_cepstral_distortion(voiced * np.float32(10), voiced, RATE)
    clipped = mel_cepstral_distortion(np.clip(voiced * 50, -1, 1), voiced, RATE)
    whispered = mel_cepstral_distortion(np.random.default_rng(0).normal(size=32000).astype(np.float32), voiced, RATE)
    assert 0 <= loud < 1e-3 < clipped < whispered < 100


def test_wrong_types_are_the_callers_mistake(voiced: np.ndarray) -> None:
    with pytest.raises(TypeError, match="divide 16-bit samples by 32768"):
        mel_cepstral_distortion((voiced * 32767).astype(np.int16), voiced, RATE)
    with pytest.raises(ValueError, match="must be mono"):
        mel_cepstral_distortion(np.stack([voiced, voiced]), voiced, RATE)
    with pytest.raises(ValueError, match="Did you mean: mcd-80"):
        mel_cepstral_distortion(voiced, voiced, RATE, "mcd80")
    with pytest.raises(ValueError, match="alignment='fastdtw' to include c0"):
        MelCepstralDistortionConfig(energy=True)


def test_the_clip_without_sound_says_so() -> None:
    with pytest.raises(Unmeasurable, match="no audio"):
        MelCepstralDistortion().observe().finish()()


def test_conventions_share_the_statistics_they_can() -> None:
    ids = {name: MelCepstralDistortion(name).statistics_id for name in CONVENTIONS}
    assert ids["mcd-pymcd-dtw"] == ids["mcd-pymcd-dtw-sl"]
    assert len(set(ids.values())) == 5
    floors = [MelCepstralDistortion("x", replace(CONVENTIONS["mcd"], floor_db=db)).statistics_id for db in (None, -50)]
    assert set(floors) == {ids["mcd"]}


def test_the_signature_says_all_of_the_convention() -> None:
    base = CONVENTIONS["mcd"]
    others = [
        replace(base, sample_rate=22050),
        replace(base, alignment="none"),
        replace(base, alignment="fastdtw"),
        replace(base, alignment="fastdtw", energy=True),
        replace(base, length_penalty=True),
        replace(base, floor_db=None),
        replace(base, floor_db=-50),
        replace(base, native_audio=True),
        *(
            replace(base, features=replace(base.features, **{field: value}))
            for field, value in {
                "unit_power": False, "frame_period": 10.0, "fft_size": 512, "order": 24,
                "warping": 0.42, "power_as_amplitude": True, "floor": 0.0,
            }.items()
        ),
    ]  # fmt: skip
    signatures = {MelCepstralDistortion("mcd", config).signature for config in [base, *others]}
    assert len(signatures) == len(others) + 1


def test_as_a_torchmetrics_metric(voiced: np.ndarray) -> None:
    batch = torch.from_numpy(np.stack([voiced, voiced[::-1].copy()]))
    metric = MelCepstralDistortion()
    assert metric.higher_is_better is False
    metric.update(batch, batch.flip(0), sample_rate=RATE)
    expected = mel_cepstral_distortion(voiced[::-1].copy(), voiced, RATE)
    assert metric.compute().item() == pytest.approx(expected)
    copy = pickle.loads(pickle.dumps(metric))
    assert copy.compute() == metric.compute()
    assert copy.signature == metric.signature
