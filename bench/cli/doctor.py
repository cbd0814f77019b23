"""`doctor`: whether this machine has what the commands need, and how to mend what it lacks."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
from typing import Any

import typer

from bench import environment
from bench.cli.printing import Json, print_rows
from metrics import weights
from narrator import shipped

_OPTIONAL = {
    "frechet_audio_distance": "pip install 'narrator-bench[fad]' beside torchvision (CLAP, PANNs, EnCodec)",
    "pymcd": "pip install 'narrator-bench[reference]' (parity tests)",
    "torchvggish": "pip install 'narrator-bench[reference]' (parity tests)",
}


def register(app: typer.Typer) -> None:
    """Add this module's command to the command line."""
    app.command("doctor")(doctor)


def doctor(as_json: Json = False) -> None:
    """Check packages, codecs, weights and devices; each row says how to mend what is missing."""
    rows = [*_package_rows(), _encoder_row(), *_weight_rows(), *_generator_rows(), _gpu_row(), _disk_row()]
    print_rows(rows, as_json, title="narrator-bench doctor")
    if any(row["state"] == "broken" for row in rows):
        raise typer.Exit(2)


def _row(what: str, state: str, detail: Any) -> dict[str, Any]:
    return {"what": what, "state": state, "detail": detail}


def _package_rows() -> list[dict[str, Any]]:
    rows = []
    for name, version in environment.package_versions().items():
        lacking = version == "not installed"
        rows.append(_row(name, *(("broken", f"not installed: pip install {name}") if lacking else ("ok", version))))
    for name, mend in _OPTIONAL.items():
        there = importlib.util.find_spec(name) is not None
        rows.append(_row(name, "ok" if there else "absent", "installed" if there else f"optional: {mend}"))
    return rows


def _encoder_row() -> dict[str, Any]:
    import av

    try:
        av.CodecContext.create("libx264", "w")
    except (ValueError, av.FFmpegError) as error:
        return _row("H.264 encoder", "broken", f"PyAV cannot encode H.264 ({error}): reinstall it from a PyPI wheel")
    return _row("H.264 encoder", "ok", f"PyAV {av.__version__}")


def _weight_rows() -> list[dict[str, Any]]:
    told = {
        "verified": ("ok", "here, its hash verified"),
        "fetchable": ("ok", "comes from PyPI at first use"),
        "missing": ("absent", "optional: "),
        "damaged": ("broken", ""),
    }
    rows = []
    for row in weights.status():
        state, detail = told[row.state]
        rows.append(_row(f"weights {row.weights.name}", state, detail + row.problem))
    return rows


def _generator_rows() -> list[dict[str, Any]]:
    """Trained weights of the bundled generator."""
    rows = []
    for preset in shipped.TRAINED:
        what = f"generator narrator-{preset}"
        try:
            card = shipped.check_weights(preset)
            parts = f"; untrained: {', '.join(card.untrained)}" if card.untrained else ""
            parameters = sum(card.parameters.values()) / 1e6
            rows.append(_row(what, "ok", f"trained, {parameters:.1f} million parameters, its hash verified{parts}"))
        except shipped.NotShipped as lacking:
            state = "broken" if shipped.weights_file(preset).is_file() else "absent"
            rows.append(_row(what, state, str(lacking)))
    return rows


def _gpu_row() -> dict[str, Any]:
    found = environment.gpu()
    return _row(
        "GPU", "ok" if found else "absent", found["name"] if found else "none, so that everything runs on the CPU"
    )


def _disk_row() -> dict[str, Any]:
    folder = weights.cache_folder()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 2**30
    return _row("disk for the cache", "ok" if free > 2 else "broken", f"{free:.0f} GiB free at {folder} (2 GiB needed)")
