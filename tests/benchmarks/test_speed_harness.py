"""Speed of the harness and of the bundled generator; `make bench` runs it, see CONTRIBUTING.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import narrator
from bench.choice import Choice
from bench.media.audio import native_waveform
from bench.media.clip import Decoding, frames
from bench.media.writing import write_clip
from bench.plugins import built_metric
from bench.scoring.cells import Pairing, Scoring
from bench.scoring.measure import Measuring
from bench.scoring.pairs import Pair
from bench.scoring.store import StatisticsStore, save
from narrator.contract import Narration, Prompt, Voice
from narrator.face import Face

CLIPS = 1000


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of moving stripes, 256 x 256, with noise for sound."""
    random = np.random.default_rng(0)
    across = np.arange(256)
    moving = np.stack([np.broadcast_to(128 + 90 * np.sin((across + 3 * t) / 9), (256, 256)) for t in range(50)])
    pictures = np.repeat(moving[..., None], 3, axis=3).astype(np.uint8)
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_clip(path, [pictures], 25, (random.normal(size=2 * 16000) * 0.1).astype(np.float32), 16000)
    return path


def test_decoding_pictures(benchmark: BenchmarkFixture, clip: Path) -> None:
    assert benchmark(lambda: sum(len(chunk) for chunk in frames(clip, Decoding()))) == 50


def test_decoding_sound(benchmark: BenchmarkFixture, clip: Path) -> None:
    benchmark(native_waveform, clip, 10.0)


@pytest.mark.parametrize("name", ["stoi", "fvd"])
def test_scoring_stored_clips(benchmark: BenchmarkFixture, name: str, tmp_path: Path) -> None:
    """A thousand clips whose statistics are kept: what is left of a run that continues."""
    random = np.random.default_rng(0)
    choice = Choice(name=name, plugin=name)
    metric = built_metric(choice, "cpu")
    store = StatisticsStore(tmp_path, metric)
    keys = [f"clip{number:04}" for number in range(CLIPS)]
    for key in keys:
        if name == "stoi":
            save(store.pair(Pair(f"r{key}", f"g{key}")), {"value": random.uniform(size=())})
        else:
            for side in "rg":
                save(store.clip(f"{side}{key}"), {"features": random.normal(size=(2, 400)).astype(np.float32)})
    scoring = Scoring(Measuring(tmp_path, Decoding(), (choice,), "cpu"), {})
    pairing = Pairing({key: f"r{key}" for key in keys}, {key: f"g{key}" for key in keys}, {})
    _, score = benchmark.pedantic(scoring.cell, (choice, pairing), rounds=3, iterations=1)
    assert score.n == CLIPS
    assert score.value is not None


class _MadeUpFace:
    """Landmarks in the middle of any picture, so that no face network is needed."""

    def find(self, image: np.ndarray) -> Face:
        points = np.random.default_rng(0).uniform(0.25, 0.75, (468, 3)) * image.shape[0]
        return Face(points.astype(np.float32), 1.0)


@pytest.fixture(scope="module")
def narrating() -> Iterator[narrator.model.Narrator]:
    """`narrator` small, untrained: time depends on shapes alone."""
    generator = narrator.load("small")
    generator._faces = _MadeUpFace()  # type: ignore[assignment]
    return generator


@pytest.fixture(scope="module")
def prompt() -> Prompt:
    random = np.random.default_rng(0)
    voice = Voice((random.standard_normal(3 * 22_050) * 0.1).astype(np.float32), 22_050)
    return Prompt("bench", "Good morning.", random.integers(0, 256, (256, 256, 3), dtype=np.uint8), voice, 0)


def test_narrator_speech(benchmark: BenchmarkFixture, narrating: narrator.model.Narrator, prompt: Prompt) -> None:
    """The stages before the first frame."""
    made: Narration = benchmark.pedantic(narrating, (prompt,), rounds=3, iterations=1, warmup_rounds=1)
    benchmark.extra_info["seconds by stage"] = dict(made.seconds)
    assert len(made.waveform)


def test_narrator_frames(benchmark: BenchmarkFixture, narrating: narrator.model.Narrator, prompt: Prompt) -> None:
    """The stages of the first chunk of frames."""

    def started() -> tuple[tuple[Narration], dict[str, object]]:
        return (narrating(prompt),), {}

    def first_chunk(made: Narration) -> Narration:
        assert len(next(iter(made.chunks())))
        return made

    made = benchmark.pedantic(first_chunk, setup=started, rounds=3)
    benchmark.extra_info["seconds by stage"] = dict(made.seconds)
