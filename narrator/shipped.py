"""The trained weights that ship with the package, and the card that tells what they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from narrator.files import sha256

FOLDER = Path(__file__).parent / "weights"
TRAINED = ("bundled",)
"""Presets whose weights are taken from the package; an installation without them says so."""


class NotShipped(ValueError):
    """The trained weights cannot be used as they lie here; the message is one sentence with the way out."""


@dataclass(frozen=True)
class Card:
    """What the shipped weights are.

    Attributes:
        preset: name of the sizes.
        sha256: of the file.
        size: of the file, bytes.
        parameters: by part; a shared encoder counts once.
        licence: of the weights, as SPDX names it.
        untrained: parts whose weights, or some of them, were drawn from `seed`.
        seed: of the training.
        sharing: `explicit` or `shared`, as the entangled encoders were trained.
        ablation: of the entangled latent space, as trained.
        recipe: hash of the training study; see `narrator.training.shipping.recipe_hash`.
        steps: of each stage.
        evaluated: figures of `tests/benchmarks/bench_trained.py` for just this file; None before they are taken.
    """

    preset: str
    sha256: str
    size: int
    parameters: Mapping[str, int]
    licence: str
    untrained: tuple[str, ...]
    seed: int
    sharing: str
    ablation: str
    recipe: str
    steps: Mapping[str, int]
    evaluated: Mapping[str, Any] | None = None


def weights_file(preset: str) -> Path:
    """Where the trained weights of a preset lie, whether or not they are there."""
    return FOLDER / f"{preset}.safetensors"


def card_file(preset: str) -> Path:
    """Where their card lies."""
    return FOLDER / f"{preset}.json"


def find_weights(preset: str) -> Path:
    """The trained weights of a preset; not opened.

    Raises:
        NotShipped: they are not in this installation.
    """
    path = weights_file(preset)
    if not path.is_file():
        raise NotShipped(
            f"the trained weights of preset '{preset}' are not in this installation ({path} is not there); train them"
            f" by `narrator-bench train {preset} --out DIR` and pass checkpoint=DIR/checkpoint.safetensors."
        )
    return path


def read_card(preset: str) -> Card:
    """The card of the trained weights.

    Raises:
        NotShipped: it is absent or damaged.
    """
    path = card_file(preset)
    try:
        return TypeAdapter(Card).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        reason = error.strerror if isinstance(error, OSError) else error.errors()[0]["msg"]
        raise NotShipped(
            f"the card of the trained weights, {path}, cannot be read ({reason}); reinstall narrator-bench."
        ) from None


def check_weights(preset: str) -> Card:
    """Hold the trained weights against their card.

    Raises:
        NotShipped: one is absent, or they differ.
    """
    path, card = find_weights(preset), read_card(preset)
    found = sha256(path)
    if found != card.sha256:
        raise NotShipped(
            f"the trained weights {path} are damaged (SHA-256 {found[:12]}..., by their card {card.sha256[:12]}...);"
            " reinstall narrator-bench."
        )
    return card


def write_card(path: Path, card: Card) -> None:
    """Write a card; equal cards give equal bytes."""
    content = TypeAdapter(Card).dump_python(card, mode="json")
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
