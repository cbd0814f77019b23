"""Sentences written for this corpus by a small grammar, some millions of them, and words of its other sentences.

The corpus has some 900 words in its bundled sentences. Drawn without order they teach how each word sounds, and none of
those sentences. A twentieth of all sentences, by their hash, are kept from training, so that a test never asks for one
that was learnt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from bench.synthetic.speech import sentences

_DETERMINERS = ("the", "a", "my", "our", "her", "his", "this", "that", "their", "your")
_ADJECTIVES = (
    *("old", "small", "quiet", "yellow", "heavy", "warm", "clever", "broken", "little", "purple", "famous", "hungry"),
    *("young", "green", "blue", "red", "white", "black", "happy", "careful", "early", "simple", "strong", "tired"),
    *("narrow", "bright", "cold", "empty", "friendly", "gentle"),
)
_NOUNS = (
    *("dog", "river", "garden", "teacher", "window", "letter", "doctor", "mountain", "horse", "kitchen", "boat"),
    *("sister", "farmer", "bridge", "pilot", "market", "captain", "forest", "child", "piano", "brother", "mother"),
    *("father", "village", "table", "picture", "story", "bottle", "chair", "flower", "church", "school", "baby"),
    *("bird", "cat", "fish", "house", "door", "train", "ticket", "basket", "jacket", "machine", "number", "paper"),
    *("shop", "street", "summer", "supper", "visitor", "worker", "yard", "zebra", "hammer", "island"),
)
_VERBS = (
    *("found", "painted", "watched", "carried", "remembered", "opened", "followed", "visited", "forgot", "cleaned"),
    *("sold", "loved", "bought", "moved", "kept", "lost", "covered", "helped", "met", "passed", "pushed", "showed"),
    *("saw", "took", "touched", "wanted", "missed", "heard", "built", "chose"),
)
_PLACES = (
    *("near the station", "behind the church", "in the morning", "after dinner", "before winter", "on sunday"),
    *("with a smile", "every evening", "across the street", "without a word", "by the sea", "at the corner"),
    *("under the tree", "for an hour", "in the rain", "on the hill", "at midnight", "during the holiday"),
)
_OPENINGS = ("yesterday", "sometimes", "perhaps", "in spring", "last night", "at first", "this week", "suddenly")
_KEPT_FROM_TRAINING = 20
"""One sentence in so many."""
_IN_ORDER = 0.5
"""Share of the training sentences that the grammar makes; of the others all."""


def sentence(rng: np.random.Generator, *, unseen: bool) -> str:
    """Draw a sentence of five to thirteen words, or four to eight words without order.

    Args:
        rng: source of all choices.
        unseen: whether it shall be one of those that are kept from training, or one of the others.
    """
    while True:
        drawn = _by_grammar(rng) if unseen or rng.random() < _IN_ORDER else _without_order(rng)
        if held_out(drawn) == unseen:
            return drawn


def held_out(text: str) -> bool:
    """Whether a sentence is kept from training."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % _KEPT_FROM_TRAINING == 0


def vocabulary() -> frozenset[str]:
    """All words of all sentences, in lower case."""
    lists = (_DETERMINERS, _ADJECTIVES, _NOUNS, _VERBS, _PLACES, _OPENINGS, ("an",))
    grammar = (word for entries in lists for entry in entries for word in entry.split())
    return frozenset((*grammar, *_corpus_words()))


@lru_cache(maxsize=1)
def _corpus_words() -> tuple[str, ...]:
    """The words of the bundled sentences, in lower case, each once."""
    words = {word.strip(".,?!").lower() for text in sentences() for word in text.split()}
    return tuple(sorted(words))


def _without_order(rng: np.random.Generator) -> str:
    words = rng.choice(_corpus_words(), int(rng.integers(4, 9)))
    return f"{' '.join(words).capitalize()}."


def _by_grammar(rng: np.random.Generator) -> str:
    words = f"{_noun_phrase(rng)} {_one(rng, _VERBS)} {_noun_phrase(rng)}"
    if rng.random() < 0.6:
        words += f" {_one(rng, _PLACES)}"
    elif rng.random() < 0.4:
        words = f"{_one(rng, _OPENINGS)} {words}"
    return f"{words[0].upper()}{words[1:]}."


def _noun_phrase(rng: np.random.Generator) -> str:
    described = f"{_one(rng, _ADJECTIVES)} {_one(rng, _NOUNS)}" if rng.random() < 0.5 else _one(rng, _NOUNS)
    determiner = _one(rng, _DETERMINERS)
    if determiner == "a" and described[0] in "aeiou":
        determiner = "an"
    return f"{determiner} {described}"


def _one(rng: np.random.Generator, entries: Sequence[str]) -> str:
    return entries[int(rng.integers(len(entries)))]
