"""Byte-pair encoding of cleaned English text with the vocabulary of the speech model."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from tokenizers import Tokenizer

from narrator.options import shown
from narrator.prompts import nothing_to_speak
from narrator.speech.sentences import pieces
from narrator.speech.text import spell

_REQUIRED = ("[START]", "[STOP]", "[SPACE]", "[en]")

# Characters; beyond this the released model is known to cut speech short.
LONGEST_PIECE = 250

MOST_UNKNOWN = 0.1
"""Share of a text's letters and digits that may be missing from the vocabulary."""

BUNDLED_VOCABULARY = Path(__file__).with_name("vocabulary.json")


class SpeechTokenizer:
    """Text to token ids: cleaned, tagged `[en]`, every space as `[SPACE]`, then BPE.

    Attributes:
        start, stop, space: ids that open and close a text, and part its words.

    Args:
        vocabulary: a Hugging Face `tokenizers` file with the special tokens `[START]`, `[STOP]`, `[SPACE]` and `[en]`,
            such as XTTS' vocab.json. Ours, learnt from sentences written for this project, is `BUNDLED_VOCABULARY`.
    """

    def __init__(self, vocabulary: Path = BUNDLED_VOCABULARY) -> None:
        try:
            text = vocabulary.read_text("utf-8")
        except OSError:
            raise FileNotFoundError(
                f"The vocabulary {vocabulary} cannot be read; name the vocab.json that came with the speech checkpoint."
            ) from None
        self._parse(text, vocabulary)

    @classmethod
    def from_json(cls, text: str, source: Path) -> SpeechTokenizer:
        """A tokenizer from the text of its file; `source` names it in an error."""
        tokenizer = cls.__new__(cls)
        tokenizer._parse(text, source)
        return tokenizer

    def to_json(self) -> str:
        """The text of the vocabulary's file."""
        return self._text

    def _parse(self, text: str, source: Path) -> None:
        self._text = text
        try:
            self._tokenizer = Tokenizer.from_str(text)
        except Exception as error:  # tokenizers raises bare Exception for whatever its parser meets
            raise ValueError(
                f"{source} is not a tokenizer file ({error}); name the vocab.json that came with the checkpoint."
            ) from None
        ids: dict[str, int] = {
            token: found for token in _REQUIRED if (found := self._tokenizer.token_to_id(token)) is not None
        }
        if missing := [token for token in _REQUIRED if token not in ids]:
            raise ValueError(f"The vocabulary {source} lacks {', '.join(missing)}; it belongs to another model.")
        self.start, self.stop, self.space = ids["[START]"], ids["[STOP]"], ids["[SPACE]"]

    @cached_property
    def size(self) -> int:
        """Number of ids: the highest one plus 1 (vocabularies may have gaps)."""
        return max(self._tokenizer.get_vocab().values()) + 1

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`, without start and stop."""
        return self._encode_cleaned(spell(text, self._alphabet)[0])

    def encode_long(self, text: str, limit: int) -> list[list[int]]:
        """Token ids of `text` in pieces of at most `limit` ids, cut between sentences where possible, else words.

        Raises:
            ValueError: nothing can be spoken, too many letters are not in the vocabulary, or one word alone exceeds the
                limit.
        """
        spelled, unknown = spell(text, self._alphabet)
        if unknown > MOST_UNKNOWN:
            raise ValueError(
                f"{unknown:.0%} of the letters of the text {shown(text)} are not in the vocabulary of the speech model;"
                f" at most {MOST_UNKNOWN:.0%} may be"
            )
        if not any(map(str.isalnum, spelled)):
            raise ValueError(nothing_to_speak(text))
        return [self._encode_cleaned(part) for part in pieces(spelled, lambda part: self._fits(part, limit))]

    @cached_property
    def _alphabet(self) -> frozenset[str]:
        return frozenset(token for token in self._tokenizer.get_vocab() if len(token) == 1)

    def _fits(self, piece: str, limit: int) -> bool:
        return len(piece) <= LONGEST_PIECE and len(self._encode_cleaned(piece)) <= limit

    def _encode_cleaned(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(f"[en]{text}".replace(" ", "[SPACE]")).ids
        return ids
