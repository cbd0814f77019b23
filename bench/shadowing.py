"""Notices when another distribution's `metrics` or `bench` stands in front of ours.

All five room names are also distributions on PyPI, and many generator repositories carry a folder `metrics/`:
whichever comes first on `sys.path` wins without a word.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from bench.errors import UserMistake

ROOMS = ("bench", "metrics", "baselines", "reports", "narrator")


def check_rooms() -> None:
    """Raise if a room would be imported from somewhere other than beside this one.

    Raises:
        UserMistake: names the room, what stands in front of it, and how to mend it.
    """
    home = Path(__file__).resolve().parents[1]
    for room in ROOMS:
        spec = importlib.util.find_spec(room)
        places = list(spec.submodule_search_locations or []) if spec else []
        found = Path(places[0]).resolve().parent if places else None
        if found != home:
            raise UserMistake(
                f"The package '{room}' would be imported from {found or 'nowhere'} instead of {home}: another "
                f"distribution of that name stands in front of narrator-bench; uninstall it or leave its folder."
            )
