"""What a run has cost so far, and of what its pieces were made: never a part of its results.

RUN/costs/GENERATOR/DATASET/KEY.json    seconds and memory of one clip, and hashes of what it was made of
RUN/costs/measured-I-of-N.json          how often each kind of measuring was done, and its seconds
RUN/costs/metrics-I-of-N.json           hashes of what each metric's statistics were made of
"""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import fingerprint
from bench.choice import Choice
from bench.files import read_json, write_json
from bench.plugins import built_metric
from bench.run.folder import RunFolder
from bench.run.generate import GeneratingTask
from bench.scoring.spent import Spent
from bench.workers.crew import Needs
from bench.workers.shard import Shard
from metrics.base.source_hash import source_hash
from metrics.weights import identity

_SAMPLED = 64
"""So many clips tell what a generator's clips take."""
_NEVER_COMPUTE = ("ceiling", "chance", "folder", "still")
_HEADROOM = 1.25
_WRITE_SECONDS = 10.0


class Costs:
    """What the costs in a run's folder say."""

    def __init__(self, run: RunFolder) -> None:
        self._folder = run.root / "costs"

    def seconds(self, generator: str, dataset: str) -> float | None:
        """Seconds that a clip of the generator takes, with its encoding; None where nobody knows."""
        told = self._clips(generator, dataset) or self._clips(generator, "*")
        stages = [cost["seconds"] + cost.get("stages", {}).get("write", 0.0) for cost in told]
        return sum(stages) / len(stages) if stages else None

    def of_generating(self, task: GeneratingTask) -> Needs:
        """What narrating a prompt asks for: a GPU unless it is known to do without, and the memory of earlier clips."""
        return self._of_generator(task.generator.name, task.generator.plugin)

    def made_of(self, generator: str, dataset: str, key: str) -> Mapping[str, str] | None:
        """Hashes of what a clip was made of, by part; None where nobody knows."""
        found = read_json(self._folder / generator / dataset / f"{key}.json")
        return found.get("made_of") if isinstance(found, dict) else None

    def metrics_made_of(self) -> dict[str, Mapping[str, str]]:
        """Hashes of what metrics' statistics were made of, by metric and part."""
        found: dict[str, Mapping[str, str]] = {}
        for path in sorted(self._folder.glob("metrics-*-of-*.json"), key=lambda path: path.stat().st_mtime_ns):
            found |= read_json(path) or {}
        return found

    def measuring(self) -> Spent:
        """What measuring took, in all shards."""
        spent = Spent()
        for path in self._folder.glob("measured-*-of-*.json"):
            spent.add(_spent(path))
        return spent

    @functools.cache  # noqa: B019 - as long as a pass over tasks
    def _of_generator(self, generator: str, plugin: str) -> Needs:
        memory = [cost["peak_memory_mib"] for cost in self._clips(generator, "*") if cost.get("peak_memory_mib")]
        known_without = bool(memory) and plugin != "command" and not any("gpu" in peak for peak in memory)
        host = max((peak.get("host", 0.0) for peak in memory), default=0.0)
        return Needs(plugin not in _NEVER_COMPUTE and not known_without, int(host * _HEADROOM * 2**20))

    @functools.cache  # noqa: B019
    def _clips(self, generator: str, dataset: str) -> list[dict[str, Any]]:
        found = []
        for path in (self._folder / generator).glob(f"{dataset}/*.json"):
            cost = read_json(path)
            if isinstance(cost, dict) and cost.get("stages"):  # a clip that existed cost nothing
                found.append(cost)
            if len(found) == _SAMPLED:
                break
        return found


class Ledger:
    """Keeps what measuring takes, while it is done."""

    def __init__(self, run: RunFolder, shard: Shard) -> None:
        self._part = f"{shard.index + 1}-of-{shard.count}.json"
        self._folder = run.root / "costs"
        self._spent = _spent(self._folder / f"measured-{self._part}")
        self._written = time.monotonic()

    def note(self, metrics: tuple[Choice, ...], device: str) -> None:
        """Of what these metrics' statistics are made."""
        write_json(
            self._folder / f"metrics-{self._part}", {choice.name: parts_of(choice, device) for choice in metrics}
        )

    def add(self, spent: Spent) -> None:
        """Count more of it."""
        self._spent.add(spent)
        if time.monotonic() - self._written > _WRITE_SECONDS:
            self.write()

    def write(self) -> None:
        """Keep it on disk."""
        content = {"times": self._spent.times, "seconds": self._spent.seconds}
        write_json(self._folder / f"measured-{self._part}", content)
        self._written = time.monotonic()


def parts_of(choice: Choice, device: str) -> dict[str, str]:
    """Hashes of what a metric's statistics depend on beside the clips, by part."""
    metric = built_metric(choice, device)
    try:
        weights = fingerprint.of_json([identity(name) for name in metric.weights])
    except Exception:  # they are not here, so that nothing is measured either
        weights = ""
    return {
        "configuration": fingerprint.of_json([choice.plugin, str(metric.config)]),
        "weights": weights,
        "code": fingerprint.of_json([source_hash("metrics"), source_hash(type(metric).__module__)]),
        "device": device,
    }


def _spent(path: Path) -> Spent:
    found = read_json(path)
    if not isinstance(found, dict) or not {"times", "seconds"} <= found.keys():
        return Spent()
    return Spent(dict(found["times"]), dict(found["seconds"]))
