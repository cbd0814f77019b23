"""Metrics that look at prompts, or at the generated clip alone, from folders of clips and in a run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from support.made_clips import encode

from bench.choice import Choice
from bench.media.clip import Decoding
from bench.scoring import folders
from bench.scoring.folders import FolderRules, score_folders
from bench.scoring.pairs import Wanted
from bench.scoring.written import WrittenPrompt
from bench.workers.pool import WorkerPool
from metrics.audio.waveform import WaveformObserver
from metrics.base.asked import Asked
from metrics.base.bounds import NO_PROMPT
from metrics.base.metric import PairedMetric, Statistics, Unmeasurable

WORDS = {"one": "bin blue now", "two": "set white soon please"}


class WordCount(PairedMetric):
    """How many words were asked for: of the prompt alone."""

    name, title = "word-count", "Words"
    higher_is_better = True
    modalities = frozenset({"audio"})
    needs = frozenset({"text"})
    reference_free = True

    def observe(self) -> Any:
        return WaveformObserver(lambda waveform, rate: {"seconds": np.array(len(waveform) / rate)})

    def asked(self, prompt: Asked) -> Statistics:
        prompt.require_usable("text")
        if prompt.text is None:
            raise Unmeasurable("no words")
        return {"words": np.array(len(prompt.text.split()))}

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        return {"value": reference["words"].astype(np.float64)}


class Seconds(WordCount):
    """How long the generated clip is: of the clip alone."""

    name = "seconds"
    needs = frozenset()

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        return {"value": generated["seconds"]}


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    made = {"word-count": WordCount(), "seconds": Seconds()}
    for module in ("bench.scoring.measure", "bench.scoring.cells"):
        monkeypatch.setattr(f"{module}.built_metric", lambda choice, _: made[choice.plugin])

    def score(name: str) -> folders.BoundedScore:
        found = score_folders(
            tmp_path / "real", tmp_path / "generated", (Choice(name=name, plugin=name),), Decoding(), "cpu",
            WorkerPool(1), None, lambda results, *_: results, FolderRules(max_failed=0.9),
        )  # fmt: skip
        return found.scores[name]

    return score


def write(folder: Path, names: tuple[str, ...], seconds: float = 1.0) -> None:

    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        encode(folder / f"{name}.mp4", range(0, 1000, 40))
        samples = np.random.default_rng(number).normal(0, 3000, round(16000 * (seconds + number / 4))).astype("<i2")
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16000)
            file.writeframes(samples.tobytes())


def test_words_beside_either_clip_reach_the_metric(scored: Callable[..., Any], tmp_path: Path) -> None:
    write(tmp_path / "real", ("one", "two", "three"))
    write(tmp_path / "generated", ("one", "two", "three"))
    (tmp_path / "real" / "one.txt").write_text(WORDS["one"])
    (tmp_path / "generated" / "two.txt").write_text(WORDS["two"])
    found = scored("word-count")
    assert found.score.by_clip == {"one": 3.0, "two": 4.0}
    assert found.score.failed == {"three": "prompt: no words"}
    assert found.bounds.chance.value == 3.5  # each prompt keeps its words, whatever clip is put to it
    (tmp_path / "real" / "three.txt").write_bytes(b"\xff\xfe\x00")
    assert "no words: three.txt cannot be used" in scored("word-count").score.failed["three"]


def test_a_clip_alone_needs_no_reference_and_has_no_chance(scored: Callable[..., Any], tmp_path: Path) -> None:
    write(tmp_path / "real", ("one", "two"), seconds=0.5)
    write(tmp_path / "generated", ("one", "three"))
    found = scored("seconds")
    assert set(found.score.by_clip) == {"one", "three"}
    assert found.score.failed == {"two": folders.NO_GENERATED}
    assert found.bounds.chance.missing == NO_PROMPT
    assert not [note for note in found.score.notes if "differ in length" in note]


def test_a_prompt_is_measured_once_for_metrics_of_equal_statistics() -> None:
    calls: list[str] = []

    class Source:
        def asked(self) -> Asked:
            calls.append("read")
            return Asked("bin blue")

    wanted, metric = Wanted({"p": Source()}), WordCount()
    assert int(wanted.of(metric, "p")["words"]) == int(wanted.of(metric, "p")["words"]) == 2
    assert calls == ["read"]
    for _ in range(2):
        with pytest.raises(Unmeasurable, match="no words"):
            wanted.of(metric, "")


def test_what_is_written_has_an_identity_by_its_content() -> None:
    known = [WrittenPrompt(text, problem, None, Decoding()) for text, problem in (("a", ""), ("b", ""), (None, "c"))]
    assert len({prompt.identity for prompt in known}) == 3
    assert WrittenPrompt(None, "", None, Decoding()).identity == ""
    assert WrittenPrompt(None, "", Path("nowhere.wav"), Decoding()).asked().reasons["voice"].startswith("nowhere.wav: ")


@pytest.mark.shared
@pytest.mark.weights
def test_a_run_holds_clips_against_its_prompts(shared: Path, tmp_path: Path) -> None:
    """The ceiling looks like its driving image, which is its first frame; chance is somebody else."""
    for name in ("vox2_id05176_517600055.mp4", "vox2_id06209_620900105.mp4"):
        (tmp_path / "clips").mkdir(exist_ok=True)
        shutil.copy(shared / "media" / "real" / name, tmp_path / "clips")
        (tmp_path / "clips" / name.replace(".mp4", ".txt")).write_text("some words")
    study = {
        "name": "looks", "protocol": {"max_seconds": 1.0, "min_seconds": 0.5},
        "datasets": [{"name": "vox", "plugin": "folder", "root": str(tmp_path / "clips")}],
        "generators": ["ceiling", "chance"], "metrics": ["identity", "voice-similarity"],
    }  # fmt: skip
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    command = [sys.executable, "-m", "bench", "run", str(tmp_path / "study.yaml"), "--out", str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    cells = json.loads((tmp_path / "run" / "results.json").read_text())["cells"]
    value = {(cell["generator"], cell["metric"]): cell["value"] for cell in cells}
    assert value["ceiling", "identity"] > 0.95 > value["chance", "identity"]
    assert value["ceiling", "voice-similarity"] > value["chance", "voice-similarity"]
