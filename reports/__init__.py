"""Turns a results file into tables and a page; never runs a model or a metric.

`render` is imported when it is first used, so that whoever asks for a part of the package waits for that part alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reports.report import render

__all__ = ["render"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'reports' has no attribute {name!r}")
    import reports.report

    return reports.report.render
