"""All hostile cases, of every kind."""

from __future__ import annotations

from itertools import chain

from hostile import commands, continued, gates, media, runs, studies, tables, weights

KINDS = (studies, commands, runs, gates, tables, media, weights, continued)
CASES = tuple(chain.from_iterable(kind.cases() for kind in KINDS))
