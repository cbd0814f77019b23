"""The audio packages, imported in an environment that lacks what only their other embeddings need.

`laion_clap` asks huggingface.co for three tokenizers when it is imported, and msclap, dac and others are not called
for; `torchaudio` refuses torch builds for another CUDA version than its own although no CUDA is used here, and reads
and writes files by a further library: soundfile, which it used before, stands in for that. `torch.hub` would fetch
`torchvggish` from GitHub: its class of 0.1 is its functions of 0.2 in a row.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from reference_weights import seeded_state
from torchvggish import torchvggish, vggish_input

_cuda, torch.version.cuda = torch.version.cuda, None
import torchaudio  # noqa: E402

torch.version.cuda = _cuda
sys.modules["laion_clap"] = types.ModuleType("laion_clap")
import encodec  # noqa: E402
import fadtk.fad as fadtk  # noqa: E402
import fadtk.model_loader as fadtk_models  # noqa: E402
import frechet_audio_distance.utils  # noqa: E402

__all__ = ["encodec", "fadtk", "fadtk_models", "frechet_audio_distance", "write_sounds"]


def _load(path: str, backend: str | None = None) -> tuple[torch.Tensor, int]:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return torch.from_numpy(samples.T), rate


def _save(path: str, samples: torch.Tensor, rate: int, **_encoding: Any) -> None:
    soundfile.write(path, samples.numpy().T, rate, subtype="PCM_16")


class _HubVGGish(torchvggish.VGG):
    """The network that torch.hub gives: it takes a waveform and its sample rate."""

    def __init__(self) -> None:
        super().__init__(torchvggish.make_layers(), postprocess=False)
        self.load_state_dict(seeded_state(self))

    def forward(self, waveform: NDArray[Any], rate: int) -> torch.Tensor:
        return super().forward(vggish_input.waveform_to_examples(waveform, rate))


def _hub_load(repository: str = "", name: str = "", *, repo_or_dir: str = "", model: str = "") -> torch.nn.Module:
    assert "harritaylor/torchvggish" in (repository, repo_or_dir)
    return _HubVGGish()


def write_sounds(folder: Path, sounds: list[NDArray[np.int16]], rate: int) -> Path:
    """16-bit wave files in a folder, which is returned."""
    folder.mkdir(parents=True)
    for number, samples in enumerate(sounds):
        soundfile.write(folder / f"{number}.wav", samples, rate, subtype="PCM_16")
    return folder


torchaudio.load, torchaudio.save, torch.hub.load = _load, _save, _hub_load
