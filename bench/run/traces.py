"""Pictures of each clip's sound, motion and mouth for the gallery of the report, from statistics that are kept."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.files import Damaged, atomic, write_json
from bench.media.clip_file import ClipFile
from bench.plugins import built_metric
from bench.run.folder import RunFolder
from bench.scoring.measure import Measuring
from bench.scoring.store import StatisticsStore, load
from metrics.base.metric import Statistics, Unmeasurable

WIDTH, SPECTRUM, CURVE, GAP = 320, 72, 26, 4
"""Units of the picture: its width, the height of the spectrogram and of each curve, the space between them."""
SCALES = {"motion": 4.0, "opening": 0.3}
"""The values at the top of the curves: levels of brightness, distances between the eyes."""
COLOURS = {"motion": "#c2703d", "opening": "#3f8f8f"}
"""Seen on light and on dark ground."""
Identify = Callable[[ClipFile], str]
_STOPS = np.array(
    [(20, 14, 32), (66, 22, 92), (122, 38, 98), (180, 62, 74), (224, 112, 50), (246, 176, 70), (252, 240, 190)]
)
"""Colours of the spectrogram from silence to full scale."""


def write_traces(run: RunFolder, measuring: Measuring, clips: Mapping[str, ClipFile], identify: Identify) -> None:
    """Write RUN/traces/*.svg, named by the content of the clips, and RUN/traces.json, which says whose each is.

    Args:
        clips: by the file that people play, relative to the run.
    """
    stores = {
        trace.modality: StatisticsStore(measuring.store, trace) for trace in measuring.traces()
    }  # fmt: skip
    mouths = [
        StatisticsStore(measuring.store, metric)
        for choice in measuring.metrics
        if (metric := built_metric(choice, measuring.device)).statistics_kind == "mouth-sync"
    ]
    found: dict[str, str] = {}
    for file, clip in clips.items():
        identity = identify(clip)
        curves = {
            "spectrogram": _kept(stores.get("audio"), identity).get("spectrogram"),
            "motion": _kept(stores.get("video"), identity).get("motion"),
            "opening": next((_kept(store, identity).get("opening") for store in mouths), None),
        }
        drawn = {name: array for name, array in curves.items() if array is not None and array.size}
        if not drawn:
            continue
        path = run.trace(f"{identity}{'-mouth' if 'opening' in drawn else ''}")
        if not path.exists():
            with atomic(path) as temporary:
                temporary.write_text(picture(drawn), encoding="ascii")
        found[file] = path.relative_to(run.root).as_posix()
    if found:
        write_json(run.traces, found)


def picture(drawn: Mapping[str, NDArray[np.generic]]) -> str:
    """An SVG image of a spectrogram, uint8 [48, W], and of curves, [T]; all of them span the whole width."""
    parts, top = [], 0
    if "spectrogram" in drawn:
        parts.append(
            f'<image width="{WIDTH}" height="{SPECTRUM}" preserveAspectRatio="none" '
            f'href="data:image/png;base64,{_png(drawn["spectrogram"])}"/>'
        )
        top = SPECTRUM + GAP
    for name in ("motion", "opening"):
        if name in drawn:
            parts.append(
                f'<polyline fill="none" stroke="{COLOURS[name]}" stroke-width="1.5" stroke-linejoin="round" '
                f'points="{_points(drawn[name], SCALES[name], top)}"/>'
            )
            top += CURVE + GAP
    height = max(1, top - GAP)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}">{"".join(parts)}</svg>\n'
    )


def _points(curve: NDArray[np.generic], scale: float, top: int) -> str:
    values = np.clip(np.nan_to_num(curve.astype(np.float64)) / scale, 0, 1)
    across = np.linspace(0, WIDTH, len(values))
    down = top + 1 + (CURVE - 2) * (1 - values)
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))


def _png(levels: NDArray[np.generic]) -> str:
    image = Image.fromarray(levels.astype(np.uint8), "P")
    places = np.linspace(0, len(_STOPS) - 1, 256)
    palette = [np.interp(places, np.arange(len(_STOPS)), channel) for channel in _STOPS.T]
    image.putpalette(np.round(np.stack(palette, 1)).astype(np.uint8).tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def _kept(store: StatisticsStore | None, identity: str) -> Statistics:
    """What was kept of a clip; nothing where it could not be measured."""
    if store is None:
        return {}
    try:
        return load(store.clip(identity))
    except (Unmeasurable, FileNotFoundError, Damaged):
        return {}
