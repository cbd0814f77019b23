"""What a prompt asked for, to metrics that hold a generated clip against it: words, a face, a voice."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from metrics.base.observer import Statistics, Unmeasurable

Need = Literal["text", "image", "voice"]


@dataclass(frozen=True, eq=False)
class Asked:
    """The parts of a prompt, as far as they are known.

    Attributes:
        text: the words to be spoken.
        image: the driving image, uint8 [H, W, 3], RGB.
        voice: the voice profile, float32 [S], mono, -1..1.
        voice_rate: sample rate of the voice profile in Hz.
        reasons: why a part is there and cannot be used, by its name.
    """

    text: str | None = None
    image: NDArray[np.uint8] | None = None
    voice: NDArray[np.float32] | None = None
    voice_rate: int = 16000
    reasons: Mapping[str, str] = field(default_factory=dict)

    def require_usable(self, part: Need) -> None:
        """Raise `Unmeasurable` where a part was given and cannot be used: nothing else may stand for it."""
        if part in self.reasons:
            raise Unmeasurable(self.reasons[part])


class Asking(ABC):
    """The part of a metric of pairs that looks at prompts.

    Attributes:
        needs: the parts of a prompt that the metric looks at, where they are known.
        reference_free: whether `compare` can do without the reference clip, whose statistics it then gets none of where
            there are none. Such a metric looks at the generated clip alone, or beside its prompt; lengths need not be
            equal.
    """

    needs: ClassVar[frozenset[Need]] = frozenset()
    reference_free: ClassVar[bool] = False

    def asked(self, prompt: Asked) -> Statistics:
        """What `compare` has to know of the prompt: it finds these arrays beside those of the reference.

        Not called for metrics that need nothing. A part that is not known is left out.

        Raises:
            Unmeasurable: the prompt's part cannot be measured; the message is the reason.
        """
        return {}

    @abstractmethod
    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """See `PairedMetric.compare`."""

    def paired(
        self,
        reference: Callable[[], Statistics],
        generated: Callable[[], Statistics],
        wanted: Callable[[], Statistics],
    ) -> Statistics:
        """`compare` of two sides, and of what `asked` made of the prompt, each of which may raise `Unmeasurable`.

        Raises:
            Unmeasurable: the pair has no score; the message says which side is to blame.
        """
        sides: dict[str, Statistics] = {}
        for side, measured in (("reference", reference), ("generated", generated), ("prompt", wanted)):
            try:
                sides[side] = {} if side == "prompt" and not self.needs else measured()
            except Unmeasurable as reason:
                if side != "reference" or not self.reference_free:
                    raise Unmeasurable(f"{side}: {reason}") from reason
        return self.compare({**sides.get("reference", {}), **sides["prompt"]}, sides["generated"])
