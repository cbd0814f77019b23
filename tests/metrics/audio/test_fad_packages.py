"""FAD on VGGish against the packages it is named for, on seeded weights: goldens by tests/reference/fad_goldens.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.reference_goldens import Goldens, deviation
from support.reference_inputs import RATES, digest, projected, sounds, uniform_weights

from metrics.audio.embeddings.embedding import Embedding, Network
from metrics.audio.embeddings.vggish import FADTK, GUDGUD96, VGGish, VGGishNetwork
from metrics.frechet.distance import frechet_distance

GOLDENS = Goldens("fad")
CPU = torch.device("cpu")
CONVENTIONS: dict[str, tuple[VGGish, int, int]] = {"fad-gudgud96": (GUDGUD96, 5, 5), "fad-fadtk": (FADTK, 6, 4)}
"""The embedding, how many of a side's clips the package embedded, and how many of them it scored."""

FEATURES = {"fad-gudgud96": 1e-5, "fad-fadtk": 3e-4}
"""Relative, without resampling: float32 leaves 1e-6, vectors that fadtk rounds to the other float16 2e-5 on the
processor that made the goldens and 1.4e-4 on another, whose rounding differs in the last bit of float32."""
RESAMPLED = 1e-3
"""Relative: resampy's rounded filter leaves 3e-4, samples that fadtk rounds to the other 16-bit number 2e-4."""
DISTANCE = 1e-4
"""Relative; fadtk's float16 means leave 2e-5, resampy 3e-5."""

Vectors = Callable[[str, int], list[list[np.ndarray]]]


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A weight file of VGGish with the weights that the packages were given."""
    shapes = {name: tuple(value.shape) for name, value in VGGishNetwork().state_dict().items()}
    path = tmp_path_factory.mktemp("weights") / "vggish.pth"
    torch.save({name: torch.from_numpy(value) for name, value in uniform_weights(shapes).items()}, path)
    return {"vggish": path}


@pytest.fixture(scope="module")
def vectors(seeded: dict[str, Path]) -> Vectors:
    """The vectors of each clip of either side by convention and sample rate."""
    networks: dict[str, Network] = {name: use[0].network(seeded, CPU) for name, use in CONVENTIONS.items()}

    def embed(name: str, rate: int) -> list[list[np.ndarray]]:
        embedding, embedded, _ = CONVENTIONS[name]
        with torch.inference_mode():
            return [
                [
                    networks[name](embedding.resampled((samples / 32768).astype(np.float32), rate))
                    for samples in sounds(generated, rate)[:embedded]
                ]
                for generated in (False, True)
            ]

    return embed


@pytest.mark.parametrize("rate", RATES)
def test_the_sounds_are_those_that_the_packages_heard(rate: int) -> None:
    assert digest(sounds(False, rate) + sounds(True, rate)) == GOLDENS.inputs[f"{rate} Hz"]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", CONVENTIONS)
def test_vectors_and_distance_are_the_packages(name: str, rate: int, vectors: Vectors) -> None:
    sides, key = vectors(name, rate), f"{name}, {rate} Hz"
    embedded = projected(np.concatenate([clip for side in sides for clip in side]))
    assert deviation(embedded, GOLDENS.features[key]) < (FEATURES[name] if rate == 16000 else RESAMPLED)
    scored = CONVENTIONS[name][2]
    distance = frechet_distance(*(np.concatenate(side[:scored]) for side in sides))
    assert distance == pytest.approx(GOLDENS.records[key]["distance"], rel=DISTANCE)


def test_another_resampler_misses(seeded: dict[str, Path]) -> None:
    """The filter of all other metrics, where the package's own is wanted."""
    usual = replace(GUDGUD96, resampler=None)
    network, samples = usual.network(seeded, CPU), sounds(False, 48000)[0]
    with torch.inference_mode():
        embedded = network(Embedding.resampled(usual, (samples / 32768).astype(np.float32), 48000))
    assert deviation(projected(embedded), GOLDENS.features["fad-gudgud96, 48000 Hz"][: len(embedded)]) > 5 * RESAMPLED


@pytest.mark.parametrize("model", ["pann", "encodec"])
def test_the_packages_other_networks_come_through_the_adapter_unchanged(model: str) -> None:
    """Measured when the goldens were made, since the package needs an environment of its own."""
    record = GOLDENS.records[f"fad-{model}"]
    assert record["deviation"] == 0
    assert record["ours"] == pytest.approx(record["distance"], rel=1e-6)


def test_the_package_cannot_score_pann_itself() -> None:
    """It joins the clips' vectors to one long vector, fails on its covariance and answers -1; EnCodec it scores."""
    assert GOLDENS.records["fad-pann"]["score"] == -1
    assert GOLDENS.records["fad-encodec"]["score"] == pytest.approx(GOLDENS.records["fad-encodec"]["ours"], rel=1e-6)
