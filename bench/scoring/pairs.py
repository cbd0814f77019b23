"""Pairs of clips to be compared, and what their prompts asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from metrics.base.asked import Asked
from metrics.base.metric import PairedMetric, Statistics, Unmeasurable


class PromptSource(Protocol):
    """Where the parts of a prompt lie; handed to worker processes, so that it should be small."""

    def asked(self) -> Asked:
        """Read them."""
        ...


@dataclass(frozen=True)
class Pair:
    """A generated clip and its reference, by their identities.

    Attributes:
        reference: "" where there is none; only a metric that is `reference_free` compares that.
        generated: never "".
        prompt: hash of what was asked for, "" where nobody knows.
    """

    reference: str
    generated: str
    prompt: str = ""


class Wanted:
    """What prompts asked for as metrics measure it: once for all pairs of a prompt and metrics of equal statistics."""

    def __init__(self, prompts: Mapping[str, PromptSource]) -> None:
        self._prompts = prompts
        self._measured: dict[tuple[str, str], Statistics | Unmeasurable] = {}

    def of(self, metric: PairedMetric, prompt: str) -> Statistics:
        """The statistics of the prompt of this hash; raises as `Asking.asked`."""
        place = metric.statistics_id, prompt
        if place not in self._measured:
            try:
                self._measured[place] = metric.asked(self._prompts[prompt].asked() if prompt else Asked())
            except Unmeasurable as reason:
                self._measured[place] = reason
        found = self._measured[place]
        if isinstance(found, Unmeasurable):
            raise found
        return found
