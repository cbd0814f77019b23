"""Recognisers hear what was said, the same in every process, and say what they lack."""

from __future__ import annotations

import functools
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support.grid import errors, sentence, words

from bench.media.clip import Decoding, waveform
from metrics import weights
from metrics.audio.recognition import available, recogniser
from metrics.audio.recognition.recogniser import Recogniser
from metrics.weights import WeightsMissing

kept = functools.cache(recogniser)


def heard(name: str, speech: NDArray[np.float32]) -> str:
    return kept(name).transcribe(speech)


def in_processes(name: str, clips: list[NDArray[np.float32]], count: int) -> list[str]:
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        return list(pool.map(heard, [name] * len(clips), clips))


@pytest.fixture(scope="module")
def grid(shared: Path) -> dict[Path, NDArray[np.float32]]:
    clips = [shared / f"media/real/grid_{name}.mpg" for name in ("lbax4n", "lwbsza")]
    return {clip: waveform(clip, Decoding()) for clip in clips}


def test_names_of_grid_clips_spell_what_is_said() -> None:
    assert sentence(Path("grid_lwbsza.mpg")) == ["lay", "white", "by", "s", "zero", "again"]
    assert words("Set white with P2, soon.") == sentence(Path("swwp2s.mpg"))
    assert errors(["lay", "red"], ["bin", "red", "now"]) == 2


@pytest.mark.shared
@pytest.mark.weights
@pytest.mark.slow
def test_whisper_hears_most_words_alike_in_any_process_and_pocketsphinx_few(
    grid: dict[Path, NDArray[np.float32]],
) -> None:
    """The figures over all eight clips stand in docs/prepare.md."""
    pytest.importorskip("faster_whisper")
    clips = list(grid.values())
    said = [sentence(clip) for clip in grid]
    texts = [heard("whisper-base", speech) for speech in clips]
    assert sum(errors(spoken, words(text)) for spoken, text in zip(said, texts, strict=True)) <= 4  # of twelve words
    assert heard("whisper-base", clips[0]) == texts[0]  # whatever was heard before
    assert in_processes("whisper-base", clips, 2) == texts
    assert errors(said[1], words(heard("pocketsphinx", clips[1]))) >= 4


def test_built_in_recognisers_tell_what_they_are() -> None:
    assert {"pocketsphinx", "whisper-base", "whisper"} <= {entry.name for entry in available()}
    engine = recogniser("pocketsphinx")
    assert isinstance(engine, Recogniser)
    assert engine.engine().startswith("pocketsphinx ")


def test_the_engine_names_versions_weights_and_search() -> None:
    pytest.importorskip("faster_whisper")
    one, other = recogniser("whisper-base").engine(), recogniser("whisper-base", beam=1).engine()
    assert "faster-whisper " in one
    assert "whisper-base d01c3014" in one
    assert one != other


def test_an_unknown_name_and_bad_options_are_said() -> None:
    with pytest.raises(ValueError, match="Did you mean: whisper"):
        recogniser("wisper")
    with pytest.raises(ValueError, match="beam is 0"):
        recogniser("whisper-base", beam=0)
    with pytest.raises(ValueError, match="language is 'English'"):
        recogniser("whisper-base", language="English")
    with pytest.raises(ValueError, match="model is empty"):
        recogniser("whisper", model=" ")


def test_a_folder_without_a_model_says_what_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faster_whisper")
    monkeypatch.setenv("NARRATOR_BENCH_WEIGHTS", str(tmp_path))
    (tmp_path / "medium.en").mkdir()
    (tmp_path / "medium.en/model.bin").write_bytes(b"no model")
    with pytest.raises(WeightsMissing, match=r"medium.en lacks config.json and tokenizer.json: download a model"):
        recogniser("whisper", model="medium.en").engine()


def test_a_model_that_is_none_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper")
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes(b"{}")
    broken = recogniser("whisper", model=f"{tmp_path}/")
    assert f"{tmp_path.name} " in broken.engine()
    with pytest.raises(weights.WeightsError, match="does not load"):
        broken.transcribe(np.zeros(16000, np.float32))


def test_the_registry_waits_for_no_engine() -> None:
    code = "import sys, metrics.audio.recognition; print({'faster_whisper', 'pocketsphinx', 'torch'} & {*sys.modules})"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
