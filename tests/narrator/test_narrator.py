"""The whole generator: prompt in, speech and frames out, the same bytes for the same seed."""

from __future__ import annotations

import hashlib
import json
import resource
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import narrator
from narrator import presets
from narrator.contract import GenerationFailed, Generator, Narration, Prompt, Voice
from narrator.face import Face
from narrator.model import Narrator
from narrator.presets import NarratorConfig, small
from narrator.runtime import Origin, RuntimeOptions
from narrator.speech.tokenizer import BUNDLED_VOCABULARY, SpeechTokenizer

STAGES = {
    "face", "text", "voice", "entangle", "speech decode", "vocoder", "speech features",
    "reference", "denoise", "vae decode",
}  # fmt: skip


class MadeUpFace:
    """Finds a face of fixed landmarks in every picture but a black one."""

    def find(self, image: NDArray[np.uint8]) -> Face | None:
        if not image.any():
            return None
        points = np.random.default_rng(0).uniform(0.25, 0.75, (468, 3)) * image.shape[0]
        return Face(points.astype(np.float32), 1.0)


def tiny() -> NarratorConfig:
    """The small preset with 64 x 64 pixels and at most 0.42 s of speech for every 24 tokens."""
    config = small()
    return replace(
        config,
        speech=replace(config.speech, gpt=replace(config.speech.gpt, code_limit=12)),
        video=replace(config.video, size=64),
        entangle=replace(config.entangle, width=64),
    )


@pytest.fixture(scope="module", autouse=True)
def tiny_preset() -> Iterator[None]:
    presets.PRESETS["tiny"] = tiny
    yield
    del presets.PRESETS["tiny"]


def load(**options: Any) -> Narrator:
    generator = narrator.load("tiny", **({"steps": 1, "guidance": 1.0} | options))
    generator._faces = MadeUpFace()  # type: ignore[assignment]
    return generator


@pytest.fixture(scope="module")
def generator(tiny_preset: None) -> Narrator:
    return load()


def prompt(text: str = "Good morning.", seed: int = 3, key: str = "a") -> Prompt:
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (90, 70, 3), dtype=np.uint8)
    voice = Voice((rng.standard_normal(16_000) * 0.1).astype(np.float32), 16_000)
    return Prompt(key, text, image, voice, seed)


@dataclass(frozen=True)
class Finished:
    frames: NDArray[np.uint8]
    waveform: NDArray[np.float32]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Finished) and self.digest == other.digest

    @property
    def digest(self) -> tuple[bytes, bytes]:
        return self.frames.tobytes(), self.waveform.tobytes()


def finish(narration: Narration) -> Finished:
    return Finished(np.concatenate(list(narration.chunks())), narration.waveform)


def test_it_is_a_generator_of_the_contract(generator: Narrator) -> None:
    assert isinstance(generator, Generator)
    narration = generator(prompt())
    made = finish(narration)
    assert narration.fps == 25
    assert narration.sample_rate == 24_000
    assert made.waveform.dtype == np.float32
    assert made.frames.dtype == np.uint8
    assert made.frames.shape == (int(np.ceil(len(made.waveform) * 25 / 24_000)), 64, 64, 3)
    assert set(narration.seconds) == STAGES
    assert all(seconds >= 0 for seconds in narration.seconds.values())


def test_same_seed_same_bytes_whatever_came_before(generator: Narrator) -> None:
    state = torch.random.get_rng_state()
    first = finish(generator(prompt()))
    finish(generator(prompt("Something else. And one more sentence, to be spoken in between.", seed=9)))
    assert finish(generator(prompt())) == first
    assert finish(load()(prompt())) == first
    assert torch.equal(torch.random.get_rng_state(), state)


def test_the_number_of_threads_changes_nothing() -> None:
    """Of the small preset, whose products are large enough to be cut among threads."""
    before = torch.get_num_threads()
    made = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            generator = narrator.load("small", steps=1, guidance=1.0)
            generator._faces = MadeUpFace()  # type: ignore[assignment]
            narration = generator(prompt())
            made.append((narration.waveform.tobytes(), next(narration.chunks()).tobytes()))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert made[0] == made[1]


