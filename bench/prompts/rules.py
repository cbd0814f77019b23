"""The choices by which prompts are made from clips; part of the protocol, for other prompts give other numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

TextRule = Literal["as-written", "paper"]
VoiceRule = Literal["another-clip", "only-another-clip", "other-half", "same-clip"]
ImageRule = Literal["first", "open-eyes"]

_REMOVED = re.compile(r'[,?.!\-;:"]')
"""NarratingForYou@906a7d4, preprocess.py: what is taken out of Whisper's text, before it is upper-cased."""


@dataclass(frozen=True)
class PromptRules:
    """Where prompts come from.

    Attributes:
        transcripts: the recogniser that writes down what no file tells, NAME or NAME:OPTION=VALUE:...; or "none".
        text: "as-written", blanks collapsed; or "paper", whose scripts also remove `, ? . ! - ; : "` and upper-case.
        voice: "another-clip" of the same speaker, else the clip's own second half; "only-another-clip", else the clip
            makes no prompt; "other-half", always its own second half; "same-clip", the whole of itself, which lets a
            generator copy what it is measured against.
        image: "first", the frame at t = 0; "open-eyes", the first frame that shows a face with open eyes, else the
            frame at t = 0.
    """

    transcripts: str = "pocketsphinx"
    text: TextRule = "as-written"
    voice: VoiceRule = "another-clip"
    image: ImageRule = "first"

    def spelled(self, text: str) -> str:
        """The text as the rule wants it, on one line."""
        return " ".join((_REMOVED.sub("", text).upper() if self.text == "paper" else text).split())
