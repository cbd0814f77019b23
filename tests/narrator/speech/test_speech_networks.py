"""Properties of the speech networks that need no released numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soxr
import torch

from narrator.networks import untrained
from narrator.presets import small
from narrator.speech.features import SpeechFeatures
from narrator.speech.hifigan import SPEECH_RATE
from narrator.speech.resample import resample
from narrator.speech.sampling import SamplingRules
from narrator.speech.synthesizer import SpeechSynthesizer


@pytest.fixture(scope="module")
def synthesizer() -> SpeechSynthesizer:
    built = untrained("speech", small(), 0)
    assert isinstance(built, SpeechSynthesizer)
    return built.eval()


@pytest.fixture(scope="module")
def profile() -> torch.Tensor:
    return torch.randn(3 * 16_000, generator=torch.Generator().manual_seed(0)) * 0.1


def test_resampling_keeps_a_tone() -> None:
    time = np.arange(48_000) / 48_000
    tone = np.sin(2 * np.pi * 440 * time).astype(np.float32)
    ours = resample(torch.from_numpy(tone), 48_000, 22_050).numpy()
    theirs = soxr.resample(tone, 48_000, 22_050)
    assert len(ours) == 22_050
    np.testing.assert_allclose(ours[500:-500], theirs[500:-500], atol=2e-3)


def test_a_batch_is_resampled_row_by_row() -> None:
    batch = torch.randn(2, 3, 700, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(resample(batch, 24_000, 16_000)[1, 2], resample(batch[1, 2], 24_000, 16_000))


def test_a_speaker_embedding_has_length_one(synthesizer: SpeechSynthesizer, profile: torch.Tensor) -> None:
    voice, speaker = synthesizer.encode_voice(profile, 16_000)
    assert voice.shape == (1, 32, 128)
    assert speaker.shape == (1, 128, 1)
    assert float(speaker.norm()) == pytest.approx(1.0, abs=1e-5)


def test_only_the_first_six_seconds_make_the_voice(synthesizer: SpeechSynthesizer) -> None:
    audio = torch.randn(40 * 22_050, generator=torch.Generator().manual_seed(1)) * 0.1
    other = audio.clone()
    other[7 * 22_050 :] = 0
    voice, speaker = synthesizer.encode_voice(audio, 22_050)
    voice_other, speaker_other = synthesizer.encode_voice(other, 22_050)
    assert torch.equal(voice, voice_other)
    assert not torch.equal(speaker, speaker_other)
    beyond = audio.clone()
    beyond[30 * 22_050 :] = 0
    assert torch.equal(speaker, synthesizer.encode_voice(beyond, 22_050)[1])


def test_too_short_a_profile_is_named(synthesizer: SpeechSynthesizer) -> None:
    with pytest.raises(ValueError, match=r"lasts 0\.30 s"):
        synthesizer.encode_voice(torch.zeros(4_800), 16_000)


def test_an_utterance_ends_at_its_limit(synthesizer: SpeechSynthesizer, profile: torch.Tensor) -> None:
    config = small().speech.gpt
    voice, speaker = synthesizer.encode_voice(profile, 16_000)
    ids = torch.tensor([[4, 20, 21, 0]])
    codes, latents = synthesizer.decode(ids, voice, SamplingRules(), torch.Generator().manual_seed(0))
    assert len(codes) <= config.longest_utterance == 43
    waveform = synthesizer.vocode(latents, speaker)
    assert len(waveform) == int(len(codes) * 4 * SPEECH_RATE / 22_050) * 256
    assert not waveform.requires_grad


def test_gpt_attention_kinds_agree(profile: torch.Tensor) -> None:
    config = small().speech
    kinds = {kind: SpeechSynthesizer(config, kind).eval() for kind in ("sdpa", "eager")}
    kinds["eager"].load_state_dict(kinds["sdpa"].state_dict())
    voice, _ = kinds["sdpa"].encode_voice(profile, 16_000)
    ids, codes = torch.tensor([[4, 20, 0]]), torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        one, other = (
            model.gpt.teacher_forced(torch.cat([voice, model.embed_text(ids)], 1), codes) for model in kinds.values()
        )
    torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_features_are_wav2vecs_hidden_states(profile: torch.Tensor) -> None:
    """At wav2vec's own rate nothing is interpolated, so transformers' forward pass is the oracle."""
    config = small()
    features = SpeechFeatures(replace(config.features, layers=2)).eval()
    audio = profile[:16_000]
    normed = (audio - audio.mean()) / (audio.var(correction=0) + 1e-7).sqrt()
    with torch.no_grad():
        hidden = features.wav2vec(normed[None], output_hidden_states=True).hidden_states[1:]
    found = features(audio, 16_000, fps=49)
    torch.testing.assert_close(found, torch.stack([layer[0] for layer in hidden], 1), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("samples", "frames"), [(24_000, 25), (24_001, 26), (47_872, 50), (1_024, 2)])
def test_features_come_once_a_frame(samples: int, frames: int) -> None:
    features = SpeechFeatures(small().features).eval()
    waveform = torch.randn(samples, generator=torch.Generator().manual_seed(0))
    assert features(waveform, 24_000, 25).shape == (frames, 1, 80)
