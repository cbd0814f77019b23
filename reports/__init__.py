"""Turns a results file into tables and a page; never runs a model or a metric.

`render` is imported when it is first used, so that reading results does not wait for pandas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reports.rendering import render

__all__ = ["render"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'reports' has no attribute {name!r}")
    import reports.rendering

    return reports.rendering.render
