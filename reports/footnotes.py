"""Footnotes of a table: sentences that differ only in their numbers are one note, and so are equal kinds of failure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

NAMED_CLIPS = 3
"""Clips that a footnote names for each reason; all of them stand in the results file."""

_NUMBER = re.compile(r"(?<![\w.,/+-])\d+(?:\.\d+)?(?![\w/]|\.\d)")
_LISTED = 3
"""Different numbers that a note lists; of more it gives the range."""

Place = tuple[str, tuple[str, ...]]


class Footnotes:
    """Numbers notes in the order of their first use and gathers those that say the same with other numbers.

    >>> notes = Footnotes()
    >>> notes.number("n = 6 is below 50 clips"), notes.number("no sound"), notes.number("n = 8 is below 50 clips")
    (1, 2, 1)
    >>> notes.texts
    ['n = 6 or 8 is below 50 clips', 'no sound']
    """

    def __init__(self) -> None:
        self._sentences: dict[Place, list[str]] = {}
        self._failures: dict[Place, list[Mapping[str, str]]] = {}
        self._order: list[Place] = []

    def number(self, text: str) -> int:
        """The number of the note that says this."""
        place = ("sentence", (same(text),))
        told = self._sentences.setdefault(place, [])
        if text not in told:
            told.append(text)
        return self._placed(place)

    def failures(self, failed: Mapping[str, str]) -> int:
        """The number of the note on clips that were not measured, by key; one note for each set of reasons."""
        place = ("failures", tuple(sorted(set(failed.values()))))
        told = self._failures.setdefault(place, [])
        if failed not in told:
            told.append(failed)
        return self._placed(place)

    @property
    def texts(self) -> list[str]:
        """The notes; number 1 is the first."""
        return [
            _merged(self._sentences[place])
            if place in self._sentences
            else f"Not measured: {_counted(self._failures[place])}"
            for place in self._order
        ]

    @property
    def gathered(self) -> bool:
        """Whether some note stands for several that differ in their numbers."""
        return any(len(told) > 1 for told in self._sentences.values()) or any(
            len(told) > 1 for told in self._failures.values()
        )

    def _placed(self, place: Place) -> int:
        if place not in self._order:
            self._order.append(place)
        return self._order.index(place) + 1


def same(text: str) -> str:
    """What notes have in common that differ in their numbers only."""
    return _NUMBER.sub("#", text)


def counted_reasons(failed: Mapping[str, str]) -> str:
    """Each reason with its count and some of the keys that it befell, the most frequent first."""
    return _counted([failed])


def _merged(texts: Sequence[str]) -> str:
    """One sentence for all: each number where it is the same, else the few that there are, else their range."""
    if len(texts) == 1:
        return texts[0]
    columns = iter(zip(*(_NUMBER.findall(text) for text in texts), strict=True))
    return _NUMBER.sub(lambda _: _together(next(columns)), texts[0])


def _together(numbers: Sequence[str]) -> str:
    """
    >>> _together(["8", "6", "8"]), _together(["4"] * 3), _together(["9", "10", "2.5", "3"])
    ('6 or 8', '4', '2.5 to 10')
    """
    distinct = sorted(set(numbers), key=float)
    if len(distinct) > _LISTED:
        return f"{distinct[0]} to {distinct[-1]}"
    return " or ".join(filter(None, (", ".join(distinct[:-1]), distinct[-1])))


def _counted(told: Sequence[Mapping[str, str]]) -> str:
    """The reasons of several cells: how many clips each befell, the numbers of the cells gathered."""
    clips: dict[str, dict[str, None]] = {}
    counts: dict[str, list[int]] = {}
    for failed in told:
        own: dict[str, int] = {}
        for key, reason in sorted(failed.items()):
            clips.setdefault(reason, {})[key] = None
            own[reason] = own.get(reason, 0) + 1
        for reason, count in own.items():
            counts.setdefault(reason, []).append(count)
    ordered = sorted(clips, key=lambda reason: (-max(counts[reason]), reason))
    return "; ".join(
        f"{_together([str(count) for count in counts[reason]])} x {reason} ({_some(sorted(clips[reason]))})"
        for reason in ordered
    )


def _some(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - NAMED_CLIPS} more" if len(keys) > NAMED_CLIPS else ""
    return ", ".join(keys[:NAMED_CLIPS]) + more
