"""What is looked at untimed: operations as PyTorch counts them, calls and memory by stage, batches, traces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.simulated import Simulated, SimulatedClock, session
from torch.utils.flop_counter import FlopCounterMode

from bench.profiling.batch import batches
from bench.profiling.calls import Call
from bench.profiling.energy import EnergyMeter
from bench.profiling.inspection import OUTSIDE, inspected
from bench.profiling.limits import Limits, copy_rate, matmul_rate
from bench.profiling.machine import MachineWatch
from bench.profiling.trace import traced
from narrator.contract import Narration, Prompt, StageClock


def work(clock: StageClock) -> Call:
    """Two stages, one of them twice, and a product outside of both."""
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.Flatten(), torch.nn.Linear(8 * 6 * 6, 10))
    with torch.inference_mode():
        for _ in range(2):
            with clock.stage("network"):
                network(torch.ones(2, 3, 8, 8))
        with clock.stage("half"):
            torch.ones(4, 8, dtype=torch.bfloat16) @ torch.ones(8, 2, dtype=torch.bfloat16)
        torch.ones(3, 5) @ torch.ones(5, 7)
    return Call("key")


def test_operations_are_pytorchs_and_stand_in_their_stage() -> None:
    clock = StageClock()
    _, counts = inspected(lambda: work(clock), "cpu")
    assert {name: counted.calls for name, counted in counts.items()} == {"network": 2, "half": 1, OUTSIDE: 0}
    assert counts["half"].operations == {"bfloat16": 2 * 4 * 8 * 2}
    assert counts[OUTSIDE].operations == {"float32": 2 * 3 * 5 * 7}
    assert counts["half"].memory_mib["host"] > 0
    assert counts["half"].bytes_moved >= 2 * (4 * 8 + 8 * 2 + 4 * 2)
    with FlopCounterMode(display=False) as counter:
        work(StageClock())
    assert sum(sum(counted.operations.values()) for counted in counts.values()) == counter.get_total_flops()


def test_attention_on_the_processor_is_counted() -> None:
    query = torch.ones(1, 2, 16, 8)
    _, counts = inspected(lambda: torch.nn.functional.scaled_dot_product_attention(query, query, query), "cpu")  # type: ignore[arg-type,return-value]
    assert counts[OUTSIDE].operations["float32"] == 2 * (2 * 2 * 16 * 16 * 8)


def test_limits_are_positive_and_measured_once() -> None:
    limits = Limits()
    assert limits.arithmetic_seconds({}) == 0
    assert matmul_rate("cpu", side=64) > 1e6
    assert copy_rate("cpu", size=1 << 16) > 1e6
    limits.matmul["float32"] = 2.0
    assert limits.arithmetic_seconds({"float32": 6.0}) == 3.0
    limits.copy = 4.0
    assert limits.memory_seconds(2.0) == 0.5


def test_energy_is_counted_across_a_wrap_or_missing_with_a_reason(tmp_path: Path) -> None:
    assert EnergyMeter("cpu", tmp_path).joules(1).missing == "this machine shows no RAPL counter"
    zone = tmp_path / "intel-rapl:0"
    (zone / "intel-rapl:0:0").mkdir(parents=True)
    (zone / "energy_uj").write_text("9000000")
    (zone / "max_energy_range_uj").write_text("10000000")
    meter = EnergyMeter("cpu", tmp_path)
    (zone / "energy_uj").write_text("3000000")
    assert meter.joules(2).value == pytest.approx(2.0)  # 1 J to the wrap and 3 J after it, for two calls
    (zone / "energy_uj").unlink()
    assert meter.joules(2).missing


def test_the_machine_is_watched() -> None:
    told = MachineWatch().seen()
    assert told.other_cores is not None
    assert told.other_cores >= 0
    assert (told.throttled.value is None) != (told.throttled.missing is None)


def test_a_trace_names_the_stages(tmp_path: Path) -> None:
    traced(lambda: work(StageClock()), tmp_path / "t.json", "cpu")
    events = json.loads((tmp_path / "t.json").read_text())["traceEvents"]
    assert {"network", "half", "aten::mm"} <= {event.get("name") for event in events}


class Many(Simulated):
    """Narrates up to four prompts at once in the time of one and a half."""

    def narrate_many(self, prompts: Sequence[Prompt]) -> list[Narration]:
        if len(prompts) > 4:
            raise MemoryError
        self.clock.pass_by(1.0 + 0.5 * (len(prompts) > 1))
        return [Narration(np.zeros((50, 2, 2, 3), np.uint8), 25.0, np.zeros(1, np.float32), 16000) for _ in prompts]


def test_batches_grow_until_memory_ends() -> None:
    told: Any = batches(Many(SimulatedClock()).subject(), session(16))
    assert [batch.size for batch in told] == [1, 2, 4, 8]
    assert [batch.clips_per_second for batch in told[:3]] == pytest.approx([1.0, 2 / 1.5, 4 / 1.5])
    assert told[1].media_per_second == pytest.approx(2 * 2 / 1.5)
    assert told[3].missing == "out of memory"
    (alone,) = batches(Simulated(SimulatedClock()).subject(), session(2))
    assert "narrate_many" in (alone.missing or "")
