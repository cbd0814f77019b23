"""Damaged and hostile files are refused with one sentence, and nothing in them is run."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from support import released_layouts as made

import narrator
from narrator.checkpoints.reading import CheckpointError, read_file
from narrator.speech.tokenizer import BUNDLED_VOCABULARY


def load_xtts(path: Path) -> None:
    narrator.load(xtts=path, vocabulary=BUNDLED_VOCABULARY)


def refused(action: Callable[[], object], match: str) -> str:
    with pytest.raises(CheckpointError, match=match) as caught:
        action()
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


def test_a_missing_key(tmp_path: Path) -> None:
    tensors = made.part("speech")
    del tensors["gpt.final_norm.bias"]
    path = made.xtts(tmp_path / "model.pth", tensors)
    refused(lambda: load_xtts(path), r"model\.pth .* in 1 of \d+ keys \(missing: gpt\.final_norm\.bias\)")


def test_an_extra_key(tmp_path: Path) -> None:
    path = made.xtts(tmp_path / "model.pth", made.part("speech") | {"gpt.surprise": torch.zeros(2)})
    refused(lambda: load_xtts(path), r"unexpected: gpt\.surprise")


def test_a_wrong_shape(tmp_path: Path) -> None:
    path = made.xtts(tmp_path / "model.pth", made.part("speech") | {"gpt.final_norm.bias": torch.zeros(7)})
    refused(lambda: load_xtts(path), r"wrong shape: gpt\.final_norm\.bias \[7\] instead of \[128\]")


def test_every_difference_of_a_kind_is_counted(tmp_path: Path) -> None:
    tensors = {key: value for key, value in made.part("speech").items() if ".ln_1." not in key and ".ln_2." not in key}
    path = made.xtts(tmp_path / "model.pth", tensors)
    assert " and 8 more" in refused(lambda: load_xtts(path), r"in 16 of \d+ keys")


def test_the_authors_file_without_an_encoder(tmp_path: Path) -> None:
    path = made.latest(tmp_path / "latest.pth")
    tree = torch.load(path, weights_only=True)
    del tree["video_transformer_encoder_state_dict"]
    torch.save(tree, path)
    refused(lambda: narrator.load(latest=path), "lacks video_transformer_encoder_state_dict")


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.999])
def test_a_truncated_file(tmp_path: Path, kept: float) -> None:
    whole = made.hallo(tmp_path / "whole.pth").read_bytes()
    path = tmp_path / "net.pth"
    path.write_bytes(whole[: int(len(whole) * kept)])
    refused(lambda: narrator.load(hallo=path), r"net\.pth is damaged or not a checkpoint file")


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.5])
def test_a_truncated_safetensors_file(tmp_path: Path, kept: float) -> None:
    whole = made.vae(tmp_path / "whole.safetensors").read_bytes()
    path = tmp_path / "vae.safetensors"
    path.write_bytes(whole[: int(len(whole) * kept)])
    refused(lambda: narrator.load(vae=path), r"vae\.safetensors is damaged or not a safetensors file")


@pytest.fixture(scope="module", params=[True, False], ids=["zip", "legacy"])
def sound(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("sound") / "sound.pth"
    torch.save({"a": {"b": torch.ones(3), "c": [1, 2]}}, path, _use_new_zipfile_serialization=request.param)
    return path.read_bytes()


@given(data=st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.filterwarnings("ignore")
def test_flipped_bytes_load_or_are_refused(sound: bytes, tmp_path: Path, data: st.DataObject) -> None:
    damaged = bytearray(sound)
    for place in data.draw(st.lists(st.integers(0, len(sound) - 1), min_size=1, max_size=8)):
        damaged[place] = data.draw(st.integers(0, 255))
    path = tmp_path / "net.pth"
    path.write_bytes(damaged)
    with suppress(CheckpointError):  # and nothing else may come out of it
        read_file(path)


class _Runs:
    """Asks whoever unpickles it to make a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("form", ["torch", "legacy", "bare pickle"])
def test_code_in_a_file_is_not_run(tmp_path: Path, form: str) -> None:
    path, folder = tmp_path / "model.pth", tmp_path / "proof"
    payload = {"model": made.part("speech"), "config": _Runs(folder)}
    if form == "bare pickle":
        path.write_bytes(pickle.dumps({"config": _Runs(folder)}))
    else:
        torch.save(payload, path, _use_new_zipfile_serialization=form == "torch")
    refused(lambda: load_xtts(path), "mkdir|not a checkpoint")
    refused(lambda: narrator.inspect(path), "mkdir|not a checkpoint")
    assert not folder.exists()


def test_a_class_beyond_the_allowed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save({"model": made.part("speech"), "config": Path("x")}, path)
    refused(lambda: load_xtts(path), "wants pathlib")


def test_not_a_checkpoint(tmp_path: Path) -> None:
    text = tmp_path / "notes.pth"
    text.write_text("hello")
    refused(lambda: narrator.inspect(text), "damaged or not a checkpoint file")
    archive = tmp_path / "archive.pth"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.txt", "b")
    refused(lambda: narrator.inspect(archive), "damaged or not a checkpoint file")
    refused(lambda: narrator.inspect(tmp_path / "absent.pth"), "There is no checkpoint file")
    other = tmp_path / "other.safetensors"
    save_file({"layer.weight": torch.zeros(2)}, other)
    refused(lambda: narrator.inspect(other), "none of the known layouts")
    listed = tmp_path / "list.pth"
    torch.save([torch.zeros(2)], listed)
    refused(lambda: narrator.inspect(listed), "holds a list")
