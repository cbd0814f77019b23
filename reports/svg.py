"""Figures as SVG images of stable bytes, whatever settings matplotlib has on this machine."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@contextmanager
def drawing() -> Iterator[None]:
    """Matplotlib's own defaults inside the block, names as plain text; figures are made and written in it."""
    import matplotlib as mpl  # takes a second, and most reports have no figure

    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that the font lacks is drawn by whoever shows the image
        mpl.rcdefaults()
        mpl.rcParams.update({"svg.hashsalt": "narrator-bench", "svg.fonttype": "none", "text.parse_math": False})
        yield


def svg(figure: Figure, cut: bool = False) -> str:
    """The image; equal figures give equal bytes with equal versions of matplotlib.

    Args:
        cut: to what is drawn, which may lie outside of the axes.
    """
    written = io.StringIO()
    figure.savefig(
        written, format="svg", bbox_inches="tight" if cut else None, metadata={"Date": None, "Creator": None}
    )
    return written.getvalue()
