"""LSE with seeded weights against its protocol written a second time, and its parts against what they are named for."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from metrics import weight_files, weights
from metrics.base.metric import Unmeasurable
from metrics.sync import lse
from metrics.sync.face_track import FaceTrack
from metrics.sync.lse import CONVENTIONS, LipSyncConfig, LipSyncError
from metrics.sync.mfcc import as_int16, mfcc
from metrics.sync.s3fd import S3FD, faces, s3fd
from metrics.sync.syncnet import SyncNet, distances, syncnet
from metrics.weights import WeightsError, WeightsMissing

Tensors = dict[str, torch.Tensor]

SYNCNET_SHAPES = {
    **{f"netcnnaud.{i}": s for i, s in {0: (64, 1, 3, 3), 4: (192, 64, 3, 3), 8: (384, 192, 3, 3),
                                       11: (256, 384, 3, 3), 14: (256, 256, 3, 3), 18: (512, 256, 5, 4)}.items()},
    **{f"netcnnlip.{i}": s for i, s in {0: (96, 3, 5, 7, 7), 4: (256, 96, 1, 5, 5), 8: (256, 256, 1, 3, 3),
                                       11: (256, 256, 1, 3, 3), 14: (256, 256, 1, 3, 3),
                                       18: (512, 256, 1, 6, 6)}.items()},
    **{f"{net}.{i}": s for net in ("netfcaud", "netfclip") for i, s in {0: (512, 512), 3: (1024, 512)}.items()},
}  # fmt: skip
"""Layers with weights of the published file; each but the last of a head is followed by a batch normalisation."""


def seeded(shapes: dict[str, torch.Size], seed: int) -> Tensors:
    """Weights that keep the scale of what passes through, with running statistics that are no identity."""
    generator = torch.Generator().manual_seed(seed)
    made = {}
    for name, shape in sorted(shapes.items()):
        if name.endswith("num_batches_tracked"):
            continue
        noise = torch.randn(shape, generator=generator)
        if name.endswith("running_var"):
            made[name] = 0.5 + noise.abs()
        elif len(shape) > 1:
            made[name] = noise * (2 / np.prod(shape[1:])) ** 0.5
        else:
            made[name] = (1 + 0.1 * noise) if name.endswith("weight") else 0.1 * noise
    return made


def shapes_of(module: torch.nn.Module) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in module.state_dict().items()}


def normed(signal: torch.Tensor, w: Tensors, name: str) -> torch.Tensor:
    parts = [w[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
    return F.relu(F.batch_norm(signal, *parts, training=False, eps=1e-5))


def oracle_sound(x: torch.Tensor, w: Tensors) -> torch.Tensor:
    """The published layer list of the audio stream, one call a line."""

    def step(x: torch.Tensor, at: int, **how: Any) -> torch.Tensor:
        name = f"netcnnaud.{at}"
        return normed(F.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], **how), w, f"netcnnaud.{at + 1}")

    x = step(x, 0, padding=1)
    x = F.max_pool2d(step(x, 4, padding=1), (3, 3), (1, 2))
    x = step(step(x, 8, padding=1), 11, padding=1)
    x = F.max_pool2d(step(x, 14, padding=1), (3, 3), (2, 2))
    return oracle_head(step(x, 18), w, "netfcaud")


def oracle_lips(x: torch.Tensor, w: Tensors) -> torch.Tensor:
    def step(x: torch.Tensor, at: int, **how: Any) -> torch.Tensor:
        name = f"netcnnlip.{at}"
        return normed(F.conv3d(x, w[f"{name}.weight"], w[f"{name}.bias"], **how), w, f"netcnnlip.{at + 1}")

    x = F.max_pool3d(step(x, 0, stride=(1, 2, 2)), (1, 3, 3), (1, 2, 2))
    x = F.max_pool3d(step(x, 4, stride=(1, 2, 2), padding=(0, 1, 1)), (1, 3, 3), (1, 2, 2), (0, 1, 1))
    x = step(step(x, 8, padding=(0, 1, 1)), 11, padding=(0, 1, 1))
    x = F.max_pool3d(step(x, 14, padding=(0, 1, 1)), (1, 3, 3), (1, 2, 2))
    return oracle_head(step(x, 18), w, "netfclip")


def oracle_head(x: torch.Tensor, w: Tensors, name: str) -> torch.Tensor:
    x = normed(F.linear(x.flatten(1), w[f"{name}.0.weight"], w[f"{name}.0.bias"]), w, f"{name}.1")
    return F.linear(x, w[f"{name}.3.weight"], w[f"{name}.3.bias"])


def oracle(frames: NDArray[np.uint8], samples: NDArray[np.int16], w: Tensors, shifts: int) -> tuple[float, float]:
    """LSE-C and LSE-D as Wav2Lip's evaluation prints them, from RGB crops and 16-bit sound."""
    features = pytest.importorskip("python_speech_features")
    cepstra = torch.from_numpy(features.mfcc(samples, 16000).T.astype(np.float32))[None, None]
    video = torch.from_numpy(frames[..., ::-1].copy()).permute(3, 0, 1, 2)[None].float()
    last = min(len(frames), len(samples) // 640) - 5
    lips = torch.cat([oracle_lips(video[:, :, i : i + 5], w) for i in range(last)])
    sound = torch.cat([oracle_sound(cepstra[..., 4 * i : 4 * i + 20], w) for i in range(last)])
    padded = F.pad(sound, (0, 0, shifts, shifts))
    each = [
        F.pairwise_distance(lips[[i]].repeat(2 * shifts + 1, 1), padded[i : i + 2 * shifts + 1]) for i in range(last)
    ]
    mean = torch.stack(each, 1).mean(1)
    return float(mean.median() - mean.min()), float(mean.min())


@pytest.fixture(scope="module")
def user_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seeded weights under the names that the published files have."""
    folder = tmp_path_factory.mktemp("weights")
    torch.save(seeded(shapes_of(SyncNet()), 0), folder / "syncnet_v2.model")
    torch.save(seeded(shapes_of(S3FD()), 1), folder / "sfd_face.pth")
    return folder


@pytest.fixture
def seeded_weights(user_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Those weights in place of the published ones, whose hashes they cannot have."""
    listed = {
        n: dataclasses.replace(f, sha256="") for n, f in weight_files.WEIGHT_FILES.items() if n in ("syncnet", "s3fd")
    }
    for name, file in listed.items():
        monkeypatch.setitem(weights.WEIGHT_FILES, name, file)
    monkeypatch.setenv("NARRATOR_BENCH_WEIGHTS", str(user_folder))
    for cached in (syncnet, s3fd):
        cached.cache_clear()
    return user_folder


def test_the_tensors_are_named_as_published() -> None:
    layers = {name: tensor for name, tensor in SyncNet().state_dict().items() if tensor.dim() > 1}
    found = {name.removesuffix(".weight"): tuple(tensor.shape) for name, tensor in layers.items()}
    assert found == SYNCNET_SHAPES
    assert sum(p.numel() for p in SyncNet().parameters()) == 13_631_616
    names = set(S3FD().state_dict())
    for layer in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28, 31, 33):
        assert f"vgg.{layer}.weight" in names
    assert {f"L2Norm{n}.weight" for n in ("3_3", "4_3", "5_3")} < names
    assert {f"{part}.{i}.bias" for part in ("loc", "conf") for i in range(6)} < names
    assert S3FD().conf[0].weight.shape == (4, 256, 3, 3)


