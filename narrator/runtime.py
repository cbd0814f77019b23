"""Where a generator's weights come from, and how it runs; no network library is needed to say either."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import torch

from narrator.options import flag, one_of, shown
from narrator.speech.sampling import SamplingRules
from narrator.video.config import Sampling

TextRows = Literal["embedding", "ids"]
DType = Literal["float32", "float16", "bfloat16"]


@dataclass(frozen=True)
class Origin:
    """Where a generator's weights come from; told in every result.

    Attributes:
        preset: name of the sizes.
        files: name and SHA-256 of every file that was read, by role.
        untrained: parts whose weights, or some of them, were drawn from `seed` instead of learnt.
        seed: of the untrained parts.
        notes: sentences from loading.
    """

    preset: str
    files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    untrained: tuple[str, ...] = ()
    seed: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RuntimeOptions:
    """How a generator runs; none of it changes what its weights are.

    Attributes:
        video: sampling of the video half.
        speech: drawing of speech codes.
        text_rows: what the text is to the entangled encoders: `embedding`, the speech model's embedded tokens, or
            `ids`, the raw token ids in one row, as the published training code has it.
        device: where the networks are.
        dtype: of the video networks; speech and entangling run in float32, as released.
        compile: whether the denoising UNet runs through `torch.compile`.
    """

    video: Sampling
    speech: SamplingRules = field(default_factory=SamplingRules)
    text_rows: TextRows = "embedding"
    device: str = "cpu"
    dtype: DType = "float32"
    compile: bool = False

    def __post_init__(self) -> None:
        one_of("text_rows", self.text_rows, get_args(TextRows))
        one_of("dtype", self.dtype, get_args(DType))
        flag("compile", self.compile)
        check_device(self.device)


def check_device(name: object) -> None:
    """Refuse what is no device's name, or none of this machine's.

    Raises:
        ValueError: with the reason.
    """
    if not (isinstance(name, str) and _is_here(name)):
        raise ValueError(f"device is {shown(name)}, which this machine does not have; take 'cpu' or leave it out.")


def _is_here(device: str) -> bool:
    try:
        torch.empty(0, device=torch.device(device))
    except (RuntimeError, AssertionError, NotImplementedError):
        return False
    return True
