"""Training clips: what is read, and what is said of a damaged folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile
from support.spoken_clips import RATE, write_clips

from narrator.training.errors import TrainingError
from narrator.training.utterances import Ragged, by_speaker, read_utterances


def test_clips_are_read_with_words_and_speaker(tmp_path: Path) -> None:
    found = read_utterances(write_clips(tmp_path, 4))
    assert [one.key for one in found] == [f"clip-{index}" for index in range(4)]
    assert found[1].speaker == "speaker-1"
    assert len(found[1].text.split()) == 3
    assert by_speaker(found) == [[2, 0], [3, 1], [0, 2], [1, 3]]


def test_silence_around_speech_is_cut(tmp_path: Path) -> None:
    write_clips(tmp_path, 1)
    _, samples = wavfile.read(tmp_path / "clip-0.wav")
    quiet = np.zeros(RATE, np.int16)
    wavfile.write(tmp_path / "clip-0.wav", RATE, np.concatenate([quiet, samples, quiet, quiet]))
    sound = read_utterances(tmp_path)[0].speech(RATE).numpy()
    heard = np.flatnonzero(np.abs(sound) > 0.01)
    assert abs(heard[0] / RATE - 0.1) < 0.02
    assert abs((len(sound) - heard[-1]) / RATE - 0.2) < 0.02


def test_stereo_and_floats_are_the_same_sound(tmp_path: Path) -> None:
    write_clips(tmp_path, 2)
    rate, samples = wavfile.read(tmp_path / "clip-0.wav")
    wavfile.write(tmp_path / "clip-1.wav", rate, np.stack([samples, samples], 1).astype(np.float32) / 32768)
    one, two = (utterance.waveform(16_000) for utterance in read_utterances(tmp_path))
    assert len(one) == -(-len(samples) * 2 // 3)
    np.testing.assert_allclose(one, two, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("manifest.json", None, "has no manifest.json that can be read"),
        ("manifest.json", "{", "is damaged"),
        ("manifest.json", '{"clips": [{"key": "clip-0"}]}', "is damaged"),
        ("manifest.json", '{"clips": []}', "holds no clips"),
        ("clip-0.txt", None, "words of a clip"),
    ],
)
def test_a_damaged_folder_is_one_sentence(tmp_path: Path, name: str, content: str | None, says: str) -> None:
    write_clips(tmp_path, 1)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(TrainingError, match=says):
        read_utterances(tmp_path)


def test_a_damaged_or_silent_clip_is_one_sentence(tmp_path: Path) -> None:
    write_clips(tmp_path, 1)
    clip = read_utterances(tmp_path)[0]
    wavfile.write(clip.path, RATE, np.zeros(RATE, np.int16))
    with pytest.raises(TrainingError, match="is silent"):
        clip.speech(16_000)
    clip.path.write_bytes(b"RIFF")
    with pytest.raises(TrainingError, match="cannot be read"):
        clip.waveform(16_000)


def test_arrays_are_computed_once(tmp_path: Path) -> None:
    arrays = [np.arange(6).reshape(3, 2), np.zeros((0, 2), np.int64), np.ones((1, 2), np.int64)]
    for given in (arrays, []):
        kept = Ragged.cached(tmp_path / "cache" / "table.npy", iter(given))
        assert len(kept) == 3
        for place, array in enumerate(arrays):
            np.testing.assert_array_equal(kept[place], array)
    assert json.dumps(kept.rows().tolist()) == "[[0, 1], [2, 3], [4, 5], [1, 1]]"
