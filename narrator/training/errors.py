"""What goes wrong in training through no fault of the code."""

from __future__ import annotations


class TrainingError(ValueError):
    """The study, its data or its settings cannot be trained with; one sentence says how to mend it."""
