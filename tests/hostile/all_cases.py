"""All hostile cases, of every kind."""

from __future__ import annotations

from itertools import chain

from hostile import archives, commands, continued, gates, media, preparing, prompts, runs, studies, tables, weights

KINDS = (studies, commands, runs, gates, tables, media, weights, archives, continued, prompts, preparing)
CASES = tuple(chain.from_iterable(kind.cases() for kind in KINDS))
