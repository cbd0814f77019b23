"""Numbers of a reference file: finite, bounded, rounded so that equal runs give equal bytes."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

DIGITS = 7
"""Significant digits of a number; float32, in which networks compute, has as many."""
LARGEST = 1e100
"""Of a number that is a score; beyond it squares overflow."""


def rounded(number: float) -> float:
    """A number as it stands in a reference file."""
    return float(f"{number:.{DIGITS}g}")


class StrictRecord(BaseModel):
    """A part of a reference file; whatever it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)


def _bounded(number: float) -> float:
    if abs(number) > LARGEST:
        raise ValueError(f"no score is as large as {number:g}")
    return number


Number = Annotated[float, AfterValidator(_bounded)]
