"""Whether a prompt can be narrated: what generators check of its text and its voice profile before they use them.

Light to import, and shared by all bundled generators, so that the same prompt fails everywhere for the same reason.
"""

from __future__ import annotations

import unicodedata

import numpy as np

from narrator.contract import GenerationFailed, Voice
from narrator.options import shown

LONGEST_TEXT = 20_000
"""Characters; some twenty minutes of speech."""

_SHORTEST_VOICE_S = 0.33
_RATES = (4_000, 384_000)
_SILENT = 1e-3
"""-60 dB of full scale."""
_BEYOND_SCALE = 4.0
"""12 dB above full scale: lossy codecs overshoot by less; samples on the scale of integers lie far beyond."""

_APOSTROPHES = "\N{MODIFIER LETTER APOSTROPHE}\N{MODIFIER LETTER TURNED COMMA}"
"""Letters to Unicode, signs to everybody else."""


def speakable_text(text: str) -> str:
    """English text without control and invisible characters.

    Raises:
        GenerationFailed: it is too long, or holds letters that no English speech model can read.
    """
    if len(text) > LONGEST_TEXT:
        raise GenerationFailed(f"the text has {len(text):,} characters; at most {LONGEST_TEXT:,} can be narrated")
    text = "".join(map(_plain, unicodedata.normalize("NFC", text)))
    for letter in text:
        if not _is_latin(letter):
            raise GenerationFailed(f"the text must be English only: it holds {letter!r}, which would not be spoken")
    return text


def nothing_to_speak(text: str) -> str:
    """The reason why a text of signs without a sound fails."""
    return f"the text {shown(text)} holds nothing to speak: nothing that can be pronounced; write words in English"


def check_voice(voice: Voice) -> None:
    """Refuse a voice profile that no voice can be learnt from.

    Raises:
        GenerationFailed: it is not mono speech of finite samples in -1..1, or is too short or silent.
    """
    rate, waveform = voice.sample_rate, np.asarray(voice.waveform)
    if isinstance(rate, bool) or not isinstance(rate, int | np.integer) or not _RATES[0] <= rate <= _RATES[1]:
        raise GenerationFailed(
            f"the voice profile's sample rate is {shown(rate)} Hz; it must be a whole number"
            f" from {_RATES[0]:,} to {_RATES[1]:,}"
        )
    if waveform.ndim != 1 or not np.issubdtype(waveform.dtype, np.floating):
        raise GenerationFailed(
            f"the voice profile is {waveform.dtype} {list(waveform.shape)}; it must be mono, floats [S] in -1..1"
        )
    if (seconds := len(waveform) / rate) < _SHORTEST_VOICE_S:
        raise GenerationFailed(
            f"the voice profile lasts {seconds:.2f} s; give at least {_SHORTEST_VOICE_S} s of speech"
        )
    if not np.isfinite(waveform).all():
        raise GenerationFailed("the voice profile holds samples that are not finite")
    peak = float(np.abs(waveform).max())
    if peak < _SILENT:
        raise GenerationFailed("the voice profile is silent: its loudest sample is below -60 dB of full scale")
    if peak > _BEYOND_SCALE:
        raise GenerationFailed(
            f"the voice profile reaches {peak:,.0f}, far beyond full scale; divide 16-bit samples by 32768"
        )


def _plain(character: str) -> str:
    """A control character, lone surrogate or unassigned one is a blank; a mark of direction or joining is nothing.

    Letters that are not called Latin, but stand for Latin ones (mathematical bold, for example), become those.
    """
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    if category.startswith("C"):
        return " "
    if character in _APOSTROPHES:
        return "'"
    return character if _is_latin(character) else unicodedata.normalize("NFKC", character)


def _is_latin(character: str) -> bool:
    """Whether it is a Latin letter, or no letter."""
    return not character.isalpha() or "LATIN" in unicodedata.name(character, "")