@pytest.mark.parametrize("length", [200, 400, 401, 1999, 16000])
def test_cepstra_are_python_speech_features(length: int) -> None:
    features = pytest.importorskip("python_speech_features")
    samples = as_int16(np.random.default_rng(length).normal(size=length) * 0.1)
    np.testing.assert_allclose(mfcc(samples), features.mfcc(samples, 16000), rtol=1e-9, atol=1e-9)
    silence = np.zeros(1600, np.int16)
    np.testing.assert_allclose(mfcc(silence), features.mfcc(silence, 16000), rtol=1e-9)


CLIP = np.random.default_rng(3).integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
SOUND = (np.random.default_rng(4).normal(size=12 * 640) * 0.1).astype(np.float32)


def observed(config: LipSyncConfig) -> Any:
    metric = LipSyncError("trial", config)
    observer = metric.observe()
    observer.frames(CLIP[:5])
    observer.frames(CLIP[5:])
    observer.waveform(SOUND, 16000)
    return observer.finish()()


@pytest.mark.usefixtures("seeded_weights")
def test_both_scores_are_the_protocols(user_folder: Path) -> None:
    import cv2

    crops = np.stack([cv2.resize(frame, (224, 224)) for frame in CLIP])
    w = torch.load(user_folder / "syncnet_v2.model", weights_only=True)
    statistics = observed(LipSyncConfig(crop="frame", shifts=4))
    expected = oracle(crops, as_int16(SOUND), w, 4)
    rounding = 1e-6 * expected[1]  # float32 of features that were never trained to be small
    for value, number in zip(("confidence", "distance"), expected, strict=True):
        metric = LipSyncError("trial", LipSyncConfig(value, crop="frame", shifts=4))
        assert float(metric.compare({}, statistics)["value"]) == pytest.approx(number, abs=rounding)
    # a known-wrong variant: RGB in place of BGR
    wrong = oracle(crops[..., ::-1], as_int16(SOUND), w, 4)
    assert abs(wrong[1] - expected[1]) > 100 * rounding


