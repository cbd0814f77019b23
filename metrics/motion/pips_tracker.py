"""PIPs++ as a tracker: its checkpoint, and every frame of a clip encoded once."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from metrics.motion.grid import WINDOW, grid_points
from metrics.motion.pips import PipsPlusPlus
from metrics.motion.tracker import Tracker, WindowTracker
from metrics.restricted_pickle import checkpoint
from metrics.weights import WeightsError, fetch


@dataclass(frozen=True)
class Pips(Tracker):
    """PIPs++ with the settings of the package fvmd 1.0.0, see `metrics.motion.pips`."""

    weights: ClassVar[tuple[str, ...]] = ("pips2",)

    def start(self, device: torch.device) -> WindowTracker:
        return PipsTracker(load_pips(fetch("pips2"), device), device)


class PipsTracker(WindowTracker):
    """Tracks with a network on its device, in full float32 precision."""

    def __init__(self, network: PipsPlusPlus, device: torch.device) -> None:
        self._network = network
        self._points = torch.from_numpy(grid_points()).to(device)
        self._features: deque[Tensor] = deque(maxlen=WINDOW)

    def track(self, frame: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        device = self._points.device
        exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
        with torch.inference_mode(), exact, torch.autocast(device.type, enabled=False):
            image = torch.tensor(frame, device=device).permute(2, 0, 1).float()
            self._features.append(self._network.encode(image[None])[0])
            if len(self._features) < WINDOW:
                return None
            tracks: NDArray[np.float32] = (
                self._network.track(torch.stack([*self._features]), self._points).cpu().numpy()
            )
        return tracks


@lru_cache(maxsize=1)
def load_pips(path: Path, device: torch.device) -> PipsPlusPlus:
    """The network with the weights of a released checkpoint; one for each process.

    Raises:
        WeightsError: the file is no checkpoint of PIPs++.
    """
    network = PipsPlusPlus()
    try:
        network.load_state_dict(checkpoint(path)["model_state_dict"])
    except (KeyError, TypeError, RuntimeError) as error:
        raise WeightsError(f"{path} is no checkpoint of PIPs++; replace it by the released file.") from error
    return network.eval().requires_grad_(False).to(device)
