"""Score two folders with one reference package, as its users do: prints the number.

    PYTHON tests/reference/score_with_package.py {fad,mcd,stoi,fid,fvd,fvmd} REFERENCE GENERATED

A folder holds `frames/CLIP/0000.png` and `sound/CLIP.wav`; equal names make pairs. fad, fid, fvd and fvmd run in the
environment of `build_environment.py`, mcd and stoi in the project's own with the extra `reference`. Weights that no
package registry carries are seeded, see `reference_weights.py`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path[:0] = [str(folder) for folder in Path(__file__).resolve().parents[1:3]]  # `support`, and the rooms


def fad(reference: Path, generated: Path) -> float:
    from sound_packages import frechet_audio_distance

    scorer = frechet_audio_distance.FrechetAudioDistance(model_name="vggish", verbose=False)
    return float(scorer.score(str(reference / "sound"), str(generated / "sound")))


def mcd(reference: Path, generated: Path) -> float:
    from pymcd.mcd import Calculate_MCD

    scorer = Calculate_MCD(MCD_mode="dtw")
    return float(np.mean([scorer.calculate_mcd(real, made) for real, made in _pairs(reference, generated)]))


def stoi(reference: Path, generated: Path) -> float:
    import pystoi
    import soundfile

    scores = []
    for pair in _pairs(reference, generated):
        (real, rate), (made, _) = map(soundfile.read, pair)
        length = min(len(real), len(made))
        scores.append(pystoi.stoi(real[:length], made[:length], rate))
    return float(np.mean(scores))


def fid(reference: Path, generated: Path) -> float:
    import torch
    from pytorch_fid import fid_score, inception
    from reference_weights import inception_state
    from torchvision.models import inception_v3

    state = inception_state(inception_v3(num_classes=1008, aux_logits=False, init_weights=False))
    inception.load_state_dict_from_url = lambda *_, **__: state
    network = inception.InceptionV3()
    moments = [
        fid_score.calculate_activation_statistics(
            sorted((side / "frames").glob("*/*.png")), network, device=torch.device("cpu"), num_workers=2
        )
        for side in (reference, generated)
    ]
    return float(fid_score.calculate_frechet_distance(*moments[0], *moments[1]))


def fvd(reference: Path, generated: Path) -> float:
    import torch
    from cdfvd import fvd as package
    from cdfvd.utils.data_utils import preprocess
    from PIL import Image
    from reference_weights import i3d_state

    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "i3d.pt"
        torch.save(i3d_state(epsilon=1e-3), weights)
        scorer = package.cdfvd("i3d", ckpt_path=str(weights), device="cpu", n_fake="full")
    for side, measure in ((reference, scorer.compute_real_stats), (generated, scorer.compute_fake_stats)):
        clips = []
        for clip in sorted((side / "frames").iterdir()):
            frames = np.stack([np.asarray(Image.open(frame)) for frame in sorted(clip.iterdir())[:16]])
            clips.append({"video": preprocess(torch.from_numpy(frames), 256, 16)["video"][None]})
        measure(clips)
    return float(scorer.compute_fvd_from_stats())


def fvmd(reference: Path, generated: Path) -> float:
    """The whole package on a CPU: what it asks of a GPU is answered there, and it draws no pictures of its tracks."""
    from make_fvmd_goldens import make_importable

    make_importable()
    from fvmd import fvmd as package
    from fvmd import keypoint_tracking as tracking
    from support.seeded_pips import seeded_weights

    shapes = {name: value.shape for name, value in tracking.Pips(stride=8).state_dict().items()}
    tracking.load_state_dict_from_url = lambda *_, **__: {"model_state_dict": seeded_weights(shapes)}
    tracking.Pips.to = lambda network, device: network
    tracking.fvmd.utils.improc.Summ_writer = lambda **_: None
    tracking.fvmd.utils.misc.count_parameters = lambda network: None
    grid = tracking.fvmd.utils.basic.meshgrid2d
    tracking.fvmd.utils.basic.meshgrid2d = lambda *sizes, device, **options: grid(*sizes, device="cpu", **options)
    with tempfile.TemporaryDirectory() as logs:
        return float(package(logs, str(generated / "frames"), str(reference / "frames")))


PACKAGES: dict[str, Callable[[Path, Path], float]] = {
    "fad": fad,
    "mcd": mcd,
    "stoi": stoi,
    "fid": fid,
    "fvd": fvd,
    "fvmd": fvmd,
}


def _pairs(reference: Path, generated: Path) -> list[tuple[str, str]]:
    return [(str(path), str(generated / "sound" / path.name)) for path in sorted((reference / "sound").iterdir())]


if __name__ == "__main__":
    name, *folders = sys.argv[1:]
    print(PACKAGES[name](*map(Path, folders)))