def test_a_shift_of_the_sound_is_a_shift_of_the_least_distance() -> None:
    lips = torch.randn(60, 1024, generator=torch.Generator().manual_seed(0))
    for shift in (-15, -3, 0, 7):
        found = distances(lips, torch.roll(lips, shift, 0), 15)
        assert int(found.argmin()) == 15 + shift


@pytest.mark.usefixtures("seeded_weights")
def test_the_detector_finds_what_its_layers_say(user_folder: Path) -> None:
    """Boxes and scores of every anchor against the definition written a second time, anchor by anchor."""
    w = torch.load(user_folder / "sfd_face.pth", weights_only=True)
    image = torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(5)) * 50
    with torch.inference_mode():
        boxes, scores = s3fd("cpu")(image)
        expected_boxes, expected_scores = oracle_faces(image, w)
    torch.testing.assert_close(scores, expected_scores, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(boxes, expected_boxes, rtol=1e-4, atol=1e-4)


def oracle_faces(image: torch.Tensor, w: Tensors) -> tuple[torch.Tensor, torch.Tensor]:
    def conv(x: torch.Tensor, name: str, **how: Any) -> torch.Tensor:
        return F.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], **how)

    def unit(x: torch.Tensor, name: str) -> torch.Tensor:
        return x / (x.pow(2).sum(1, keepdim=True).sqrt() + 1e-10) * w[f"L2Norm{name}.weight"].view(1, -1, 1, 1)

    x, maps = image, []
    for block, pool in (
        ((0, 2), {}),
        ((5, 7), {}),
        ((10, 12, 14), {"ceil_mode": True}),
        ((17, 19, 21), {}),
        ((24, 26, 28), {}),
    ):
        for layer in block:
            x = F.relu(conv(x, f"vgg.{layer}", padding=1))
        if len(block) == 3:
            maps.append(unit(x, {10: "3_3", 17: "4_3", 24: "5_3"}[block[0]]))
        x = F.max_pool2d(x, 2, 2, **pool)
    x = F.relu(conv(F.relu(conv(x, "vgg.31", padding=6, dilation=6)), "vgg.33"))
    maps.append(x)
    x = F.relu(conv(F.relu(conv(x, "extras.0")), "extras.1", stride=2, padding=1))
    maps.append(x)
    maps.append(F.relu(conv(F.relu(conv(x, "extras.2")), "extras.3", stride=2, padding=1)))
    boxes, scores = [], []
    high, wide = image.shape[2:]
    for place, seen in enumerate(maps):
        where, what = conv(seen, f"loc.{place}", padding=1)[0], conv(seen, f"conf.{place}", padding=1)[0]
        for i in range(seen.shape[2]):
            for j in range(seen.shape[3]):
                none, face = what[:-1, i, j].max(), what[-1, i, j]
                scores.append(torch.exp(face) / (torch.exp(face) + torch.exp(none)))
                size, step = (16, 32, 64, 128, 256, 512)[place], (4, 8, 16, 32, 64, 128)[place]
                dx, dy, dw, dh = where[:, i, j]
                cx, cy = (
                    (j + 0.5) * step / wide + dx * 0.1 * size / wide,
                    (i + 0.5) * step / high + dy * 0.1 * size / high,
                )
                bw, bh = size / wide * torch.exp(0.2 * dw), size / high * torch.exp(0.2 * dh)
                boxes.append(torch.stack([cx - bw / 2, cy - bh / 2, cx + bw / 2, cy + bh / 2]))
    return torch.stack(boxes), torch.stack(scores)


def test_faces_are_told_apart_in_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    found = torch.tensor([[0.1, 0.1, 0.3, 0.3], [0.11, 0.1, 0.31, 0.3], [0.6, 0.5, 0.9, 0.9], [0.0, 0.0, 0.5, 0.5]])
    monkeypatch.setattr(S3FD, "forward", lambda self, image: (found, torch.tensor([0.95, 0.99, 0.97, 0.5])))
    boxes = faces(S3FD(), np.zeros((100, 200, 3), np.uint8), "cpu")
    np.testing.assert_allclose(boxes, [[22, 10, 62, 30, 0.99], [120, 50, 180, 90, 0.97]], rtol=1e-5)


def crops_of(boxes: list[Any], frames: NDArray[np.uint8]) -> tuple[FaceTrack, list[NDArray[np.uint8]]]:
    answers = iter(boxes)
    track = FaceTrack(lambda _: np.array(next(answers), np.float64).reshape(-1, 4))
    made = [crop for frame in frames for crop in track.crops(frame)]
    return track, [*made, *track.rest()]


