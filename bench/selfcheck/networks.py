"""Stage `network`: each network on an input of its own, with its weights where they are here, and with seeded ones.

Seeded weights need no file, so that a changed epsilon, padding or activation shows on every machine. Inception and I3D
have none: their layers are made from the weight file.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bench.selfcheck import inputs
from bench.selfcheck.check import NETWORK, Check
from metrics import weights
from metrics.audio.embeddings.ge2e import BANDS, PARTIAL, SpeakerEncoder, speaker_encoder
from metrics.audio.embeddings.mn04 import BANDS as MN04_BANDS
from metrics.audio.embeddings.mn04 import MobileNet, mobile_net
from metrics.audio.embeddings.openwakeword import OpenWakeWord
from metrics.audio.embeddings.vggish import BANDS as VGGISH_BANDS
from metrics.audio.embeddings.vggish import PATCH, VGGishNetwork, vggish
from metrics.base.metric import ClipMetric
from metrics.batching import Blocks
from metrics.motion.grid import WINDOW
from metrics.motion.pips import PipsPlusPlus
from metrics.motion.pips_encoder import FEATURES, STRIDE
from metrics.motion.pips_tracker import load_pips
from metrics.video import i3d, inception

_TILE = 65521
"""A prime: no row of a weight matrix repeats another."""


def _through(network: Callable[[Tensor], Tensor], items: NDArray[np.float32], device: str) -> NDArray[np.float32]:
    """A network's answer in the precision that metrics run it with."""
    blocks = Blocks(network, len(items))
    blocks.add(torch.from_numpy(items).to(device))
    return blocks.results()


def _frames(device: str) -> NDArray[np.float32]:
    frames = (inputs.pictures(11, 2, 299, 299).astype(np.float32) - 128) / 128
    return _through(inception.inception(2048, device), np.ascontiguousarray(frames.transpose(0, 3, 1, 2)), device)


def _window(device: str) -> NDArray[np.float32]:
    frames = inputs.pictures(12, i3d.FEWEST_FRAMES, 224, 224).astype(np.float32) * np.float32(2 / 255) - 1
    return _through(i3d.i3d(device), np.ascontiguousarray(frames.transpose(3, 0, 1, 2)[None]), device)


def _wake_word(device: str) -> NDArray[np.float32]:
    paths = {name: weights.fetch(name) for name in OpenWakeWord.weights}
    return np.asarray(OpenWakeWord().network(paths, torch.device(device))(inputs.speech(13, 16000, 1.2)))


_Run = Callable[[Any, str], NDArray[np.float32]]


def _on(items: NDArray[np.float32]) -> _Run:
    return lambda network, device: _through(network, items, device)


def _points(network: PipsPlusPlus, device: str) -> NDArray[np.float32]:
    """An encoded frame, and two points tracked through features; all in float32."""
    frame = inputs.pictures(15, 1, 64, 64).astype(np.float32).transpose(0, 3, 1, 2)
    encoded = _through(network.encode, np.ascontiguousarray(frame), device)
    features = torch.from_numpy(inputs.uniform(16, WINDOW, FEATURES, 16, 16).astype(np.float32)).to(device)
    points = torch.from_numpy((8 * STRIDE * (1 + inputs.uniform(17, 2, 2))).astype(np.float32)).to(device)
    exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
    with torch.inference_mode(), exact:
        tracked = network.track(features, points).cpu().numpy()
    return np.concatenate([encoded.ravel(), tracked.ravel()])


def _loaded(load: Callable[[Path, torch.device], nn.Module], name: str, run: _Run, device: str) -> NDArray[np.float32]:
    return run(load(weights.fetch(name), torch.device(device)), device)


def _seeded(make: Callable[[], nn.Module], gain: float, run: _Run, device: str) -> NDArray[np.float32]:
    with torch.device("meta"):
        network = make()
    network.load_state_dict(_weights(network, gain), assign=True)
    return run(network.eval().requires_grad_(False).to(device), device)


def _weights(network: nn.Module, gain: float) -> dict[str, Tensor]:
    """Evenly spread weights that keep the scale of what passes through; `gain` scales those of PIPs++'s last layers."""
    made = {}
    tile = inputs.uniform(18, _TILE).astype(np.float32)
    for number, (name, value) in enumerate(sorted(network.state_dict().items())):
        numbers = np.resize(np.roll(tile, 7 * number), tuple(value.shape))
        if name.endswith("running_var") or (value.ndim == 1 and name.endswith("weight")):
            numbers += 1
        elif value.ndim > 1:
            numbers *= np.float32((24 / np.prod(value.shape[1:])) ** 0.5 * (gain if "dense" in name else 1))
        else:
            numbers *= np.float32(0.2)
        made[name] = torch.from_numpy(numbers).to(value.dtype)
    return made


def _uses(*names: str) -> Callable[[ClipMetric], bool]:
    return lambda metric: set(names) <= set(metric.weights)


def _mel(seed: int, *shape: int) -> NDArray[np.float32]:
    return (2 * inputs.uniform(seed, *shape)).astype(np.float32)


_NETWORKS: tuple[tuple[str, str, Callable[[], nn.Module], Callable[[Path, torch.device], nn.Module], _Run], ...] = (
    ("GE2E", "ge2e", SpeakerEncoder, speaker_encoder, _on(np.abs(_mel(19, 2, PARTIAL, BANDS)))),
    ("mn04", "efficientat-mn04", MobileNet, mobile_net, _on(_mel(20, 2, 1, MN04_BANDS, 100))),
    ("VGGish", "vggish", VGGishNetwork, vggish, _on(_mel(21, 1, 1, PATCH, VGGISH_BANDS))),
    ("PIPs++", "pips2", PipsPlusPlus, load_pips, _points),
)

CHECKS = (
    Check("network", "Inception", NETWORK, _frames, _uses(inception.WEIGHTS), (inception.WEIGHTS,)),
    Check("network", "I3D", NETWORK, _window, _uses(i3d.WEIGHTS), (i3d.WEIGHTS,)),
    Check("network", "openWakeWord", NETWORK, _wake_word, _uses(*OpenWakeWord.weights), OpenWakeWord.weights),
    *(
        Check("network", title, NETWORK, partial(_loaded, load, name, run), _uses(name), (name,))
        for title, name, _, load, run in _NETWORKS
    ),
    *(
        Check("network", f"{title}, seeded weights", NETWORK, partial(_seeded, make, 0.004, run), _uses(name))
        for title, name, make, _, run in _NETWORKS
    ),
)
