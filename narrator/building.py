"""The generator from checkpoint files and from weights drawn from a seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from narrator.checkpoints.layouts import OWN, Tensors, recognise
from narrator.checkpoints.reading import CheckpointError, read_file
from narrator.checkpoints.released import read_released
from narrator.checkpoints.released_files import ReleasedFiles
from narrator.checkpoints.storing import read_header
from narrator.checkpoints.xtts_config import with_xtts_sizes
from narrator.face import FaceMesh
from narrator.files import sha256
from narrator.load_options import RELEASED, LoadOptions
from narrator.model import Narrator
from narrator.networks import UNTRAINED_ENTANGLING, Networks, Part, parts_of, untrained
from narrator.presets import PRESETS, NarratorConfig
from narrator.runtime import Origin
from narrator.shipped import NotShipped, check_weights
from narrator.speech.tokenizer import BUNDLED_VOCABULARY, SpeechTokenizer
from narrator.video.identity import IdentityEmbedder


@dataclass(frozen=True, eq=False)
class _Weights:
    """Weights on their way into the networks; `entangling` is for encoders that no file fills, see `untrained`."""

    config: NarratorConfig
    tensors: Mapping[Part, Tensors]
    partial: frozenset[str]
    vocabulary: SpeechTokenizer
    origin: Origin
    entangling: float


def build(asked: LoadOptions) -> Narrator:
    """The generator, its files read and its weights drawn."""
    files = asked.files()
    if asked.takes_shipped:
        try:
            check_weights(asked.preset)
        except NotShipped as error:
            raise CheckpointError(f"generator 'narrator': {error}") from None
    weights = _own(files["checkpoint"]) if "checkpoint" in files else _released(asked.preset, files, asked.seed)
    config = asked.entangled(weights.config)
    read = files | {name: Path(path) for name, path in (asked.weight_paths or {}).items()}
    origin = replace(
        weights.origin,
        files={role: _named(path) for role, path in read.items()},
        notes=(*weights.origin.notes, *_run_otherwise(weights, config)),
    )
    return Narrator(
        _filled(config, weights, asked.compile),
        weights.vocabulary,
        origin,
        asked.runtime(config),
        FaceMesh(asked.weight_paths) if asked.weight_paths else None,
        IdentityEmbedder(files["arcface"]) if "arcface" in files else None,
    )


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


def _run_otherwise(weights: _Weights, config: NarratorConfig) -> Iterator[str]:
    """What the caller has the trained encoders do that they were not trained for."""
    trained, runs = weights.config.entangle, config.entangle
    if "entangler" in weights.tensors and "entangler" not in weights.origin.untrained:
        if trained.ablation != runs.ablation:
            yield (
                f"The encoders were trained with ablation '{trained.ablation}' and run with '{runs.ablation}': this is"
                " no model that was trained without what is left out."
            )
        if (trained.sharing, runs.sharing) == ("shared", "explicit"):
            yield "The encoders were trained as one, and run as two equal ones."


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