def test_the_crop_follows_the_face_as_the_reference_does() -> None:
    """Against SciPy's median filter, whose zeros beyond the ends are part of the protocol, and the written-out cut."""
    import cv2
    from scipy.signal import medfilt

    generator = np.random.default_rng(0)
    frames = generator.integers(0, 256, (30, 120, 160, 3), dtype=np.uint8)
    corners = 30 + np.cumsum(generator.integers(-1, 2, (30, 2)), axis=0)
    boxes: list[Any] = [[*corner, *(corner + 40)] for corner in corners]
    boxes[0] = []
    for lost in (10, 11, 12):
        boxes[lost] = []
    track, made = crops_of(boxes, frames)
    assert (track.first, len(made)) == (1, 29)
    known = [i for i in range(1, 30) if len(boxes[i])]
    full = np.column_stack([np.interp(np.arange(1, 30), known, [boxes[i][k] for i in known]) for k in range(4)])
    x, y = (medfilt((full[:, k] + full[:, k + 2]) / 2, 13) for k in (0, 1))
    s = medfilt(np.maximum(full[:, 3] - full[:, 1], full[:, 2] - full[:, 0]) / 2, 13)
    for i, crop in enumerate(made):
        pad = int(s[i] * 1.8)
        grey = np.pad(frames[i + 1], ((pad, pad), (pad, pad), (0, 0)), constant_values=110)
        my, mx = y[i] + pad, x[i] + pad
        part = grey[int(my - s[i]) : int(my + s[i] * 1.8), int(mx - s[i] * 1.4) : int(mx + s[i] * 1.4)]
        np.testing.assert_array_equal(crop, cv2.resize(part, (224, 224)))


def test_a_face_that_is_lost_is_a_reason() -> None:
    frames = np.zeros((60, 64, 64, 3), np.uint8)
    with pytest.raises(Unmeasurable, match="the face is lost for more than 25 frames"):
        crops_of([[10, 10, 40, 40]] * 5 + [[]] * 30 + [[10, 10, 40, 40]] * 25, frames)
    with pytest.raises(Unmeasurable, match="no face is found in 60 frames"):
        crops_of([[]] * 60, frames)


@pytest.mark.usefixtures("seeded_weights")
@pytest.mark.parametrize(
    ("frames", "sound", "sentence"),
    [
        (CLIP, None, "the clip has no audio"),
        (CLIP[:5], SOUND[:3200], "5 frames of a face are too few: 6 are needed"),
        (CLIP, np.tile(SOUND, 3), r"12 frames beside 1\.44 s of sound are not 25 fps"),
        (CLIP, SOUND * 0, "the audio is silent"),
    ],
)
def test_what_cannot_be_measured_says_why(frames: Any, sound: Any, sentence: str) -> None:
    observer = LipSyncError("trial", LipSyncConfig(crop="frame")).observe()
    observer.frames(frames)
    if sound is not None:
        observer.waveform(sound, 16000)
    with pytest.raises(Unmeasurable, match=sentence):
        observer.finish()()


def test_without_weights_one_sentence_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NARRATOR_BENCH_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("NARRATOR_BENCH_CACHE", str(tmp_path))
    with pytest.raises(
        WeightsMissing, match=r"'syncnet' are in no package registry: download http\S+syncnet_v2.model and"
    ):
        LipSyncError().prepare()


def test_a_file_of_other_tensors_is_refused(
    seeded_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = torch.load(seeded_weights / "syncnet_v2.model", weights_only=True)
    wrong["netfcaud.3.weight"] = wrong["netfcaud.3.weight"][:512]
    torch.save(wrong, tmp_path / "syncnet_v2.model")
    monkeypatch.setenv("NARRATOR_BENCH_WEIGHTS", str(tmp_path))
    with pytest.raises(
        WeightsError, match=r"is no SyncNet: its tensor netfcaud.3.weight is \[512, 512\], not \[1024, 512\]"
    ):
        syncnet("cpu")


def test_each_convention_says_its_own(seeded_weights: Path) -> None:
    signatures = {name: LipSyncError(name).signature for name in CONVENTIONS}
    assert len(set(signatures.values())) == 4
    assert "crop:s3fd" in signatures["lse-c"]
    assert "weights:s3fd@" in signatures["lse-c"]
    assert "crop:blazeface" in signatures["lse-d-blazeface"]
    assert LipSyncError("lse-c").statistics_id == LipSyncError("lse-d").statistics_id
    assert (LipSyncError("lse-c").direction, LipSyncError("lse-d").direction) == ("higher", "lower")
    assert lse._CROP_WEIGHTS["frame"] == ()