def test_interleaved_narrations_do_not_disturb_each_other(generator: Narrator) -> None:
    """A batch of prompts read frame by frame in turn gives what each gives alone."""
    prompts = [prompt("Good morning, and welcome. How are you?", seed) for seed in (1, 2, 3)]
    alone = [finish(generator(one)) for one in prompts]
    narrations = [generator(one) for one in prompts]
    streams = [narration.chunks() for narration in narrations]
    collected: list[list[NDArray[np.uint8]]] = [[] for _ in streams]
    for latest in zip_longest(*streams):
        for frames, chunk in zip(collected, latest, strict=True):
            if chunk is not None:
                frames.append(chunk)
    together = [Finished(np.concatenate(f), n.waveform) for f, n in zip(collected, narrations, strict=True)]
    assert together == alone


def test_seed_text_voice_and_image_each_matter(generator: Narrator) -> None:
    base = prompt()
    first = finish(generator(base))
    quiet = Voice(base.voice.waveform[::-1].copy(), 16_000)
    assert finish(generator(replace(base, seed=4))) != first
    assert finish(generator(replace(base, text="Good evening."))) != first
    assert not np.array_equal(finish(generator(replace(base, voice=quiet))).waveform, first.waveform)
    assert not np.array_equal(finish(generator(replace(base, image=base.image[::-1].copy()))).frames, first.frames)


def test_speech_drives_the_face(generator: Narrator) -> None:
    assert generator.describe()["speech_drives_face"] is True
    features = generator.networks.features
    assert features is not None
    heard = finish(generator(prompt()))

    class Deaf(torch.nn.Module):
        def forward(self, *arguments: Any) -> torch.Tensor:
            return torch.zeros_like(features(*arguments))

    generator.networks.features = Deaf()  # type: ignore[assignment]
    try:
        deaf = finish(generator(prompt()))
    finally:
        generator.networks.features = features
    assert np.array_equal(deaf.waveform, heard.waveform)
    assert not np.array_equal(deaf.frames, heard.frames)


def test_ablations_and_sharing_change_the_result() -> None:
    made = {
        (sharing, ablation): finish(load(sharing=sharing, ablation=ablation)(prompt())).digest
        for sharing, ablation in (
            ("explicit", "none"),
            ("shared", "none"),
            ("explicit", "no-video-in-prompt"),
            ("explicit", "no-attention"),
        )
    }
    assert len(set(made.values())) == len(made)


def test_long_text_is_spoken_in_pieces(generator: Narrator) -> None:
    text = "Good morning, and welcome to the evening news. The weather will be mild today. How are you?"
    pieces = SpeechTokenizer().encode_long(text, small().speech.gpt.text_limit - 1)
    narration = generator(prompt(text))
    utterance = tiny().speech.gpt.longest_utterance * 1024 / 22_050
    assert len(pieces) > 2
    assert len(narration.waveform) / 24_000 == pytest.approx(len(pieces) * utterance, rel=0.02)


def test_raw_ids_as_text_row() -> None:
    embedded, ids = load(), load(text_rows="ids")
    assert ids.describe()["encoder"]["text_rows"] == "ids"
    assert finish(embedded(prompt())) != finish(ids(prompt()))
    with pytest.raises(GenerationFailed, match="at most 64 fit"):
        ids(prompt("one two three four five six seven eight nine ten " * 3))


