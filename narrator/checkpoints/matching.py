"""Comparing the tensors of a checkpoint with those that a module has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from narrator.checkpoints.reading import CheckpointError

Shapes = Mapping[str, tuple[int, ...]]

_NAMED = 8


@dataclass(frozen=True)
class Difference:
    """How found tensors differ from expected ones.

    Attributes:
        missing: keys that are expected but not there.
        unexpected: keys that are there but not expected.
        reshaped: keys whose shape differs: (expected, found).
    """

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    reshaped: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.reshaped)

    def __len__(self) -> int:
        return len(self.missing) + len(self.unexpected) + len(self.reshaped)

    def __str__(self) -> str:
        shapes = [f"{key} {list(found)} instead of {list(want)}" for key, (want, found) in self.reshaped.items()]
        parts = (("missing", self.missing), ("unexpected", self.unexpected), ("wrong shape", shapes))
        return "; ".join(f"{kind}: {_listed(keys)}" for kind, keys in parts if keys)


def _listed(keys: tuple[str, ...] | list[str]) -> str:
    rest = len(keys) - _NAMED
    return ", ".join(keys[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def shapes_of(module: nn.Module) -> Shapes:
    """Key and shape of everything in a module's state dict; the module may be on the meta device."""
    return {key: tuple(value.shape) for key, value in module.state_dict().items()}


def compare(expected: Shapes, found: Mapping[str, Tensor]) -> Difference:
    """Key by key and shape by shape."""
    return Difference(
        tuple(key for key in expected if key not in found),
        tuple(key for key in found if key not in expected),
        {
            key: (shape, tuple(found[key].shape))
            for key, shape in expected.items()
            if key in found and tuple(found[key].shape) != shape
        },
    )


def require(expected: Shapes, found: Mapping[str, Tensor], what: str) -> None:
    """Refuse tensors that are not exactly the expected ones.

    Raises:
        CheckpointError: names `what`, and the differing keys.
    """
    if difference := compare(expected, found):
        raise CheckpointError(
            f"{what} does not match the model in {len(difference)} of {len(expected)} keys ({difference});"
            " load it with the preset and options it was made with, or take an undamaged copy."
        )
