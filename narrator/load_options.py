"""The options of `narrator.load`, checked before anything is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, fields, replace
from pathlib import Path
from typing import Any

import narrator.options as options
from narrator import shipped
from narrator.checkpoints.reading import FilePath
from narrator.checkpoints.released_files import ReleasedFiles
from narrator.entangle import Ablation, Sharing
from narrator.files import sha256
from narrator.presets import PRESETS, NarratorConfig
from narrator.runtime import DType, RuntimeOptions, TextRows
from narrator.speech.sampling import SamplingRules
from narrator.video.config import AttentionKind, ReferenceOrder, Sampling

RELEASED = tuple(part.name for part in fields(ReleasedFiles))
_BESIDE_CHECKPOINT = (*RELEASED, "xtts_config", "vocabulary")
_FILES = ("checkpoint", *_BESIDE_CHECKPOINT, "arcface")
_NO_VALUES = frozenset({*_FILES, "weight_paths", "study_folder", "speech"})


@dataclass(frozen=True, eq=False)
class LoadOptions:
    """What `load` takes; every option is checked at once, without reading a checkpoint or building a network.

    What no file fills is drawn from `seed`, and the generator's name and description then say *untrained*. Beside
    released files, entangled encoders that no file fills are the identity: a cascade of speech and video.

    Attributes:
        preset: `paper` (published sizes), `small` (a few million parameters) or `bundled`, whose trained weights are
            taken from the package where no file is given; a `checkpoint` brings its own sizes.
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
        seed: of untrained weights; a `checkpoint`, as what ships, brings its own. What a narration draws comes from
            its prompt.
        sharing: `explicit` (ETE) or `shared` (STE); by default as in the checkpoint, else `explicit`. What was trained
            with two encoders cannot be shared.
        ablation: what the entangled latent space leaves out; see `narrator.entangle.EntangleConfig`. By default as in
            the checkpoint; the description says where it is another than was trained.
        text_rows: `embedding` or `ids`; see `narrator.model.RuntimeOptions`.
        speech: how speech codes are drawn; fields of `narrator.speech.sampling.SamplingRules`; what
            is not named is the preset's.
        device: `cpu`, `cuda`, ...
        dtype: of the video networks: `float32`, `float16`, `bfloat16`.
        compile: run the denoising UNet through `torch.compile`.
        steps, guidance, reference_order, motion_scale, attention: see `narrator.video.Sampling`; by default the
            preset's.
        study_folder: where relative paths start; the harness fills it.
    """

    preset: str = "small"
    _: KW_ONLY
    checkpoint: FilePath | None = None
    latest: FilePath | None = None
    xtts: FilePath | None = None
    xtts_config: FilePath | None = None
    vocabulary: FilePath | None = None
    hallo: FilePath | None = None
    sd15_unet: FilePath | None = None
    vae: FilePath | None = None
    wav2vec: FilePath | None = None
    arcface: FilePath | None = None
    weight_paths: Mapping[str, Path] | None = None
    seed: int = 0
    sharing: Sharing | None = None
    ablation: Ablation | None = None
    text_rows: TextRows = "embedding"
    speech: SamplingRules | Mapping[str, Any] | None = None
    device: str = "cpu"
    dtype: DType = "float32"
    compile: bool = False
    steps: int | None = None
    guidance: float | None = None
    reference_order: ReferenceOrder | None = None
    motion_scale: Sequence[float] | None = None
    attention: AttentionKind | None = None
    study_folder: FilePath = "."

    def __post_init__(self) -> None:
        options.one_of("generator 'narrator': preset", self.preset, PRESETS)
        options.whole_number("generator 'narrator': seed", self.seed, 0, 2**60)
        if self.checkpoint is not None and any(getattr(self, role) is not None for role in _BESIDE_CHECKPOINT):
            raise ValueError("generator 'narrator': give either one checkpoint of ours or released files, not both.")
        if self.xtts is not None and self.vocabulary is None:
            raise ValueError("generator 'narrator': a speech checkpoint needs its own vocabulary; name its vocab.json.")
        try:
            config = self.entangled(PRESETS[self.preset]())
            self.runtime(config)
            self._check_shipped()
        except ValueError as error:
            raise ValueError(f"generator 'narrator': {error}") from None
        self.files()

    def files(self) -> dict[str, Path]:
        """The files that are given, by role; the weights that ship are a checkpoint."""
        given = {role: getattr(self, role) for role in _FILES}
        found = {
            role: options.file(f"generator 'narrator': {role}", path, self.study_folder)
            for role, path in given.items()
            if path is not None
        }
        return found | ({"checkpoint": shipped.find_weights(self.preset)} if self.takes_shipped else {})

    @property
    def takes_shipped(self) -> bool:
        """Whether the weights are those that ship with the package."""
        files = ("checkpoint", *_BESIDE_CHECKPOINT)
        return self.preset in shipped.TRAINED and all(getattr(self, role) is None for role in files)

    def identity(self) -> dict[str, Any]:
        """JSON values that say all that these options make of a prompt; files by the hash of their content."""
        files = self.files() | {name: Path(path) for name, path in (self.weight_paths or {}).items()}
        told = {part.name: getattr(self, part.name) for part in fields(self) if part.name not in _NO_VALUES}
        return {
            **told,
            "speech": vars(_rules(self.speech, PRESETS[self.preset]().speech.sampling)),
            "files": {role: sha256(path) for role, path in files.items()},
        }

    def entangled(self, config: NarratorConfig) -> NarratorConfig:
        """The sizes with the sharing and the ablation that are asked for."""
        return replace(config, entangle=replace(config.entangle, **self._given("sharing", "ablation")))

    def runtime(self, config: NarratorConfig) -> RuntimeOptions:
        """How the generator runs."""
        video = replace(config.video.sampling, **self._given(*(part.name for part in fields(Sampling))))
        speech = _rules(self.speech, config.speech.sampling)
        return RuntimeOptions(video, speech, self.text_rows, self.device, self.dtype, self.compile)

    def _check_shipped(self) -> None:
        if not self.takes_shipped:
            return
        shipped.find_weights(self.preset)
        if self.sharing == "shared" and shipped.read_card(self.preset).sharing != "shared":
            raise ValueError(
                "sharing is 'shared', and the weights that ship were trained with two encoders; leave it out, or train"
                " a shared encoder (docs/training.md) and pass it as checkpoint."
            )

    def _given(self, *names: str) -> dict[str, Any]:
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


def _rules(speech: SamplingRules | Mapping[str, Any] | None, usual: SamplingRules) -> SamplingRules:
    if isinstance(speech, SamplingRules):
        return speech
    if not isinstance(speech or {}, Mapping):
        raise ValueError(f"speech must hold rules by name, such as {{top_k: 50}}, got {options.shown(speech)}.")
    for name in speech or {}:
        options.one_of("a rule of speech", name, [part.name for part in fields(SamplingRules)])
    return replace(usual, **(speech or {}))
