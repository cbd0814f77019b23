"""Each package's own Frechet distance of the same seeded features, with more and with fewer vectors than dimensions."""

from __future__ import annotations

import importlib.metadata
import runpy
from collections.abc import Callable

import numpy as np
import torch
from cdfvd.fvd import cdfvd
from cdfvd.third_party.i3d.utils import frechet_distance as tats_distance
from cdfvd.utils.metric_utils import FeatureStats
from cleanfid.fid import fid_from_feats
from golden_files import Golden, package
from numpy.typing import NDArray
from pytorch_fid.fid_score import calculate_frechet_distance as pytorch_fid_distance
from sound_packages import fadtk, frechet_audio_distance
from support.reference_inputs import digest, gaussian_features
from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric
from torchmetrics.image.fid import FrechetInceptionDistance

# Alone: the package imports plotting and augmentation libraries, which its distance does not use.
fvmd_distance = runpy.run_path(str(importlib.metadata.distribution("fvmd").locate_file("fvmd/frechet_distance.py")))[
    "calculate_fd_given_vectors"
]
Features = NDArray[np.float32]
SIZES = {"many": (500, 400), "few": (24, 20)}
"""Vectors of 64 dimensions in the two sets."""


def moments(features: Features) -> tuple[NDArray[np.floating], NDArray[np.float64]]:
    return np.mean(features, axis=0), np.cov(features, rowvar=False)


def torch_fidelity(x: Features, y: Features) -> float:
    statistics = [fid_features_to_statistics(torch.from_numpy(features)) for features in (x, y)]
    return fid_statistics_to_metric(*statistics, verbose=False)[KEY_METRIC_FID]


class Given(torch.nn.Module):
    """Stands for the network of torchmetrics' FID: its images are features already."""

    num_features = 64

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features


def torchmetrics(x: Features, y: Features) -> float:
    metric = FrechetInceptionDistance(Given(), input_img_size=(64,)).set_dtype(torch.float64)
    metric.update(torch.from_numpy(x).double(), real=True)
    metric.update(torch.from_numpy(y).double(), real=False)
    return float(metric.compute())


def cd_fvd(x: Features, y: Features) -> float:
    statistics = [FeatureStats(capture_mean_cov=True) for _ in (x, y)]
    for one, features in zip(statistics, (x, y), strict=True):
        one.append(features)
    return float(cdfvd.compute_fvd_from_stats(cdfvd.__new__(cdfvd), *statistics))


def gudgud96(x: Features, y: Features) -> float:
    scorer = frechet_audio_distance.FrechetAudioDistance
    bare = scorer.__new__(scorer)
    statistics = [scorer.calculate_embd_statistics(bare, features) for features in (x, y)]
    return float(scorer.calculate_frechet_distance(bare, *statistics[0], *statistics[1]))


DISTANCES: dict[str, Callable[[Features, Features], float]] = {
    "pytorch-fid": lambda x, y: float(pytorch_fid_distance(*moments(x.astype(float)), *moments(y.astype(float)))),
    "torch-fidelity": torch_fidelity,
    "clean-fid": lambda x, y: float(fid_from_feats(x, y)),
    "torchmetrics": torchmetrics,
    "cd-fvd": cd_fvd,
    "cd-fvd (TATS)": lambda x, y: float(tats_distance(*(torch.from_numpy(z).double() for z in (x, y)))),
    "fvmd": lambda x, y: float(fvmd_distance(x, y)),
    "frechet-audio-distance": gudgud96,
    "fadtk": lambda x, y: float(fadtk.calc_frechet_distance(*moments(x), *moments(y))),
}


def main() -> None:
    golden = Golden("frechet")
    for size, (n, m) in SIZES.items():
        x, y = gaussian_features(1, n), gaussian_features(2, m)
        golden.inputs(size, digest([x, y]))
        for name, distance in DISTANCES.items():
            try:
                value: float | str = distance(x, y)
            except ValueError as error:
                value = f"ValueError: {error}"
            golden.record(f"{name}, {size}", package=package(name.partition(" ")[0]), distance=value)
    golden.write()


if __name__ == "__main__":
    main()
