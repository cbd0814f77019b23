"""Vega, Vega-Lite and Vega-Embed as one script, from the PyPI package vl-convert-python (BSD-3-Clause)."""

from __future__ import annotations

import functools


@functools.cache
def bundle() -> str:
    """The script, about 0.9 MB; it sets `window.vegaEmbed`. Equal versions of the package give equal bytes."""
    import vl_convert  # takes a second, and most commands make no page

    # In a function of its own, so that its many short names are not those of the page.
    return f"(() => {{{_closed(str(vl_convert.javascript_bundle('window.vegaEmbed = vegaEmbed;')))}}})();"


def _closed(script: str) -> str:
    """The script with nothing in it that an HTML parser reads as the end of a script element."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
