"""`narrator.load`: a generator from checkpoint files, or with untrained weights drawn from a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from narrator.checkpoints.layouts import OWN, Tensors, recognise
from narrator.checkpoints.reading import CheckpointError, FilePath, read_file, sha256
from narrator.checkpoints.released import ReleasedFiles, read_released
from narrator.checkpoints.storing import read_header
from narrator.checkpoints.xtts_config import with_xtts_sizes
from narrator.entangle import Ablation, Sharing
from narrator.face import FaceMesh
from narrator.model import DType, Narrator, Origin, RuntimeOptions, TextRows
from narrator.networks import UNTRAINED_ENTANGLING, Networks, Part, parts_of, untrained
from narrator.presets import PRESETS, NarratorConfig
from narrator.speech.sampling import SamplingRules
from narrator.speech.tokenizer import BUNDLED_VOCABULARY, SpeechTokenizer
from narrator.video import IdentityEmbedder


@dataclass(frozen=True, eq=False)
class _Weights:
    """Weights on their way into the networks."""

    config: NarratorConfig
    tensors: Mapping[Part, Tensors]
    partial: frozenset[str]
    vocabulary: SpeechTokenizer
    origin: Origin


def load(
    preset: str = "small",
    *,
    checkpoint: FilePath | None = None,
    latest: FilePath | None = None,
    xtts: FilePath | None = None,
    xtts_config: FilePath | None = None,
    vocabulary: FilePath | None = None,
    hallo: FilePath | None = None,
    sd15_unet: FilePath | None = None,
    vae: FilePath | None = None,
    wav2vec: FilePath | None = None,
    arcface: FilePath | None = None,
    weight_paths: Mapping[str, Path] | None = None,
    seed: int = 0,
    sharing: Sharing | None = None,
    ablation: Ablation | None = None,
    text_rows: TextRows = "embedding",
    speech: SamplingRules | Mapping[str, Any] | None = None,
    device: str = "cpu",
    dtype: DType = "float32",
    compile: bool = False,
    **sampling: Any,
) -> Narrator:
    """Build the generator.

    What no file fills is drawn from `seed`, and the generator's name and description then say *untrained*. Beside
    released files, entangled encoders that no file fills are the identity: a cascade of speech and video.

    Args:
        preset: `paper` (published sizes) or `small` (a few million parameters); a `checkpoint` brings its own sizes.
        checkpoint: one safetensors file that `Narrator.save` wrote; excludes the released files below.
        latest: NarratingForYou's latest.pth.
        xtts: XTTS v2's model.pth; needs `vocabulary`.
        xtts_config: its config.json; without it the preset's sizes are expected.
        vocabulary: its vocab.json.
        hallo: Hallo's net.pth.
        sd15_unet: Stable Diffusion 1.5's UNet, as safetensors or bin.
        vae: sd-vae-ft-mse, likewise.
        wav2vec: wav2vec2-base-960h, likewise.
        arcface: glintr100.onnx of insightface's antelopev2; without it the identity embedding is zeros.
        weight_paths: files of the networks that find the face, by name; needed to narrate.
        seed: of untrained weights; a `checkpoint` brings its own. What a narration draws comes from its prompt.
        sharing: `explicit` (ETE) or `shared` (STE); by default as in the checkpoint, else `explicit`.
        ablation: what the entangled latent space leaves out; see `narrator.entangle.EntangleConfig`.
        text_rows: `embedding` or `ids`; see `narrator.model.RuntimeOptions`.
        speech: how speech codes are drawn; fields of `narrator.speech.sampling.SamplingRules`.
        device: `cpu`, `cuda`, ...
        dtype: of the video networks: `float32`, `float16`, `bfloat16`.
        compile: run the denoising UNet through `torch.compile`.
        sampling: steps, guidance, attention, ...: fields of `narrator.video.Sampling`.

    Raises:
        CheckpointError: a file is absent, damaged, or not exactly what the model needs.
        ValueError: an option is unknown or contradicts another.
    """
    released = ReleasedFiles(sd15_unet, hallo, latest, xtts, vae, wav2vec)
    if checkpoint is not None:
        if released.given() or vocabulary or xtts_config:
            raise ValueError("Give either one checkpoint of ours or released files, not both.")
        weights = _own(Path(checkpoint))
    else:
        weights = _released(preset, released, xtts_config, vocabulary, seed)
    config = _entangled(weights.config, sharing, ablation)
    if speech is None or isinstance(speech, Mapping):
        speech = SamplingRules(**(speech or {}))
    options = RuntimeOptions(replace(config.video.sampling, **sampling), speech, text_rows, device, dtype, compile)
    return Narrator(
        _filled(config, weights, compile),
        weights.vocabulary,
        weights.origin,
        options,
        FaceMesh(weight_paths) if weight_paths else None,
        IdentityEmbedder(Path(arcface)) if arcface else None,
    )


# The harness fetches these and passes them as `weight_paths`.
load.weights = FaceMesh.weights  # type: ignore[attr-defined]


def _own(path: Path) -> _Weights:
    one = recognise(read_file(path))
    if one.layout != OWN:
        raise CheckpointError(f"{path} is a {one.layout} file; name it by its own option instead of as checkpoint.")
    header = read_header(one.file)
    origin = Origin(header.preset, {"checkpoint": _named(path)}, header.untrained, header.seed)
    return _Weights(header.config, one.parts, frozenset(), SpeechTokenizer.from_json(header.vocabulary, path), origin)


def _released(
    preset: str, files: ReleasedFiles, xtts_config: FilePath | None, vocabulary: FilePath | None, seed: int
) -> _Weights:
    if preset not in PRESETS:
        raise ValueError(f"Unknown preset {preset!r}; choose one of: {', '.join(PRESETS)}.")
    config = PRESETS[preset]()
    if xtts_config is not None:
        config = replace(config, speech=with_xtts_sizes(config.speech, Path(xtts_config)))
    read = read_released(files, config)
    if "speech" in read.tensors and vocabulary is None:
        raise ValueError("A speech checkpoint needs its own vocabulary; name the vocab.json that came with it.")
    names = {role: _named(path) for role, path in files.given().items()}
    if vocabulary is not None:
        names["vocabulary"] = _named(Path(vocabulary))
    drawn = tuple(part for part in parts_of(read.config) if part not in read.tensors or part in read.partial)
    tokenizer = SpeechTokenizer(Path(vocabulary) if vocabulary else BUNDLED_VOCABULARY)
    return _Weights(read.config, read.tensors, read.partial, tokenizer, Origin(preset, names, drawn, seed, read.notes))


def _named(path: Path) -> dict[str, str]:
    return {"file": path.name, "sha256": sha256(path)}


def _entangled(config: NarratorConfig, sharing: Sharing | None, ablation: Ablation | None) -> NarratorConfig:
    wanted = {name: value for name, value in (("sharing", sharing), ("ablation", ablation)) if value is not None}
    return replace(config, entangle=replace(config.entangle, **wanted))  # type: ignore[arg-type]


def _filled(config: NarratorConfig, weights: _Weights, compile_denoiser: bool) -> Networks:
    networks = Networks(config, compile_denoiser=compile_denoiser)
    for part in networks.parts():
        if part not in weights.tensors:
            entangling = 0.0 if weights.origin.files else UNTRAINED_ENTANGLING
            networks.fill_untrained(part, weights.origin.seed, entangling)
            continue
        tensors = weights.tensors[part]
        if part in weights.partial:
            tensors = untrained(part, config, weights.origin.seed).state_dict() | tensors
        networks.fill(part, tensors, f"The {part} of the checkpoint")
    return networks
