"""The choices by which prompts are made from clips; part of the protocol, for other prompts give other numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

TextRule = Literal["as-written", "paper"]

_REMOVED = re.compile(r'[,?.!\-;:"]')
"""NarratingForYou@906a7d4, preprocess.py: what is taken out of Whisper's text, before it is upper-cased."""


@dataclass(frozen=True)
class PromptRules:
    """Where prompts come from.

    Attributes:
        transcripts: the recogniser that writes down what no file tells, NAME or NAME:OPTION=VALUE:...; or "none".
        text: "as-written", blanks collapsed; or "paper", whose scripts also remove `, ? . ! - ; : "` and upper-case.
    """

    transcripts: str = "pocketsphinx"
    text: TextRule = "as-written"

    def spelled(self, text: str) -> str:
        """The text as the rule wants it, on one line."""
        return " ".join((_REMOVED.sub("", text).upper() if self.text == "paper" else text).split())
