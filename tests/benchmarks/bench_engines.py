"""Inception and I3D in inference engines beside PyTorch's eager mode, on one thread of the processor, taking turns.

    pip install onnx onnxscript onnxruntime openvino    # the project needs none but onnxruntime
    python tests/benchmarks/bench_engines.py [--rounds 9] [--networks inception,i3d] [--engines compile,openvino]

Every engine computes in float32 what the metrics' own module does, on the blocks that the metrics use. In each round
each engine runs once and eager before and after it; printed are the medians of the processor's and the wall's seconds,
the median of the paired ratios with its 95 % interval, the seconds until the engine is ready, and how far its features
lie from eager's: the budget of docs/parity.md is 2e-5 of a vector's length.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metrics import onnx_session
from metrics.video import i3d as i3d_module
from metrics.video import inception as inception_module
from metrics.video.i3d import i3d
from metrics.video.inception import inception

Network = Callable[[Tensor], Tensor]
BUDGET = 2e-5


class Plain(nn.Module):
    """The same network in operators that every converter knows: `conv2d`, `conv3d` and `max_pool3d`."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        with (
            patch.object(inception_module, "convolve", _convolve),
            patch.object(i3d_module, "convolve", _convolve),
            patch.object(i3d_module, "max_pool_same", _pool),
        ):
            features: Tensor = self.network(x)
        return features


def _pool(x: Tensor, kernel: tuple[int, int, int], stride: tuple[int, int, int]) -> Tensor:
    padding: list[int] = []
    for length, k, s in zip(x.shape[2:], kernel, stride, strict=True):
        total = max((-(-length // s) - 1) * s + k - length, 0)
        padding = [total // 2, total - total // 2, *padding]
    # All that is pooled has gone through ReLU, so that a padding of 0 is never the greatest.
    return F.max_pool3d(F.pad(x, padding), kernel, stride)


def _convolve(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: tuple[int, ...]) -> Tensor:
    function = F.conv2d if len(padding) == 2 else F.conv3d
    return function(x, weight, bias, stride, padding)


def compiled(network: nn.Module, example: Tensor) -> Network:
    return torch.compile(Plain(network))


def frozen_graph(network: nn.Module, example: Tensor) -> Network:
    """Inductor's freezing: constants folded, weights laid out beforehand."""
    import torch._inductor.config as settings

    def run(x: Tensor) -> Tensor:
        with settings.patch(freezing=True), torch.no_grad():  # inference_mode keeps it from freezing
            return graph(x)

    graph = torch.compile(Plain(network))
    return run


def onnx_runtime(network: nn.Module, example: Tensor) -> Network:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        torch.onnx.export(Plain(network), (example,), str(path), input_names=["x"], verbose=False)
        session = onnx_session.session(path)
    return lambda x: torch.from_numpy(onnx_session.run(session, {"x": x.numpy()}))


def openvino(network: nn.Module, example: Tensor) -> Network:
    import openvino as ov

    model = ov.convert_model(Plain(network), example_input=example, input=[list(example.shape)])
    # Its own choice on this processor would be bfloat16.
    options: dict[str, Any] = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    graph = ov.Core().compile_model(model, "CPU", options)
    return lambda x: torch.from_numpy(np.array(graph(x.numpy())[0]))


ENGINES: dict[str, Callable[[nn.Module, Tensor], Network]] = {
    "torch.compile": compiled,
    "torch.compile, freezing": frozen_graph,
    "ONNX Runtime": onnx_runtime,
    "OpenVINO": openvino,
}


def seconds(network: Network, x: Tensor) -> tuple[float, float]:
    """Of the processor and on the wall."""
    wall, cpu = time.perf_counter(), time.process_time()
    network(x)
    return time.process_time() - cpu, time.perf_counter() - wall


def interval(values: list[float]) -> tuple[float, float]:
    """95 % for the median, by the bootstrap."""
    draws = np.random.default_rng(0).choice(values, (2000, len(values)))
    low, high = np.quantile(np.median(draws, axis=1), [0.025, 0.975])
    return float(low), float(high)


def compare(name: str, network: nn.Module, example: Tensor, engine: str, rounds: int) -> None:
    """One row of the table."""
    start = time.perf_counter()
    try:
        other = ENGINES[engine](network, example)
        features = other(example)
    except Exception as error:  # whatever a converter raises is what the row says
        print(f"| {name} | {engine} | failed: {type(error).__name__}: {str(error).splitlines()[0][:150]} |", flush=True)
        return
    ready = time.perf_counter() - start
    expected = network(example)
    difference = float(((features - expected).norm(dim=1) / expected.norm(dim=1)).max())
    other(example)
    eager, theirs = [], []
    for _ in range(rounds):
        before, own, after = seconds(network, example), seconds(other, example), seconds(network, example)
        eager.append([statistics.mean(pair) for pair in zip(before, after, strict=True)])
        theirs.append(list(own))
    cells = [name, engine]
    for clock in (0, 1):
        ours, mine = [pair[clock] for pair in eager], [pair[clock] for pair in theirs]
        ratios = [b / a for a, b in zip(ours, mine, strict=True)]
        low, high = interval(ratios)
        cells += [f"{statistics.median(ours):.3f}", f"{statistics.median(mine):.3f}"]
        cells.append(f"{statistics.median(ratios):.3f} [{low:.3f}, {high:.3f}]")
    cells += [f"{ready:.0f}", f"{difference:.1e}" + ("" if difference <= BUDGET else " (beyond the budget)")]
    print("| " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    """Print a row for each network and engine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--networks", default="inception,i3d")
    parser.add_argument("--engines", default=",".join(name.replace(",", "") for name in ENGINES))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    random = torch.Generator().manual_seed(0)
    frames = torch.rand(inception_module.BLOCK, 3, 299, 299, generator=random) * 2 - 1
    window = torch.rand(i3d_module.BLOCK, 3, 16, 224, 224, generator=random) * 2 - 1
    networks = {"inception": (inception(2048, "cpu"), frames), "i3d": (i3d("cpu"), window)}
    print(
        "| network | engine | eager, processor | engine | ratio | eager, wall | engine | ratio | ready | difference |"
    )
    print("|" + "---|" * 10)
    for name in arguments.networks.split(","):
        for engine in ENGINES:
            if any(engine.replace(",", "").startswith(asked) for asked in arguments.engines.split(",")):
                with torch.no_grad():
                    compare(name, *networks[name], engine, arguments.rounds)


if __name__ == "__main__":
    main()
