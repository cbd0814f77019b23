"""All hostile cases, of every kind."""

from __future__ import annotations

from itertools import chain

from hostile import commands, media, runs, studies, tables, weights

CASES = tuple(chain.from_iterable(kind.cases() for kind in (studies, commands, runs, tables, media, weights)))
