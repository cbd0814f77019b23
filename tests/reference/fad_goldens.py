"""Embeddings and distances of sounds by frechet-audio-distance and fadtk, on seeded weights.

VGGish goes through both packages' own reading, resampling, embedding and distance, from 16-bit wave files at the
network's rate and at two others. PANNs and EnCodec our code runs through frechet-audio-distance itself, so for them
the package and our adapter are compared here, side by side, and the deviation is recorded. CLAP is left out: its
package asks huggingface.co for tokenizers and for RoBERTa before it can be given weights. Google's original needs
TensorFlow 1; its use of VGGish is tested against torchvggish in tests/metrics/audio/test_embeddings.py.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch
from golden_files import Golden, package
from numpy.typing import NDArray
from reference_weights import seeded_state
from sound_packages import encodec, fadtk, fadtk_models, frechet_audio_distance, write_sounds
from support.reference_inputs import RATES, digest, projected, sounds

from metrics.audio.embeddings.packaged import Packaged
from metrics.frechet.distance import frechet_distance

SIDES = ("reference", "generated")
Embeddings = dict[str, NDArray[np.floating]]


def write_sides(folder: Path, rate: int, clips: slice) -> dict[str, Path]:
    return {side: write_sounds(folder / side, sounds(side == "generated", rate)[clips], rate) for side in SIDES}


def by_gudgud96(golden: Golden, folder: Path, rate: int) -> None:
    """Without the clip that is too short: there the package stops, and scores what it has embedded until then."""
    folders = write_sides(folder / "gudgud96", rate, slice(-1))
    scorer = frechet_audio_distance.FrechetAudioDistance(audio_load_worker=1)
    embeddings = {side: embedded(scorer, folders[side]) for side in SIDES}
    distance = scorer.score(str(folders["reference"]), str(folders["generated"]))
    record(golden, f"fad-gudgud96, {rate} Hz", package("frechet-audio-distance"), embeddings, distance)


def embedded(scorer: frechet_audio_distance.FrechetAudioDistance, folder: Path) -> NDArray[np.floating]:
    """One file at a time: the package takes the order in which the file system lists them."""
    files = sorted(folder.glob("*.wav"))
    waveforms = [frechet_audio_distance.utils.load_audio_task(str(file), scorer.sample_rate, 1) for file in files]
    return np.concatenate([np.atleast_2d(scorer.get_embeddings([x], scorer.sample_rate)) for x in waveforms])


def by_fadtk(golden: Golden, folder: Path, rate: int) -> None:
    """Scored before the clips of one vector are there: their covariance, 0 / 0, would make the package's sums NaN."""
    folders = write_sides(folder / "fadtk", rate, slice(None))
    scorer = fadtk.FrechetAudioDistance(fadtk_models.VGGishModel(), audio_load_worker=1)
    files = {side: sorted(folders[side].glob("*.wav")) for side in SIDES}
    for file in files["reference"][:4] + files["generated"][:4]:
        scorer.cache_embedding_file(file)
    distance = scorer.score(folders["reference"], folders["generated"])
    for file in files["reference"][4:] + files["generated"][4:]:
        scorer.cache_embedding_file(file)
    embeddings = {side: np.concatenate([scorer.read_embedding_file(file) for file in files[side]]) for side in SIDES}
    record(golden, f"fad-fadtk, {rate} Hz", package("fadtk"), embeddings, distance)


def by_adapter(golden: Golden, folder: Path, model: str) -> None:
    """The package's embeddings beside those that our code gets through it."""
    adapter = Packaged(model, package("frechet-audio-distance"))
    folders = write_sides(folder / model, adapter.sample_rate, slice(3))
    scorer = frechet_audio_distance.FrechetAudioDistance(model_name=model, sample_rate=adapter.sample_rate)
    theirs = {side: embedded(scorer, folders[side]) for side in SIDES}
    ours = {
        side: np.concatenate(
            [
                adapter.vectors((samples / 32768).astype(np.float32), adapter.sample_rate, torch.device("cpu"))
                for samples in sounds(side == "generated", adapter.sample_rate)[:3]
            ]
        )
        for side in SIDES
    }
    statistics = [scorer.calculate_embd_statistics(theirs[side]) for side in SIDES]
    distance = float(scorer.calculate_frechet_distance(*statistics[0], *statistics[1]))
    golden.record(
        f"fad-{model}",
        package=package("frechet-audio-distance"),
        vectors=[len(theirs[side]) for side in SIDES],
        distance=distance,
        score=float(scorer.score(str(folders["reference"]), str(folders["generated"]))),
        ours=frechet_distance(ours["reference"], ours["generated"]),
        deviation=max(float(np.abs(ours[side] - theirs[side]).max() / np.abs(theirs[side]).max()) for side in SIDES),
    )


def seed_packaged_networks(folder: Path) -> None:
    """Seeded weights where frechet-audio-distance looks for PANNs' file, and in the place of EnCodec's download."""
    torch.hub.set_dir(str(folder))
    cnn14 = frechet_audio_distance.fad.Cnn14_16k(16000, 512, 160, 64, 50, 8000, 527)
    torch.save({"model": seeded_state(cnn14)}, folder / "Cnn14_16k_mAP%3D0.438.pth")
    state = seeded_state(encodec.EncodecModel.encodec_model_24khz(pretrained=False))
    encodec.EncodecModel._get_pretrained = staticmethod(lambda *_place: state)


def record(golden: Golden, name: str, made_by: str, embeddings: Embeddings, distance: float) -> None:
    both = np.concatenate([embeddings[side] for side in SIDES])
    vectors = [len(embeddings[side]) for side in SIDES]
    golden.record(name, projected(both), package=made_by, vectors=vectors, distance=float(distance))


def main() -> None:
    golden = Golden("fad")
    torch.set_grad_enabled(False)
    for rate in RATES:
        golden.inputs(f"{rate} Hz", digest(sounds(False, rate) + sounds(True, rate)))
        with tempfile.TemporaryDirectory() as temporary:
            by_gudgud96(golden, Path(temporary), rate)
            by_fadtk(golden, Path(temporary), rate)
    with tempfile.TemporaryDirectory() as temporary:
        seed_packaged_networks(Path(temporary))
        for model in ("pann", "encodec"):
            by_adapter(golden, Path(temporary), model)
    golden.write()


if __name__ == "__main__":
    main()
