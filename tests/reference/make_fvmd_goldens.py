"""Make the golden numbers of FVMD with the package fvmd 1.0.0: tracks of its network, its histograms, its distance.

    pip download --no-deps fvmd==1.0.0 && unzip fvmd-1.0.0-py3-none-any.whl -d fvmd-1.0.0
    python tests/reference/make_fvmd_goldens.py fvmd-1.0.0

The package imports plotting, logging and torchvision, none of which these parts of it use, and calls `.cuda()`. Where
they are not installed, such imports are answered by empty modules here, and `.cuda()` by the tensor itself; its code
runs unchanged beside that.
Made with torch 2.13.0, NumPy 2.4 and SciPy 1.17 on a CPU.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import torch

TESTS = Path(__file__).resolve().parents[1]
UNUSED = {"tensorboardX", "torchvision", "loguru", "fire", "skimage", "sklearn", "matplotlib", "albumentations"}
UNUSED |= {"imageio", "prettytable", "cv2", "moviepy"}


class EmptyModule(types.ModuleType):
    __path__: list[str] = []  # noqa: RUF012

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **options: None


class EmptyModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        unused = name.partition(".")[0] in UNUSED
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if unused else None

    def create_module(self, spec: Any) -> EmptyModule:
        return EmptyModule(spec.name)

    def exec_module(self, module: Any) -> None:
        pass


def make_importable(*package: str) -> None:
    """From here on `import fvmd` works, of an unpacked wheel if one is given, and `from support import seeded_pips`."""
    sys.path[:0] = [*package, str(TESTS)]
    sys.meta_path.append(EmptyModules())
    torch.Tensor.cuda = lambda self, *args, **options: self


def main(package: str) -> None:
    make_importable(package)
    from fvmd import keypoint_tracking
    from fvmd.extract_motion_features import calc_hist
    from fvmd.frechet_distance import calculate_fd_given_vectors
    from fvmd.nets.pips2 import Pips
    from support.seeded_pips import POINTS, seeded_frames, seeded_tracks, seeded_weights

    def histograms(tracks: np.ndarray) -> np.ndarray:
        """What the package makes of tracks on its own way through a video."""
        halves: tuple[list[torch.Tensor], list[torch.Tensor]] = ([], [])
        for window in torch.from_numpy(tracks):
            _, velocities, accelerations = keypoint_tracking.tracking_fullseq(
                window[None], torch.zeros(1, 16, 1, 1, 1), None
            )
            halves[0].extend(velocities)
            halves[1].extend(accelerations)
        return np.concatenate([calc_hist(torch.cat(half).numpy()).reshape(len(tracks), -1) for half in halves], axis=1)

    keypoint_tracking.run_tracking = lambda known_tracks, frames, **settings: known_tracks
    network = Pips(stride=8).eval()
    network.load_state_dict(seeded_weights({name: value.shape for name, value in network.state_dict().items()}))
    line = torch.linspace(0.0, 19.0, 20)
    y, x = torch.meshgrid(8 + line / 19.0 * 240, 8 + line / 19.0 * 240, indexing="ij")
    points = torch.stack([x.reshape(-1), y.reshape(-1)], dim=-1)[POINTS]
    with torch.inference_mode():
        predictions, _, _, _ = network(points.repeat(1, 16, 1, 1), seeded_frames()[None], iters=16, beautify=True)
    first, second = histograms(seeded_tracks(0)), histograms(seeded_tracks(1, windows=9))
    np.savez_compressed(
        TESTS / "metrics" / "motion" / "golden" / "fvmd.npz",
        tracks=predictions[-1][0].numpy(),
        eighths=(first * 8).astype(np.uint16),
        distance=calculate_fd_given_vectors(first, second),
        distance_to_itself=calculate_fd_given_vectors(first, first),
        packages=np.array([f"fvmd 1.0.0, torch {torch.__version__}, numpy {np.__version__}"]),
    )


if __name__ == "__main__":
    main(sys.argv[1])
