"""From trained stages to one checkpoint file of ours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from narrator.checkpoints.layouts import Tensors
from narrator.checkpoints.storing import save
from narrator.networks import UNTRAINED_ENTANGLING, Networks, Part, part_shapes
from narrator.presets import NarratorConfig
from narrator.speech.tokenizer import SpeechTokenizer


def write_checkpoint(
    path: Path, preset: str, config: NarratorConfig, seed: int, trained: Mapping[str, Tensor]
) -> tuple[str, ...]:
    """Write `.safetensors` in float16, which `narrator.load(checkpoint=...)` reads.

    Args:
        path: of the file.
        preset: name of the sizes.
        config: the sizes, with the entangled latent space that was trained.
        seed: of the weights that no stage has trained.
        trained: tensors of all stages under the checkpoint's keys, `PART.key`.

    Returns:
        The parts that are not trained in full, whose weights, or some of them, were drawn from the seed; the file says
        so, too.
    """
    networks = Networks(config)
    untrained: list[str] = []
    for part in networks.parts():
        networks.fill_untrained(part, seed, UNTRAINED_ENTANGLING)
        own = _of(part, trained)
        if own:
            networks.fill(part, networks.parts()[part].state_dict() | own, f"The trained {part}")
        if set(own) != set(part_shapes(part, config)):
            untrained.append(part)
    save(path, networks, preset, SpeechTokenizer().to_json(), tuple(untrained), seed, half=True)
    return tuple(untrained)


def _of(part: Part, trained: Mapping[str, Tensor]) -> Tensors:
    """The tensors of a part under its own keys."""
    start = f"{part}."
    return {key.removeprefix(start): value for key, value in trained.items() if key.startswith(start)}
