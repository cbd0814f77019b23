"""What goes wrong in training through no fault of the code."""

from __future__ import annotations


class TrainingError(ValueError):
    """The study, its data or its settings cannot be trained with; the message is one sentence that says how to mend it."""