def test_what_cannot_be_narrated_is_a_reasoned_failure(generator: Narrator) -> None:
    base = prompt()
    with pytest.raises(GenerationFailed, match="nothing to speak"):
        generator(replace(base, text=" "))
    with pytest.raises(GenerationFailed, match="voice profile lasts"):
        generator(replace(base, voice=Voice(np.zeros(100, np.float32), 16_000)))
    with pytest.raises(GenerationFailed, match="No face"):
        generator(replace(base, image=np.zeros_like(base.image)))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("😀🎉", "nothing that can be pronounced"),
        ("六個中文字啊", "English only"),
        ("ʒʒʒ", "100% of the letters"),
        ("x" * 100_000, "100,000 characters"),
        ("\0\ud800\u202e", "nothing that can be pronounced"),
    ],
)
def test_texts_that_cannot_be_spoken_are_refused(generator: Narrator, text: str, reason: str) -> None:
    with pytest.raises(GenerationFailed, match=reason):
        generator(replace(prompt(), text=text))


@pytest.mark.parametrize(
    ("voice", "reason"),
    [
        (Voice(np.zeros(0, np.float32), 16_000), "voice profile lasts"),
        (Voice(np.full(16_000, np.nan, np.float32), 16_000), "finite"),
        (Voice(np.ones((2, 16_000), np.float32), 16_000), "mono"),
        (Voice(np.full(16_000, 0.1, np.float32), 0), "sample rate is 0 Hz"),
        (Voice(np.zeros(16_000, np.float32), 16_000), "silent"),
        (Voice(np.full(16_000, 9000.0, np.float32), 16_000), "beyond full scale"),
    ],
)
def test_voice_profiles_that_cannot_be_learnt_from_are_refused(generator: Narrator, voice: Voice, reason: str) -> None:
    with pytest.raises(GenerationFailed, match=reason):
        generator(replace(prompt(), voice=voice))


def test_every_file_that_is_read_is_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("narrator.building.FaceMesh", lambda paths: MadeUpFace())
    monkeypatch.setattr("narrator.building.IdentityEmbedder", lambda path: None)
    names = ("face-detector", "face-mesh", "face-detector-full-range", "arcface")
    for name in names:
        (tmp_path / name).write_text(name)
    paths = {name: tmp_path / name for name in names[:-1]}
    loaded = narrator.load("tiny", vocabulary=BUNDLED_VOCABULARY, arcface=tmp_path / "arcface", weight_paths=paths)
    files = loaded.describe()["checkpoint"]
    assert set(files) == {"vocabulary", *names}
    assert files["arcface"] == {"file": "arcface", "sha256": hashlib.sha256(b"arcface").hexdigest()}


def test_without_face_networks_the_user_is_told() -> None:
    with pytest.raises(ValueError, match="pass weight_paths with face-detector"):
        narrator.load("tiny")(prompt())


def test_describe_is_json_and_says_untrained(generator: Narrator) -> None:
    description = json.loads(json.dumps(generator.describe()))
    assert generator.name == "narrator-tiny-untrained"
    assert description["untrained"] == ["speech", "entangler", "net", "vae", "features"]
    assert description["seed"] == 0
    assert description["parameters"]["speech"] > 1e6
    assert any(note.startswith("Untrained: ") for note in description["notes"])
    trained = Narrator(generator.networks, SpeechTokenizer(), Origin("tiny"), RuntimeOptions(tiny().video.sampling))
    assert trained.name == "narrator-tiny"
    assert trained.describe()["untrained"] == []


@pytest.mark.parametrize(
    "wrong", [{"preset": "huge"}, {"dtype": "float8"}, {"text_rows": "none"}, {"sharing": "x"}, {"ablation": "x"}]
)
def test_wrong_options_are_answered_with_the_choices(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="choose one of"):
        narrator.load(**({"preset": "tiny"} | wrong))


def test_no_gradients_are_kept(generator: Narrator) -> None:
    assert not any(parameter.requires_grad for parameter in generator.networks.parameters())


@pytest.mark.slow
def test_memory_does_not_grow_over_a_minute(generator: Narrator) -> None:
    text = "Good morning, and welcome to the evening news. " * 75
    narration = generator(prompt(text))
    assert len(narration.waveform) / 24_000 > 60
    peaks = []
    for chunk in narration.chunks():
        assert len(chunk) <= 16
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    assert len(peaks) > 90
    assert peaks[-1] - peaks[10] < 30, "peak resident memory, MiB"
