"""Made-up checkpoint files in the layout of each released one, with the small preset's widths."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from narrator.networks import Part, untrained, with_audio
from narrator.presets import small

SEED = 11


def part(name: Part, **hearing: bool) -> dict[str, Tensor]:
    """Tensors of one part of the small preset, by our keys."""
    config = with_audio(small(), **hearing) if hearing else small()
    return {key: value.clone() for key, value in untrained(name, config, SEED).state_dict().items()}


def old_weight_norm(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The names that PyTorch 1 stored a weight norm under."""
    names = {".parametrizations.weight.original0": ".weight_g", ".parametrizations.weight.original1": ".weight_v"}
    renamed = {}
    for key, value in tensors.items():
        for new, old in names.items():
            key = key.replace(new, old)
        renamed[key] = value
    return renamed


def xtts(path: Path, tensors: dict[str, Tensor] | None = None) -> Path:
    """model.pth: prefixed keys, aliases, training-only networks, old weight norms and a pickled configuration."""
    model = {f"xtts.{key}": value for key, value in old_weight_norm(tensors or part("speech")).items()}
    model |= {
        "xtts.dvae.codebook.embed": torch.zeros(4),
        "torch_mel_spectrogram_dvae.mel_stft.window": torch.zeros(4),
        "xtts.gpt.gpt.wte.weight": torch.zeros(4),
        "xtts.gpt.gpt_inference.lm_head.0.weight": torch.zeros(4),
        "xtts.gpt.gpt.h.0.attn.bias": torch.zeros(1),
        "xtts.gpt.gpt.h.0.attn.masked_bias": torch.zeros(1),
    }
    with _ConfigurationModule() as configuration:
        torch.save({"model": model, "config": configuration, "step": 3, "extra": defaultdict(dict)}, path)
    return path


class _ConfigurationModule:
    """An object of the class that XTTS' files pickle, defined only while the file is written."""

    names = ("TTS", "TTS.tts", "TTS.tts.configs", "TTS.tts.configs.xtts_config")

    def __enter__(self) -> Any:
        for name in self.names:
            sys.modules[name] = ModuleType(name)
        cls = type("XttsConfig", (), {"__module__": self.names[-1]})
        sys.modules[self.names[-1]].XttsConfig = cls  # type: ignore[attr-defined]
        configuration = cls()
        configuration.temperature = 0.75  # type: ignore[attr-defined]
        return configuration

    def __exit__(self, *_: object) -> None:
        for name in self.names:
            del sys.modules[name]


def hallo(path: Path) -> Path:
    torch.save(part("net"), path)
    return path


def latest(path: Path, *, audio_modules: bool = True, identity: bool = False, speech: bool = False) -> Path:
    """latest.pth: float16 video networks without audio projection, both encoders, perhaps the speech model."""
    net = part("net", audio_modules=audio_modules, audio_projection=False)
    entangler = {key: value * (not identity) for key, value in part("entangler").items()}
    tree: dict[str, Any] = {"net_state_dict": {key: value.half() for key, value in net.items()}}
    for stream in ("audio", "video"):
        prefix = f"{stream}_transformer_encoder."
        tree[f"{prefix[:-1]}_state_dict"] = {
            key.removeprefix(prefix): value for key, value in entangler.items() if key.startswith(prefix)
        }
    if speech:
        tree["tts_model_state_dict"] = part("speech")
    torch.save(tree, path)
    return path


def sd15(path: Path) -> Path:
    """Stable Diffusion's own keys: the denoising UNet without what Hallo added."""
    unet = {
        key.removeprefix("denoising_unet."): value.contiguous()
        for key, value in part("net").items()
        if key.startswith("denoising_unet.") and "audio_modules" not in key and "motion_modules" not in key
    }
    save_file(unet, path)
    return path


def vae(path: Path) -> Path:
    """An old copy: the attention's linears under their old names, as 1 x 1 convolutions."""
    names = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    tensors = {}
    for key, value in part("vae").items():
        for new, old in names.items():
            if f"attentions.0.{new}." in key:
                key = key.replace(new, old)
                value = value[:, :, None, None] if value.ndim == 2 else value
        tensors[key] = value.contiguous()
    save_file(tensors, path)
    return path


def wav2vec(path: Path) -> Path:
    """As published for speech recognition: prefixed, with a language model head and a masking vector."""
    tensors = {
        "wav2vec2." + key.removeprefix("wav2vec."): value for key, value in old_weight_norm(part("features")).items()
    }
    torch.save(tensors | {"lm_head.weight": torch.zeros(4), "wav2vec2.masked_spec_embed": torch.zeros(4)}, path)
    return path
