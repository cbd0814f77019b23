"""What a stage of training is: a module, batches, and losses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool
from torch import Generator, Tensor, nn

from narrator.presets import NarratorConfig

Batch = dict[str, Tensor]
"""Tensors by name; the loop moves them to the device."""

PictureDistance = Callable[[Tensor, Tensor], Tensor]
"""Two batches of pictures, float32 [B, 3, H, W] in -1..1, on one device, to distances [B]; gradients flow through."""


class StageSettings(BaseModel):
    """How one stage is trained. A stage with settings of its own derives from this.

    Attributes:
        steps: optimiser steps; 0 takes the weights as they are, from `init`.
        batch: examples a step.
        learning_rate: highest of AdamW.
        schedule: of the learning rate after the warm-up: `cosine` falls to a hundredth at the last step; with
            `constant` more steps may be asked for later.
        warmup: steps in which the learning rate rises from zero.
        weight_decay: of AdamW.
        clip: longest gradient; a longer one is scaled down.
        bfloat16: compute in bfloat16 where PyTorch's autocast does; faster where the processor or GPU has it.
        average: decay of the exponential average of the weights, which is what a stage hands on.
        snapshot_every: steps between snapshots; a killed run loses at most so many.
        log_every: steps to a row of the log, which holds their means.
        init: file of weights from which the stage starts: `weights.safetensors` of this stage from another run.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int = Field(ge=0, le=10_000_000, strict=True)
    batch: int = Field(default=16, ge=1, le=65_536, strict=True)
    learning_rate: float = Field(default=1e-3, gt=0, le=1)
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup: int = Field(default=100, ge=0, strict=True)
    weight_decay: float = Field(default=0.01, ge=0, le=1)
    clip: float = Field(default=1.0, gt=0)
    bfloat16: StrictBool = False
    average: float = Field(default=0.999, ge=0, lt=1)
    snapshot_every: int = Field(default=200, ge=1, strict=True)
    log_every: int = Field(default=20, ge=1, strict=True)
    init: Path | None = None


@dataclass(frozen=True, eq=False)
class Materials:
    """What every stage is made from.

    Attributes:
        config: sizes of all networks.
        data: the folder of training clips, see `narrator.training.utterances`.
        seed: of the study; first weights and batches derive from it.
        trained: state dicts of the modules of the stages that it needs, by stage, on the CPU.
        versions: a hash of those state dicts, by stage.
        cache: folder for what stages compute once from the data; what is computed by a former stage has its version in
            its name.
        weight_paths: the networks that find a face, by name; stages that learn from pictures need them.
        perceptual: how differently two pictures look to a network that has seen many; the stage `decoder` needs it.
    """

    config: NarratorConfig
    data: Path
    seed: int
    trained: Mapping[str, Mapping[str, Tensor]]
    versions: Mapping[str, str]
    cache: Path
    weight_paths: Mapping[str, Path] | None = None
    perceptual: PictureDistance | None = None


class Stage(ABC):
    """One stage. Its first weights must depend on the seed of its materials alone.

    Attributes:
        name: of the stage.
        needs: names of the stages that it is built from, which must have gone before; it depends on no others.
        module: holds all that is trained, also what serves training only.
    """

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    module: nn.Module

    @abstractmethod
    def batch(self, step: int) -> Batch:
        """The batch of a step, on the CPU. It depends on seed and step alone, so that a continued run sees the same."""

    @abstractmethod
    def losses(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        """Named losses, weighted; their sum is minimised.

        Args:
            batch: from `batch`, on the device of the module.
            generator: on the CPU, seeded for this step; all that the losses draw at random comes from it.
        """

    def tensors(self) -> dict[str, Tensor]:
        """What the stage contributes to a checkpoint, under the checkpoint's keys, `PART.key`; nothing by default."""
        return {}

    def configured(self, config: NarratorConfig) -> NarratorConfig:
        """The sizes of a checkpoint that holds what the stage has learnt; as they were by default."""
        return config
