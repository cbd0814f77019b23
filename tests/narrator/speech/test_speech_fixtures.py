"""The speech networks against numbers computed with the released code (coqui-ai/TTS dbf1a08a), to 1e-4."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import pad

from narrator.speech.config import GptConfig, SpeechConfig
from narrator.speech.gpt import SpeechGpt
from narrator.speech.hifigan import HifiGan
from narrator.speech.mel import voice_mel
from narrator.speech.resample import resample
from narrator.speech.sampling import SamplingRules
from narrator.speech.speaker import SpeakerEncoder
from narrator.speech.synthesizer import SpeechSynthesizer
from narrator.speech.text import clean_english
from narrator.speech.tokenizer import SpeechTokenizer

pytestmark = pytest.mark.shared

SMALL_GPT = GptConfig(text_ids=40, codes=52, layers=2, width=96, heads=4, text_limit=24, code_limit=40)
START_TEXT, STOP_TEXT = 37, 0


def close(found: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=0)


def fixture(shared: Path, name: str) -> dict[str, Tensor]:
    return load_file(shared / "fixtures" / name / "io.safetensors")


def weights(shared: Path, name: str) -> dict[str, Tensor]:
    return load_file(shared / "fixtures" / name / "weights.safetensors")


@pytest.fixture(scope="module")
def gpt(shared: Path) -> SpeechGpt:
    model = SpeechGpt(SMALL_GPT).eval()
    model.load_state_dict(weights(shared, "xtts_gpt") | weights(shared, "xtts_conditioning"))
    return model.requires_grad_(False)


@pytest.fixture(scope="module")
def prefix(shared: Path, gpt: SpeechGpt) -> Tensor:
    io = fixture(shared, "xtts_gpt")
    text = pad(pad(io["text_tokens"], (1, 0), value=START_TEXT), (0, 1), value=STOP_TEXT)
    return torch.cat([io["cond_latents"], gpt.embed_text(text)], 1)


@pytest.mark.parametrize("rates", ["24000_22050", "24000_16000", "44100_22050", "22050_16000"])
def test_resampling(shared: Path, rates: str) -> None:
    io = fixture(shared, "audio_resample")
    source, target = map(int, rates.split("_"))
    close(resample(io[f"x_{rates}"], source, target), io[f"y_{rates}"])


def test_tokenizer(shared: Path) -> None:
    folder = shared / "fixtures" / "xtts_tokenizer"
    expected = json.loads((folder / "io.json").read_text())
    tokenizer = SpeechTokenizer(folder / "xtts_v1_1_vocab.json")
    assert (tokenizer.size, tokenizer.start, tokenizer.stop) == (
        expected["num_text_tokens"],
        expected["start"],
        expected["stop"],
    )
    for case in expected["cases"]:
        assert clean_english(case["text"]) == case["cleaned"]
        assert tokenizer.encode(case["text"]) == case["ids"]


def test_conditioning_encoder_and_perceiver(shared: Path, gpt: SpeechGpt) -> None:
    io = fixture(shared, "xtts_conditioning")
    close(gpt.conditioning_encoder(io["mel"]), io["encoder_out"])
    close(gpt.voice_latents(io["mel"]).transpose(1, 2), io["style_emb"])


def test_voice_mel(shared: Path) -> None:
    io = fixture(shared, "xtts_conditioning")
    close(voice_mel(io["audio_22k"][:, :22050]) / io["mel_stats"][:, None], io["mel_first_second"])


@pytest.mark.parametrize(
    ("seconds", "chunk", "wanted"), [(3.0, 2.0, "cond_latents_len3_chunk2"), (30.0, 1.0, "cond_latents_all_chunk1")]
)
def test_voice_latents_of_chunks(shared: Path, gpt: SpeechGpt, seconds: float, chunk: float, wanted: str) -> None:
    io = fixture(shared, "xtts_conditioning")
    config = SpeechConfig(
        SMALL_GPT, 64, 16, (1, 1, 1, 1), (8, 8, 8, 8), voice_seconds=seconds, voice_chunk_seconds=chunk
    )
    synthesizer = SpeechSynthesizer(config).eval()
    synthesizer.gpt = gpt
    synthesizer.mel_stats = io["mel_stats"]
    voice, _ = synthesizer.encode_voice(io["audio_22k"][0], 22050)
    close(voice, io[wanted])


def test_prefix_and_latents(shared: Path, gpt: SpeechGpt, prefix: Tensor) -> None:
    io = fixture(shared, "xtts_gpt")
    close(prefix, io["prefix_emb"])
    close(gpt.teacher_forced(prefix, io["codes"]), io["latents"])


def test_step_logits(shared: Path, gpt: SpeechGpt, prefix: Tensor) -> None:
    io = fixture(shared, "xtts_gpt")
    codes = pad(io["codes"], (1, 0), value=SMALL_GPT.start_code)
    states = gpt.states(torch.cat([prefix, gpt.embed_codes(codes)], 1))[:, prefix.shape[1] :]
    close(gpt.mel_head(states), io["step_logits"])


@pytest.mark.parametrize(("penalty", "wanted"), [(1.0, "greedy_codes"), (10.0, "greedy_codes_rep10")])
def test_cached_decoding(shared: Path, gpt: SpeechGpt, prefix: Tensor, penalty: float, wanted: str) -> None:
    rules = SamplingRules(repetition_penalty=penalty, greedy=True)
    codes, latents = gpt.speak(prefix, rules, torch.Generator())
    assert codes == fixture(shared, "xtts_gpt")[wanted][0].tolist()
    close(latents, gpt.teacher_forced(prefix, torch.tensor([codes])))


def test_hifigan(shared: Path) -> None:
    io = fixture(shared, "xtts_hifigan")
    vocoder = HifiGan(latent_width=24, channels=64, speaker_width=20)
    vocoder.load_state_dict(weights(shared, "xtts_hifigan"))
    with torch.no_grad():
        close(vocoder(io["latents"], io["g"]), io["wav"][:, 0])
        close(vocoder(io["latents_b2"], io["g_b2"]), io["wav_b2"][:, 0])


def test_speaker_encoder(shared: Path) -> None:
    io, stored = fixture(shared, "xtts_speaker_encoder"), weights(shared, "xtts_speaker_encoder")
    encoder = SpeakerEncoder(24, (1, 2, 1, 1), (8, 16, 24, 32)).eval()
    fresh = encoder.state_dict()
    for name in ("torch_spec.0.filter", "torch_spec.1.spectrogram.window", "torch_spec.1.mel_scale.fb"):
        close(fresh[name], stored[name])
    encoder.load_state_dict(stored)
    with torch.no_grad():
        torch.testing.assert_close(encoder.torch_spec(io["audio_16k"]), io["mel_power"], atol=1e-4, rtol=1e-5)
        close(encoder(io["audio_16k"]), io["embedding"])
