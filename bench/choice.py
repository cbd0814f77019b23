"""A plug-in as a study names it: a label, the plug-in's name and its options."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictStr, field_validator, model_validator

LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+@-]{0,63}")


class Strict(BaseModel):
    """A misspelt key is an error, never a silently different experiment."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Choice(Strict):
    """A plug-in under a label; the label defaults to the plug-in's name and names folders and table rows."""

    name: StrictStr
    plugin: StrictStr
    options: dict[StrictStr, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _label_and_plugin_stand_for_each_other(cls, value: Any) -> Any:
        if isinstance(value, dict):
            value = dict(value)
            value.setdefault("plugin", value.get("name"))
            value.setdefault("name", value.get("plugin"))
        return value

    @field_validator("name")
    @classmethod
    def _is_a_safe_label(cls, name: str) -> str:
        if not LABEL.fullmatch(name):
            raise ValueError(f"the label {name!r} names a folder: use letters, digits, '.', '_', '+', '@' and '-' only")
        return name
