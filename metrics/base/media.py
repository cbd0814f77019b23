"""What the classes' `update` asks of a batch of clips before anything is measured."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import torch
from torch import Tensor

VIDEO = "uint8 video [N, T, 3, H, W] in 0..255"
AUDIO = "floating-point audio [N, S] in -1..1"


def checked_batch(media: Tensor, name: str, modalities: Collection[str], images: bool) -> Tensor:
    """A batch of clips: uint8 [N, T, 3, H, W], an image being a clip of one frame, or floating point [N, S].

    Args:
        media: what the caller gave.
        name: the metric's, for the sentence.
        modalities: what the metric looks at.
        images: whether images uint8 [N, 3, H, W] are taken as well.

    Raises:
        TypeError: it is no tensor.
        ValueError: its shape or type is another; the sentence says which, and what is expected.
    """
    wanted = [VIDEO] if "video" in modalities else []
    wanted += ["uint8 images [N, 3, H, W]"] if images else []
    wanted += [AUDIO] if "audio" in modalities else []
    if not isinstance(media, Tensor):
        raise TypeError(f"{name} takes a tensor, {' or '.join(wanted)}, got a {type(media).__name__}.")
    shape = media.shape
    if media.dtype == torch.uint8 and "video" in modalities:
        clips = media[:, None] if images and media.ndim == 4 else media
        if clips.ndim == 5 and clips.shape[2] == 3 and all(clips.shape[1:]):
            return clips
    elif media.is_floating_point() and "audio" in modalities and media.ndim == 2:
        return media
    kind = str(media.dtype).removeprefix("torch.")
    raise ValueError(f"{name} takes {' or '.join(wanted)}, got {kind} {list(shape)}{_hint(media, modalities)}.")


def checked_rate(sample_rate: Any, least: int = 1) -> int:
    """A sample rate in Hz.

    Raises:
        ValueError: it is no whole number of at least `least`.
    """
    whole = isinstance(sample_rate, int | np.integer) and not isinstance(sample_rate, bool)
    if not whole or sample_rate < least:
        raise ValueError(f"sample_rate must be a whole number of Hz of at least {least}, got {sample_rate!r}.")
    return int(sample_rate)


def _hint(media: Tensor, modalities: Collection[str]) -> str:
    """How to mend the likeliest mistakes."""
    if "video" in modalities and media.ndim >= 4:
        if media.is_floating_point():
            return ": scale 0..1 to 0..255 and round to uint8"
        if media.shape[-1] in (1, 3, 4) and media.shape[-3] != 3:
            return ": move the channels in front of height and width"
        if media.ndim == 5 and media.shape[1] == 3:
            return ": exchange channels and time"
        if media.shape[-3] == 1:
            return ": repeat the one channel three times"
        if media.shape[-3] == 4:
            return ": leave out the fourth channel"
    if "audio" in modalities and media.ndim == 1 and media.is_floating_point():
        return ": add the axis of clips in front"
    if "audio" in modalities and media.ndim == 2 and not media.is_floating_point():
        return ": divide 16-bit samples by 32768"
    if "audio" in modalities and media.ndim == 3:
        return ": average the channels"
    return ""
