"""What a clip is made of, looked at untimed: calls and memory by stage, operations and bytes of PyTorch."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.profiling.calls import Call
from bench.profiling.memory import Peaks
from narrator.contract import watched_stages

if TYPE_CHECKING:
    from torch.utils._python_dispatch import TorchDispatchMode

OUTSIDE = ""
"""The name under which goes what no stage holds."""


@dataclass
class Counted:
    """What was counted in one stage.

    Attributes:
        calls: how often it was entered.
        memory_mib: how high memory rose during it at most, by place.
        operations: floating-point operations by the type of number.
        bytes_moved: bytes that operators read and wrote.
    """

    calls: int = 0
    memory_mib: dict[str, float] = field(default_factory=dict)
    operations: dict[str, float] = field(default_factory=dict)
    bytes_moved: float = 0.0


def inspected(call: Callable[[], Call], device: str) -> tuple[Call, dict[str, Counted]]:
    """Make one call and count by stage.

    Memory is the highest resident memory, or what PyTorch had allocated on the GPU, while the stage ran, whatever was
    there before it included. Operations are those that PyTorch's own counter knows (products, convolutions, attention);
    other libraries' are not seen, nor are those inside a compiled region, which is why a generator is counted as it
    runs and may show none.
    """
    counts: dict[str, Counted] = {}
    now = [OUTSIDE]

    @contextmanager
    def watcher(name: str) -> Iterator[None]:
        counted = counts.setdefault(name, Counted())
        counted.calls += 1
        now.append(name)
        peaks = Peaks(device)
        try:
            yield
        finally:
            now.pop()
            for place, peak in peaks.mib().items():
                if place in ("host", "allocated"):
                    counted.memory_mib[place] = max(peak, counted.memory_mib.get(place, 0.0))

    with watched_stages(watcher):
        if "torch" not in sys.modules:
            return call(), counts
        with _operator_counter(lambda: counts.setdefault(now[-1], Counted())):
            return call(), counts


def _operator_counter(stage: Callable[[], Counted]) -> TorchDispatchMode:
    """A mode that adds up operations and bytes of every PyTorch operator in the stage that runs."""
    import torch
    from torch.utils import flop_counter
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    count_attention: Any = flop_counter.sdpa_flop_count

    def attention(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
        return int(count_attention(query.shape, key.shape, value.shape))

    # The processor's attention is left out of PyTorch's table.
    known = {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: attention, **flop_counter.flop_registry}

    class OperatorCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            if func._overloadpacket not in known and func is not torch.ops.prim.device.default:
                with self:
                    parts = func.decompose(*args, **kwargs)
                if parts is not NotImplemented:
                    return parts
            out = func(*args, **kwargs)
            counted = stage()
            tensors = [leaf for leaf in tree_leaves((args, kwargs, out)) if isinstance(leaf, torch.Tensor)]
            if not func.is_view:
                counted.bytes_moved += sum(tensor.numel() * tensor.element_size() for tensor in tensors)
            if func._overloadpacket in known:
                kind = str(tensors[-1].dtype).removeprefix("torch.")
                operations = known[func._overloadpacket](*args, **kwargs, out_val=out)
                counted.operations[kind] = counted.operations.get(kind, 0.0) + operations
            return out

    return OperatorCounter()  # type: ignore[no-untyped-call]
