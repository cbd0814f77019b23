"""`narrator.load`: a generator from checkpoint files, or with untrained weights drawn from a seed.

The networks and their libraries, seconds to import, are imported when the first of them is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cached_property
from inspect import signature
from typing import TYPE_CHECKING, Any

import narrator.options as options
from narrator.contract import Narration, Prompt
from narrator.face import FaceMesh
from narrator.load_options import LoadOptions

if TYPE_CHECKING:
    from narrator.model import Narrator


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
    from narrator.building import build

    return build(LoadOptions(preset, **wanted))


# For `help`, and for whoever registers `load` itself as a generator.
load.__signature__ = signature(LoadOptions)  # type: ignore[attr-defined]
load.weights = FaceMesh.weights  # type: ignore[attr-defined]


class BundledGenerator:
    """The full generator, speech and face; untrained unless a checkpoint or preset=bundled brings trained weights.

    `load` as the harness's plug-in: options are checked at once, everything else happens at the first prompt.
    """

    weights = FaceMesh.weights
    __signature__ = signature(LoadOptions)
    name = "narrator"

    def __init__(self, *arguments: Any, **wanted: Any) -> None:
        self._options = LoadOptions(*arguments, **wanted)

    def __call__(self, prompt: Prompt) -> Narration:
        """See `Narrator`."""
        return self._narrator(prompt)

    def describe(self) -> Mapping[str, Any]:
        """See `Narrator.describe`."""
        return self._narrator.describe()

    def identity(self) -> Mapping[str, Any]:
        """See `narrator.contract.Identified`: all options, files by their content."""
        return self._identity

    @cached_property
    def _narrator(self) -> Narrator:
        from narrator.building import build

        return build(self._options)

    @cached_property
    def _identity(self) -> Mapping[str, Any]:
        return self._options.identity()
