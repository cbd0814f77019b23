"""What a training study says: sizes, data, and the settings of each stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictStr, field_validator

from narrator.options import one_of
from narrator.presets import PRESETS
from narrator.training.stage import StageSettings
from narrator.training.stages import STAGES, settings_of


class TrainingStudy(BaseModel):
    """A training from its data to a checkpoint.

    Attributes:
        name: label of the study.
        preset: sizes of all networks, by name.
        seed: of first weights, batches and all else that is drawn.
        data: folder of training clips.
        held_out: folder of clips that are not trained with; their losses are logged.
        device: where to train, as Lightning Fabric names it: cpu, cuda, mps or auto.
        threads: of the processor; results on a processor are equal for an equal number.
        stages: settings by stage; only these are trained, in the order of `STAGES`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: StrictStr = Field(min_length=1, max_length=200)
    preset: StrictStr
    seed: int = Field(default=0, ge=0, lt=2**63, strict=True)
    data: Path
    held_out: Path | None = None
    device: StrictStr = "cpu"
    threads: int = Field(default=1, ge=1, le=1024, strict=True)
    stages: dict[str, Any] = Field(min_length=1)

    @field_validator("preset")
    @classmethod
    def _preset_is_known(cls, preset: str) -> str:
        return one_of("preset", preset, tuple(PRESETS))

    @field_validator("stages")
    @classmethod
    def _stages_are_known(cls, stages: dict[str, Any]) -> dict[str, Any]:
        for name in stages:
            one_of("stages", name, STAGES)
        return {name: stages[name] for name in STAGES if name in stages}

    def settings(self, name: str) -> StageSettings:
        """The settings of a stage.

        Raises:
            pydantic.ValidationError: a key or a value is wrong.
        """
        checked: StageSettings = settings_of(name).model_validate(self.stages[name])
        return checked
