"""Inception features and distances of pictures by pytorch-fid, torch-fidelity, clean-fid and torchmetrics.

Each package reads PNG files by its own loader where it has one and is given its own network with the real weights of
2015-12-05. Twelve pictures a side are fewer than 2048 dimensions: distances there rest on singular covariances, where
`sqrtm` is less exact than the rest.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import cleanfid.features
import cleanfid.fid
import numpy as np
import pytorch_fid.fid_score
import pytorch_fid.inception
import torch
import torch_fidelity
import torchvision
from cleanfid.inception_torchscript import InceptionV3W
from golden_files import Golden, package
from PIL import Image
from reference_weights import inception_state, inception_torchscript
from support.reference_inputs import digest, pictures, projected
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torchmetrics.image.fid import FrechetInceptionDistance

CPU = torch.device("cpu")
SIDES = ("reference", "generated")


def write_pictures(folder: Path) -> dict[str, Path]:
    """Both sides as PNG files, whose names sort as the pictures are ordered."""
    folders = {side: folder / side for side in SIDES}
    for side, target in folders.items():
        target.mkdir()
        for number, picture in enumerate(pictures(side == "generated")):
            Image.fromarray(picture).save(target / f"{number:02}.png")
    return folders


def by_pytorch_fid(golden: Golden, folders: dict[str, Path]) -> None:
    network = pytorch_fid.inception.InceptionV3()
    features = {
        side: pytorch_fid.fid_score.get_activations(sorted(folder.glob("*.png")), network, batch_size=1, num_workers=0)
        for side, folder in folders.items()
    }
    statistics = [(np.mean(f, axis=0), np.cov(f, rowvar=False)) for f in features.values()]
    distance = pytorch_fid.fid_score.calculate_frechet_distance(*statistics[0], *statistics[1])
    record(golden, "fid-pytorch", package("pytorch-fid"), features, float(distance))


def by_torch_fidelity(golden: Golden, folders: dict[str, Path], weights: Path) -> None:
    extractor = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], str(weights))
    features = {}
    for side in SIDES:
        images = [torch.from_numpy(picture).permute(2, 0, 1)[None] for picture in pictures(side == "generated")]
        with torch.inference_mode():
            features[side] = np.concatenate([extractor(image)[0].numpy() for image in images])
    scores = torch_fidelity.calculate_metrics(
        input1=str(folders["generated"]),
        input2=str(folders["reference"]),
        fid=True,
        batch_size=1,
        cuda=False,
        verbose=False,
        cache=False,
        save_cpu_ram=True,
        feature_extractor_weights_path=str(weights),
    )
    record(golden, "fid", package("torch-fidelity"), features, scores["frechet_inception_distance"])


def by_clean_fid(golden: Golden, folders: dict[str, Path], weights: Path) -> None:
    network = InceptionV3W(str(weights), download=False).eval()
    features = {
        side: cleanfid.fid.get_folder_features(
            str(folder), network, num_workers=0, batch_size=1, device=CPU, mode="clean", verbose=False
        )
        for side, folder in folders.items()
    }
    distance = cleanfid.fid.fid_from_feats(features["generated"], features["reference"])
    record(golden, "fid-clean", package("clean-fid"), features, float(distance))


def by_torchmetrics(golden: Golden, weights: Path) -> None:
    metric = FrechetInceptionDistance(feature_extractor_weights_path=str(weights))
    features = {}
    for side in SIDES:
        images = [torch.from_numpy(picture).permute(2, 0, 1)[None] for picture in pictures(side == "generated")]
        for image in images:
            metric.update(image, real=side == "reference")
        with torch.inference_mode():
            features[side] = np.concatenate([metric.inception(image).numpy() for image in images])
    record(golden, "fid-torchmetrics", package("torchmetrics"), features, float(metric.compute()))


def record(golden: Golden, convention: str, name: str, features: dict[str, np.ndarray], distance: float) -> None:
    both = np.concatenate([features[side] for side in SIDES])
    golden.record(convention, projected(both), package=name, distance=distance)


def main() -> None:
    golden = Golden("fid")
    golden.inputs("pictures", digest(pictures(False) + pictures(True)))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folders = write_pictures(folder)
        network = torchvision.models.inception_v3(num_classes=1008, aux_logits=False, init_weights=False)
        state = inception_state(network)
        torch.save(state, folder / "inception.pth")
        inception_torchscript(folder)
        pytorch_fid.inception.load_state_dict_from_url = lambda *_arguments, **_options: state
        by_torch_fidelity(golden, folders, folder / "inception.pth")
        by_torchmetrics(golden, folder / "inception.pth")
        by_clean_fid(golden, folders, folder)
        by_pytorch_fid(golden, folders)
    golden.write()


if __name__ == "__main__":
    main()
