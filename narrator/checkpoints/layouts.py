"""The layouts in which weights are published: what a file is, and its tensors under our keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from narrator.checkpoints.reading import CheckpointError, StoredFile
from narrator.networks import PARTS, Part

Tensors = dict[str, Tensor]

OWN_HEADER = "narrator-bench"

AUTHORS = "NarratingForYou latest.pth"
XTTS = "XTTS v2 model.pth"
HALLO = "Hallo net.pth"
SD15 = "Stable Diffusion 1.5 UNet"
VAE = "Stable Diffusion autoencoder"
WAV2VEC = "wav2vec 2.0"
OWN = "narrator-bench"

_AUTHORS_PARTS = ("audio_transformer_encoder", "video_transformer_encoder")
_UNET_HEAD = ("conv_norm_out.", "conv_out.")


@dataclass(frozen=True, eq=False)
class Recognised:
    """A checkpoint file whose layout is known.

    Attributes:
        layout: one of the names above.
        parts: tensors under our keys, by part (see `narrator.networks.PARTS`).
        file: what was read.
        notes: sentences worth telling about what was left out.
        partial: parts of which this layout carries only some keys.
    """

    layout: str
    parts: Mapping[Part, Tensors]
    file: StoredFile
    notes: tuple[str, ...] = ()
    partial: frozenset[str] = field(default_factory=frozenset)


def recognise(file: StoredFile) -> Recognised:
    """Tell the layout of a file by its keys.

    Raises:
        CheckpointError: it is none that is understood.
    """
    if OWN_HEADER in file.metadata:
        return Recognised(OWN, _split(file), file)
    if "net_state_dict" in file.tree:
        return _authors(file)
    flat = file.tensors("model") if isinstance(file.tree.get("model"), Mapping) else file.tensors()
    for layout, mark, convert in _LAYOUTS:
        if any(mark.search(key) for key in flat):
            return convert(layout, flat, file)
    known = ", ".join([OWN, AUTHORS, *(layout for layout, _, _ in _LAYOUTS)])
    raise CheckpointError(f"{file.path} holds none of the known layouts ({known}); name one of these files.")


def _split(file: StoredFile) -> dict[Part, Tensors]:
    """`part.key` to part, then key."""
    parts: dict[Part, Tensors] = {}
    for name, value in file.tensors().items():
        start, _, key = name.partition(".")
        part = next((part for part in PARTS if part == start), None)
        if part is None:
            raise CheckpointError(f"{file.path} holds a part {start!r} that this version of narrator-bench lacks.")
        parts.setdefault(part, {})[key] = value
    return parts


def _authors(file: StoredFile) -> Recognised:
    parts: dict[Part, Tensors] = {"net": file.tensors("net_state_dict")}
    absent = [f"{name}_state_dict" for name in _AUTHORS_PARTS if f"{name}_state_dict" not in file.tree]
    if absent:
        raise CheckpointError(f"{file.path} has net_state_dict but lacks {', '.join(absent)}; take an undamaged copy.")
    parts["entangler"] = {
        f"{name}.{key}": value for name in _AUTHORS_PARTS for key, value in file.tensors(f"{name}_state_dict").items()
    }
    notes: tuple[str, ...] = ()
    if "tts_model_state_dict" in file.tree:
        parts["speech"], notes = _xtts_keys(file.tensors("tts_model_state_dict"))
    return Recognised(AUTHORS, parts, file, notes)


def _xtts(layout: str, flat: Tensors, file: StoredFile) -> Recognised:
    tensors, notes = _xtts_keys(flat)
    return Recognised(layout, {"speech": tensors}, file, notes)


# Aliases of other tensors, the training code's own networks and constant buffers: none of them is part of the model.
_XTTS_DROPPED = re.compile(
    r"^dvae\.|^torch_mel_spectrogram_|^gpt\.gpt_inference\.|^gpt\.gpt\.wte\.|\.attn\.(masked_)?bias$"
)


def _xtts_keys(flat: Tensors) -> tuple[Tensors, tuple[str, ...]]:
    named = {key.removeprefix("xtts."): value for key, value in flat.items()}
    kept = {_weight_norm_key(key): value for key, value in named.items() if not _XTTS_DROPPED.search(key)}
    dropped = len(named) - len(kept)
    return kept, (f"{dropped} aliases and training-only tensors were left out",) if dropped else ()


def _weight_norm_key(key: str) -> str:
    """Older PyTorch stored a weight norm's length and direction as `weight_g` and `weight_v`."""
    key = re.sub(r"\.weight_g$", ".parametrizations.weight.original0", key)
    return re.sub(r"\.weight_v$", ".parametrizations.weight.original1", key)


def _hallo(layout: str, flat: Tensors, file: StoredFile) -> Recognised:
    return Recognised(layout, {"net": flat}, file)


def _sd15(layout: str, flat: Tensors, file: StoredFile) -> Recognised:
    reference = {f"reference_unet.{k}": v for k, v in flat.items() if not k.startswith(_UNET_HEAD)}
    denoising = {f"denoising_unet.{k}": v for k, v in flat.items()}
    return Recognised(layout, {"net": reference | denoising}, file, partial=frozenset({"net"}))


_VAE_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}


def _vae(layout: str, flat: Tensors, file: StoredFile) -> Recognised:
    """Older copies name the attention's linears differently and store them as 1 x 1 convolutions."""
    old = re.compile(rf"(mid_block\.attentions\.0)\.({'|'.join(_VAE_ATTENTION)})\.(weight|bias)$")
    linear = re.compile(r"mid_block\.attentions\.0\.to_(q|k|v|out\.0)\.weight$")
    tensors = {}
    for key, value in flat.items():
        key = old.sub(lambda match: f"{match[1]}.{_VAE_ATTENTION[match[2]]}.{match[3]}", key)
        tensors[key] = value[:, :, 0, 0] if linear.search(key) and value.ndim == 4 else value
    return Recognised(layout, {"vae": tensors}, file)


_WAV2VEC_TRAINING = ("masked_spec_embed", "lm_head.", "quantizer.", "project_q.", "project_hid.", "dropout_features.")


def _wav2vec(layout: str, flat: Tensors, file: StoredFile) -> Recognised:
    named = {_weight_norm_key(key.removeprefix("wav2vec2.")): value for key, value in flat.items()}
    kept = {f"wav2vec.{key}": value for key, value in named.items() if not key.startswith(_WAV2VEC_TRAINING)}
    return Recognised(layout, {"features": kept}, file)


_LAYOUTS: list[tuple[str, re.Pattern[str], Callable[[str, Tensors, StoredFile], Recognised]]] = [
    (XTTS, re.compile(r"^(xtts\.)?gpt\.mel_(embedding|head)\."), _xtts),
    (HALLO, re.compile(r"^(reference_unet|denoising_unet)\."), _hallo),
    (WAV2VEC, re.compile(r"^(wav2vec2\.)?feature_extractor\.conv_layers\."), _wav2vec),
    (VAE, re.compile(r"^(encoder|decoder)\.mid_block\."), _vae),
    (SD15, re.compile(r"^down_blocks\.\d+\.resnets\."), _sd15),
]
