"""I3D logits and distances of clips by cd-fvd, and by its parts for the conventions that no package on PyPI carries.

cd-fvd's network gets the real weights of TF-Hub's I3D. Its batch norms add 1e-5 to the variances where the original
adds 1e-3; what its own weight file holds to make up for that is not known here, so that its `logits` are taken with the
difference folded into the variances (the original's function), and once with the variances as they are.

StyleGAN-V, the original TensorFlow code and JunyaoHu/common_metrics_on_video_quality are on GitHub only. Parts of the
packages stand for them: cd-fvd's `preprocess_i3d`, which stretches as StyleGAN-V's TorchScript and TATS do;
torch-fidelity's TensorFlow 1 resize; and cd-fvd's `preprocess` with antialiasing off, which is all that JunyaoHu's
does otherwise.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from cdfvd import fvd
from cdfvd.third_party.i3d.utils import frechet_distance as ddof_1_distance
from cdfvd.third_party.i3d.utils import preprocess_i3d
from cdfvd.utils import data_utils
from golden_files import Golden, package
from reference_weights import i3d_state
from support.reference_inputs import digest, projected, videos
from torch import Tensor
from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

FRAMES = 16
Prepared = Callable[[np.ndarray], Tensor]
"""From a clip uint8 [T, H, W, 3] to the network's input float32 [1, 3, T, 224, 224]."""


def scorer(folder: Path, epsilon: float) -> fvd.cdfvd:
    """The package's scorer with its own network, loaded from a file as it loads its own."""
    path = folder / "i3d.pt"
    torch.save(i3d_state(epsilon), path)
    return fvd.cdfvd("i3d", ckpt_path=str(path), device="cpu", n_fake="full", compute_feats=True)


def by_cd_fvd(golden: Golden, scorer: fvd.cdfvd, name: str) -> None:
    """Clips through the package's loading, features and distance."""
    for generated, measure in ((False, scorer.compute_real_stats), (True, scorer.compute_fake_stats)):
        clips = [data_utils.preprocess(torch.from_numpy(clip), 256, FRAMES) for clip in videos(generated)]
        measure([{"video": clip["video"][None]} for clip in clips])
    logits = np.concatenate([statistics.get_all() for statistics in (scorer.real_stats, scorer.fake_stats)])
    distance = scorer.compute_fvd_from_stats()
    golden.record(name, projected(logits), package=package("cd-fvd"), distance=float(distance))


def by_parts(golden: Golden, scorer: fvd.cdfvd, name: str, prepared: Prepared, made_by: str) -> None:
    """Clips prepared in a given way, through cd-fvd's network, with the distances of either ddof."""
    sides = []
    with torch.inference_mode():
        for generated in (False, True):
            sides.append(torch.cat([scorer.model(prepared(clip[:FRAMES])) for clip in videos(generated)]))
    statistics = [fvd.FeatureStats(capture_mean_cov=True) for _ in sides]
    for one, logits in zip(statistics, sides, strict=True):
        one.append(logits.numpy())
    golden.record(
        name,
        projected(torch.cat(sides).numpy()),
        package=made_by,
        distance=float(ddof_1_distance(*(logits.double() for logits in sides))),
        distance_ddof_0=float(scorer.compute_fvd_from_stats(*statistics)),
    )


def stretched(clip: np.ndarray) -> Tensor:
    return preprocess_i3d(clip[None])


def tensorflow(clip: np.ndarray) -> Tensor:
    frames = torch.from_numpy(clip).permute(0, 3, 1, 2).float()
    resized = interpolate_bilinear_2d_like_tensorflow1x(frames, size=(224, 224), align_corners=False)
    return (2 * resized / 255 - 1).permute(1, 0, 2, 3)[None]


def cropped(clip: np.ndarray) -> Tensor:
    original = torch.nn.functional.interpolate
    plain = mock.Mock(side_effect=lambda *arguments, antialias, **options: original(*arguments, **options))
    with mock.patch.object(data_utils.F, "interpolate", plain):
        return (data_utils.preprocess(torch.from_numpy(clip), 224)["video"][None] - 0.5) * 2


def main() -> None:
    golden = Golden("fvd")
    golden.inputs("videos", digest(videos(False) + videos(True)))
    cd_fvd, torch_fidelity = package("cd-fvd"), package("torch-fidelity")
    with tempfile.TemporaryDirectory() as temporary:
        original = scorer(Path(temporary), epsilon=1e-3)
        by_cd_fvd(golden, original, "fvd-cd")
        by_cd_fvd(golden, scorer(Path(temporary), epsilon=1e-5), "fvd-cd, variances as they are")
        by_parts(golden, original, "fvd-tats", stretched, cd_fvd)
        by_parts(golden, original, "fvd", tensorflow, f"{torch_fidelity} (resize), {cd_fvd}")
        by_parts(golden, original, "fvd-common-metrics", cropped, f"{cd_fvd} (without antialiasing)")
    golden.write()


if __name__ == "__main__":
    main()
