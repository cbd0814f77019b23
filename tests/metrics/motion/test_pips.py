"""PIPs++ against the package's network on seeded weights, and the fast convolution against the direct one."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from support.seeded_pips import POINTS, seeded_frames, seeded_weights

from metrics.motion import pips
from metrics.motion.grid import grid_points
from metrics.motion.pips import PipsPlusPlus
from metrics.motion.pips_tracker import PipsTracker, load_pips
from metrics.motion.temporal_convolution import TemporalConvolution
from metrics.weights import WeightsError, WeightsMissing

GOLDEN = np.load(Path(__file__).parent / "golden" / "fvmd.npz")


@pytest.fixture(scope="module")
def network() -> PipsPlusPlus:
    network = PipsPlusPlus().eval()
    network.load_state_dict(seeded_weights({name: value.shape for name, value in network.state_dict().items()}))
    return network


@pytest.fixture(scope="module")
def features(network: PipsPlusPlus) -> torch.Tensor:
    with torch.inference_mode():
        return network.encode(seeded_frames())


def tracked(network: PipsPlusPlus, features: torch.Tensor) -> np.ndarray:
    with torch.inference_mode():
        return network.track(features, torch.from_numpy(grid_points()[POINTS])).numpy()


def test_tracks_are_the_packages(network: PipsPlusPlus, features: torch.Tensor) -> None:
    np.testing.assert_allclose(tracked(network, features), GOLDEN["tracks"], atol=1e-4, rtol=0)


@pytest.mark.parametrize("wrong", ["all corrections in full", "one scale missing", "no memory of two frames ago"])
def test_a_wrong_network_is_found_out(
    wrong: str, network: PipsPlusPlus, features: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    if wrong == "all corrections in full":
        monkeypatch.setattr(pips, "CORRECTED_FULLY", pips.ITERATIONS)
    elif wrong == "one scale missing":
        around = pips._around
        monkeypatch.setattr(pips, "_around", lambda maps, tracks: around([*maps[:3], 0 * maps[3]], tracks))
    else:
        monkeypatch.setattr(torch.Tensor, "clamp", lambda self, min: self.clip(0, 0))
    assert np.abs(tracked(network, features) - GOLDEN["tracks"]).max() > 0.01


def test_the_checkpoint_has_the_released_size() -> None:
    assert sum(parameter.numel() for parameter in PipsPlusPlus().parameters()) == 17_565_410


def test_a_stream_is_encoded_once_and_tracked_in_every_window(network: PipsPlusPlus, features: torch.Tensor) -> None:
    tracker = PipsTracker(network, torch.device("cpu"))
    tracker._points = torch.from_numpy(grid_points()[POINTS])
    frames = seeded_frames().permute(0, 2, 3, 1).numpy().astype(np.uint8)
    results = [tracker.track(frame) for frame in [*frames, frames[0]]]
    assert all(result is None for result in results[:15])
    np.testing.assert_allclose(results[15], tracked(network, features), atol=1e-3, rtol=0)
    later = torch.cat([features[1:], features[:1]])
    np.testing.assert_allclose(results[16], tracked(network, later), atol=1e-3, rtol=0)


def test_a_checkpoint_loads_and_anything_else_is_refused(tmp_path: Path, network: PipsPlusPlus) -> None:
    torch.save({"model_state_dict": network.state_dict()}, tmp_path / "pips2_weights.pth")
    loaded = load_pips(tmp_path / "pips2_weights.pth", torch.device("cpu"))
    assert torch.equal(loaded.fnet.conv1.weight, network.fnet.conv1.weight)
    torch.save({"model_state_dict": {"fnet.conv1.weight": torch.zeros(1)}}, tmp_path / "other.pth")
    (tmp_path / "pickled.pth").write_bytes(pickle.dumps({"model_state_dict": Path("x")}))
    (tmp_path / "damaged.pth").write_bytes((tmp_path / "pips2_weights.pth").read_bytes()[:1000])
    (tmp_path / "empty.pth").write_bytes(b"")
    torch.save([1], tmp_path / "list.pth")
    for name in ("other", "pickled", "damaged", "empty", "list"):
        with pytest.raises(WeightsError) as refused:
            load_pips(tmp_path / f"{name}.pth", torch.device("cpu"))
        sentence = f"{tmp_path / name}.pth is no checkpoint of PIPs++; replace it by the released file."
        assert str(refused.value) == sentence


def test_absent_weights_name_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from metrics.motion import FrechetVideoMotionDistance

    monkeypatch.setenv("NARRATOR_BENCH_CACHE", str(tmp_path))
    monkeypatch.delenv("NARRATOR_BENCH_WEIGHTS", raising=False)
    metric = FrechetVideoMotionDistance()
    assert metric.weights == ("pips2",)
    with pytest.raises(WeightsMissing, match=r"releases/download/pips2_weights/pips2_weights\.pth"):
        metric.observe()


@pytest.mark.parametrize(("inputs", "outputs"), [(5, 3), (128, 256)])
def test_the_fast_convolution_is_the_direct_one(inputs: int, outputs: int) -> None:
    generator = torch.Generator().manual_seed(0)
    layer = TemporalConvolution(inputs, outputs)
    with torch.inference_mode():
        for parameter in layer.parameters():
            parameter.normal_(0, inputs**-0.5, generator=generator)
        x = torch.randn(16, 7, inputs, generator=generator)
        weight, bias = (parameter.double() for parameter in layer.parameters())
        direct = torch.nn.functional.conv1d(x.double().permute(1, 2, 0), weight, bias, padding=1).permute(2, 0, 1)
        torch.testing.assert_close(layer(x).double(), direct, atol=3e-5, rtol=0)
