"""`narrator.load`: a generator from checkpoint files, or with untrained weights drawn from a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from inspect import signature
from pathlib import Path
from typing import Any

import narrator.options as options
from narrator.checkpoints.layouts import OWN, Tensors, recognise
from narrator.checkpoints.reading import CheckpointError, read_file
from narrator.checkpoints.released import ReleasedFiles, read_released
from narrator.checkpoints.storing import read_header
from narrator.checkpoints.xtts_config import with_xtts_sizes
from narrator.contract import Narration, Prompt
from narrator.face import FaceMesh
from narrator.files import sha256
from narrator.load_options import RELEASED, LoadOptions
from narrator.model import Narrator, Origin
from narrator.networks import UNTRAINED_ENTANGLING, Networks, Part, parts_of, untrained
from narrator.presets import PRESETS, NarratorConfig
from narrator.speech.tokenizer import BUNDLED_VOCABULARY, SpeechTokenizer
from narrator.video import IdentityEmbedder


@dataclass(frozen=True, eq=False)
class _Weights:
    """Weights on their way into the networks; `entangling` is for encoders that no file fills, see `untrained`."""

    config: NarratorConfig
    tensors: Mapping[Part, Tensors]
    partial: frozenset[str]
    vocabulary: SpeechTokenizer
    origin: Origin
    entangling: float


def load(preset: str = "small", **wanted: Any) -> Narrator:
    """Build the generator.

    Args:
        preset: name of the sizes.
        wanted: fields of `LoadOptions`.

    Raises:
        CheckpointError: a file is damaged, or not exactly what the model needs.
        ValueError: an option is unknown, wrong, or contradicts another.
    """
    for name in wanted:
        options.one_of("generator 'narrator': an option", name, [part.name for part in fields(LoadOptions)])
    return build(LoadOptions(preset, **wanted))


# For `help`, and for whoever registers `load` itself as a generator.
load.__signature__ = signature(LoadOptions)  # type: ignore[attr-defined]
load.weights = FaceMesh.weights  # type: ignore[attr-defined]


def build(asked: LoadOptions) -> Narrator:
    """The generator, its files read and its weights drawn."""
    files = asked.files()
    weights = _own(files["checkpoint"]) if "checkpoint" in files else _released(asked.preset, files, asked.seed)
    config = asked.entangled(weights.config)
    read = files | {name: Path(path) for name, path in (asked.weight_paths or {}).items()}
    origin = replace(weights.origin, files={role: _named(path) for role, path in read.items()})
    return Narrator(
        _filled(config, weights, asked.compile),
        weights.vocabulary,
        origin,
        asked.runtime(config),
        FaceMesh(asked.weight_paths) if asked.weight_paths else None,
        IdentityEmbedder(files["arcface"]) if "arcface" in files else None,
    )


class BundledGenerator:
    """`load` as the harness's plug-in: options are checked at once, everything else happens at the first prompt."""

    weights = FaceMesh.weights
    __signature__ = signature(LoadOptions)

    def __init__(self, *arguments: Any, **wanted: Any) -> None:
        self._options = LoadOptions(*arguments, **wanted)

    @cached_property
    def _narrator(self) -> Narrator:
        return build(self._options)

    @property
    def name(self) -> str:
        """Of the generator that is loaded."""
        return self._narrator.name

    def __call__(self, prompt: Prompt) -> Narration:
        """See `Narrator`."""
        return self._narrator(prompt)

    def describe(self) -> Mapping[str, Any]:
        """See `Narrator.describe`."""
        return self._narrator.describe()


def _own(path: Path) -> _Weights:
    one = recognise(read_file(path))
    if one.layout != OWN:
        raise CheckpointError(f"{path} is a {one.layout} file; name it by its own option instead of as checkpoint.")
    header = read_header(one.file)
    origin = Origin(header.preset, untrained=header.untrained, seed=header.seed)
    vocabulary = SpeechTokenizer.from_json(header.vocabulary, path)
    return _Weights(header.config, one.parts, frozenset(), vocabulary, origin, entangling=0.0)


def _released(preset: str, files: Mapping[str, Path], seed: int) -> _Weights:
    config = PRESETS[preset]()
    if "xtts_config" in files:
        config = replace(config, speech=with_xtts_sizes(config.speech, files["xtts_config"]))
    read = read_released(ReleasedFiles(**{role: path for role, path in files.items() if role in RELEASED}), config)
    if "speech" in read.tensors and "vocabulary" not in files:
        raise ValueError("A speech checkpoint needs its own vocabulary; name the vocab.json that came with it.")
    drawn = tuple(part for part in parts_of(read.config) if part not in read.tensors or part in read.partial)
    tokenizer = SpeechTokenizer(files.get("vocabulary", BUNDLED_VOCABULARY))
    origin = Origin(preset, untrained=drawn, seed=seed, notes=read.notes)
    entangling = 0.0 if read.tensors else UNTRAINED_ENTANGLING
    return _Weights(read.config, read.tensors, read.partial, tokenizer, origin, entangling)


def _named(path: Path) -> dict[str, str]:
    return {"file": path.name, "sha256": sha256(path)}


def _filled(config: NarratorConfig, weights: _Weights, compile_denoiser: bool) -> Networks:
    networks = Networks(config, compile_denoiser=compile_denoiser)
    for part in networks.parts():
        if part not in weights.tensors:
            networks.fill_untrained(part, weights.origin.seed, weights.entangling)
            continue
        tensors = weights.tensors[part]
        if part in weights.partial:
            tensors = untrained(part, config, weights.origin.seed).state_dict() | tensors
        networks.fill(part, tensors, f"The {part} of the checkpoint")
    return networks
