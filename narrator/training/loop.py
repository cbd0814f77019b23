"""The one loop that trains every stage: AdamW, averaged weights, snapshots, a log.

Devices are Lightning Fabric's business. On a processor equal settings give equal bytes, also after a kill.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.optim.swa_utils import AveragedModel

from narrator.training.errors import TrainingError
from narrator.training.log import TrainingLog
from narrator.training.snapshots import read_snapshot, read_tensors, read_weights, write_snapshot, write_weights
from narrator.training.stage import Batch, Stage, StageSettings

WEIGHTS = "weights.safetensors"
_SNAPSHOT = "snapshot.pt"
_LOWEST_RATE = 0.01
"""Share of the highest learning rate that a cosine schedule ends with."""

_UNSEEN_BATCHES = 4

Progress = Callable[[int, int, dict[str, float]], None]
"""Told after each row of the log: steps done, steps in all, mean losses since the last row."""


def train(
    stage: Stage,
    settings: StageSettings,
    folder: Path,
    *,
    seed: int,
    inputs: str = "",
    device: str = "cpu",
    held_out: Stage | None = None,
    progress: Progress | None = None,
) -> None:
    """Train a stage to its last step; its module holds the averaged weights afterwards, on the CPU.

    With the schedule `constant` a step does not depend on how many there will be: a finished stage is trained on where
    more steps are asked for, and reaches the weights that it would have reached at once.

    Args:
        stage: what to train.
        settings: how.
        folder: receives `weights.safetensors`, `log.csv`, `loss.png` and a snapshot, which stays where more steps may
            follow; a stage whose weights lie there is loaded, one with a snapshot continues.
        seed: of the study.
        inputs: identifies what else the stage was made from (data, sizes, former stages); weights and snapshots of
            other inputs are refused.
        held_out: the same stage made from clips that training does not see; at every snapshot the losses of the average
            on it are logged beside the others, as `held-out NAME`. They show when clips are learnt by heart.
        device: an accelerator as Lightning Fabric names it: "cpu", "cuda", "mps", or "auto".
        progress: see `Progress`.

    Raises:
        TrainingError: a loss is not finite, the folder holds weights of other settings, or a file is damaged.
    """
    made_by = fingerprint(stage.name, settings, seed, inputs)
    folder.mkdir(parents=True, exist_ok=True)
    weights, snapshot, level = folder / WEIGHTS, folder / _SNAPSHOT, settings.schedule == "constant"
    finished = f"{made_by}@{settings.steps}" if level else made_by
    if weights.exists() and not (snapshot.exists() and _ends_before(weights, made_by, settings.steps)):
        stage.module.load_state_dict(read_weights(weights, stage.module, finished))
        return
    if settings.init is not None:
        stage.module.load_state_dict(read_weights(settings.init, stage.module))
    with torch.random.fork_rng():
        averaged = _Run(stage, settings, folder, seed, made_by, device, held_out).finish(progress)
    stage.module.cpu().load_state_dict(averaged)
    stage.module.eval()
    write_weights(weights, averaged, stage.name, finished)
    if not level:
        snapshot.unlink(missing_ok=True)


def _ends_before(weights: Path, made_by: str, steps: int) -> bool:
    """Whether the weights are those of the same training after fewer steps."""
    trained, _, done = read_tensors(weights)[1].split(" ")[-1].partition("@")
    return trained == made_by and done.isdecimal() and int(done) < steps


def fingerprint(name: str, settings: StageSettings, seed: int, inputs: str) -> str:
    """A hash of all that the weights of a stage depend on; how often it is logged and saved is not part of it.

    Nor is the number of steps where the schedule does not depend on it.
    """
    left_out = {"snapshot_every", "log_every"} | ({"steps"} if settings.schedule == "constant" else set())
    told = settings.model_dump(mode="json", exclude=left_out)
    text = json.dumps([name, told, seed, inputs, torch.__version__], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def derived_seed(*names: str | int) -> int:
    """A seed of its own for every purpose, the same on every machine."""
    return int.from_bytes(hashlib.sha256(json.dumps(names).encode()).digest()[:6], "big")


def learning_rate(settings: StageSettings, step: int) -> float:
    """The learning rate of a step: a linear rise, then level or half a cosine."""
    highest = settings.learning_rate
    if step < settings.warmup:
        return highest * (step + 1) / settings.warmup
    if settings.schedule == "constant":
        return highest
    done = (step - settings.warmup) / max(1, settings.steps - settings.warmup)
    return highest * (_LOWEST_RATE + (1 - _LOWEST_RATE) * 0.5 * (1 + math.cos(math.pi * done)))


class _Losses(nn.Module):
    """A stage as one module with one forward pass, which is what Fabric sets up."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.module = stage.module
        self._losses = stage.losses

    def forward(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        return self._losses(batch, generator)


class _Run:
    """A stage on its way from the last snapshot, or from nothing, to its last step."""

    def __init__(
        self,
        stage: Stage,
        settings: StageSettings,
        folder: Path,
        seed: int,
        made_by: str,
        device: str,
        held_out: Stage | None,
    ) -> None:
        self.held_out = held_out
        self.stage, self.settings, self.seed, self.made_by = stage, settings, seed, made_by
        self.snapshot = folder / _SNAPSHOT
        self.fabric = _fabric(device, settings.bfloat16)
        trained = [parameter for parameter in stage.module.parameters() if parameter.requires_grad]
        if not trained and settings.steps:
            raise TrainingError(f"The stage '{stage.name}' has nothing to train; set its steps to 0.")
        stage.module.train()
        self.average = AveragedModel(stage.module, multi_avg_fn=_average(settings.average))
        self.optimiser: Any = torch.optim.AdamW(
            trained or [nn.Parameter(torch.zeros(1))],
            lr=settings.learning_rate,
            betas=(0.9, 0.98),
            weight_decay=settings.weight_decay,
        )
        self.done = self._continued()
        self.losses, self.optimiser = self.fabric.setup(_Losses(stage), self.optimiser)
        self.average.to(self.fabric.device)
        self.log = TrainingLog(folder / "log.csv", self.done)

    def finish(self, progress: Progress | None) -> dict[str, Tensor]:
        """The averaged weights after the last step, on the CPU."""
        settings, started = self.settings, time.monotonic()
        for step in range(self.done, settings.steps):
            rate = learning_rate(settings, step)
            self.log.count(self._step(step, rate))
            self.done = step + 1
            saves = self.done % settings.snapshot_every == 0 or self.done == settings.steps
            if self.done % settings.log_every == 0 or saves:
                unseen = self._unseen() if saves else {}
                means = self.log.write(self.done, rate, time.monotonic() - started, unseen)
                started = time.monotonic()
                if progress is not None:
                    progress(self.done, settings.steps, means)
            if saves:
                self._save()
        self.log.plot(self.stage.name)
        return {key: value.detach().cpu().clone() for key, value in self.average.module.state_dict().items()}

    def _step(self, step: int, rate: float) -> dict[str, float]:
        """One step of the optimiser; the losses before it."""
        seed = derived_seed(self.seed, self.stage.name, "step", step)
        torch.manual_seed(seed)  # for dropout, which draws from the global generator
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        batch = self.fabric.to_device(self.stage.batch(step))
        losses: dict[str, Tensor] = self.losses(batch, Generator().manual_seed(seed))
        values = {name: loss.item() for name, loss in losses.items()}
        for name, value in values.items():
            if not math.isfinite(value):
                raise TrainingError(
                    f"The loss '{name}' of the stage '{self.stage.name}' is {value} at step {step}; lower its"
                    " learning_rate, or look for damaged clips in the data."
                )
        self.fabric.backward(torch.stack(list(losses.values())).sum())
        self.fabric.clip_gradients(self.losses, self.optimiser, max_norm=self.settings.clip, error_if_nonfinite=False)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.average.update_parameters(self.stage.module)
        return values

    @torch.no_grad()
    def _unseen(self) -> dict[str, float]:
        """Losses of the averaged weights on batches of held-out clips, always the same ones."""
        if self.held_out is None:
            return {}
        held_out = self.held_out
        held_out.module.load_state_dict(self.average.module.state_dict())
        held_out.module.to(self.fabric.device).eval()
        sums: dict[str, float] = {}
        for step in range(_UNSEEN_BATCHES):
            seed = derived_seed(self.seed, self.stage.name, "held-out", step)
            batch = self.fabric.to_device(held_out.batch(step))
            for name, loss in held_out.losses(batch, Generator().manual_seed(seed)).items():
                sums[f"held-out {name}"] = sums.get(f"held-out {name}", 0.0) + loss.item() / _UNSEEN_BATCHES
        return sums

    def _save(self) -> None:
        state = {
            "made_by": self.made_by,
            "step": self.done,
            "module": self.stage.module.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        write_snapshot(self.snapshot, state)

    def _continued(self) -> int:
        """Steps that a snapshot holds; its state is loaded."""
        if not self.snapshot.exists():
            return 0
        state = read_snapshot(self.snapshot, self.made_by)
        self.stage.module.load_state_dict(state["module"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        step: int = state["step"]
        return step


def _average(decay: float) -> Callable[[Any, Any, Any], None]:
    """Exponential average whose memory grows to `decay`, so that the first steps are soon forgotten."""

    @torch.no_grad()
    def update(averages: list[Tensor], values: list[Tensor], count: Tensor) -> None:
        keep = min(decay, (1 + int(count)) / (10 + int(count)))
        torch._foreach_lerp_(averages, values, 1 - keep)

    return update


def _fabric(device: str, bfloat16: bool) -> Any:
    try:
        from lightning_fabric import Fabric
    except ImportError as error:
        raise TrainingError(f"Training needs lightning-fabric ({error}): install narrator-bench[train].") from error
    try:
        return Fabric(accelerator=device, devices=1, precision="bf16-mixed" if bfloat16 else "32-true")
    except Exception as error:  # Fabric's own errors for a device that is not there have no common class
        raise TrainingError(f"The device '{device}' cannot be used ({error}); choose cpu or auto.") from error
