"""What this machine can do at most, measured in the same run: a matrix product and a copy in memory."""

from __future__ import annotations

from collections.abc import Mapping

from bench.profiling.timing import kernel_seconds

SIDE = {"cpu": 1024, "cuda": 8192}
COPIED = {"cpu": 64 << 20, "cuda": 1 << 30}
ROUNDS = 7
"""The best of so many counts: a limit is what was reached once."""


class Limits:
    """The rates of one device, each measured when it is first asked for."""

    def __init__(self, device: str = "cpu") -> None:
        self.device = device
        self.matmul: dict[str, float] = {}
        self.copy: float | None = None

    def arithmetic_seconds(self, operations: Mapping[str, float]) -> float:
        """The least time that so many operations of each type of number take."""
        for dtype in operations.keys() - self.matmul.keys():
            self.matmul[dtype] = matmul_rate(self.device, dtype)
        return sum(count / self.matmul[dtype] for dtype, count in operations.items())

    def memory_seconds(self, size: float) -> float:
        """The time in which a copy reads and writes so many bytes."""
        if self.copy is None:
            self.copy = copy_rate(self.device)
        return size / self.copy


def matmul_rate(device: str, dtype: str = "float32", side: int | None = None) -> float:
    """Floating-point operations per second of a square matrix product, two for each multiply-add.

    Args:
        device: where.
        dtype: of the numbers, by PyTorch's name.
        side: of the matrices; large enough to be bound by arithmetic if not said.
    """
    import torch

    side = side or SIDE[device.partition(":")[0]]
    generator = torch.Generator().manual_seed(0)
    # Random numbers: zeros draw less power, so that a GPU runs faster on them than on any real work.
    left, right = (torch.randn(side, side, generator=generator).to(device, getattr(torch, dtype)) for _ in range(2))
    out = torch.empty_like(left)
    return 2 * side**3 / min(kernel_seconds(lambda: torch.mm(left, right, out=out), device) for _ in range(ROUNDS))


def copy_rate(device: str, size: int | None = None) -> float:
    """Bytes per second that a copy reads and writes, of more memory than any cache holds."""
    import torch

    size = size or COPIED[device.partition(":")[0]]
    source = torch.ones(size // 4, device=device)
    target = torch.empty_like(source)
    return 2 * size / min(kernel_seconds(lambda: target.copy_(source), device) for _ in range(ROUNDS))
