"""Two folders of clips scored against each other, without a study."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from bench import plugins
from bench.datasets.folder import Folder
from bench.measure import ClipFile, measure_all
from bench.media.clip import Decoding
from bench.scoring import Pairing, cell_score
from bench.selection import clip_file
from bench.study import Choice
from bench.workers import Watch
from metrics.score import Score


def score_folders(
    real: Path,
    generated: Path,
    metrics: tuple[Choice, ...],
    decoding: Decoding,
    workers: int,
    cache: Path | None,
    watch: Watch,
) -> dict[str, Score]:
    """One score for each metric's name.

    Clips with equal names are pairs. Where the names do not match, paired metrics are missing and the others compare
    all generated clips with all real ones.
    """
    for choice in metrics:
        plugins.find("metric", choice.plugin)
    real_clips, real_failed = _clips(real)
    generated_clips, failed = _clips(generated)
    reference = {key: clip.identity(decoding) for key, clip in real_clips.items()}
    candidate = {key: clip.identity(decoding) for key, clip in generated_clips.items()}
    files = {reference[key]: clip for key, clip in real_clips.items()}
    files |= {candidate[key]: clip for key, clip in generated_clips.items()}
    pairs = [(reference[key], identity) for key, identity in candidate.items() if key in reference]
    with contextlib.ExitStack() as stack:
        store = cache or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="narrator-bench-")))
        errors = measure_all(store, decoding, metrics, files, pairs, workers, watch)
        failed |= {f"real/{key}": reason for key, reason in real_failed.items()}
        pairing = Pairing(reference, candidate, failed, errors)
        return {choice.name: cell_score(choice, store, pairing)[1] for choice in metrics}


def _clips(folder: Path) -> tuple[dict[str, ClipFile], dict[str, str]]:
    """A folder's clips by key, and a reason for everything that is no clip; metrics judge the clips themselves."""
    index = Folder().load(folder)
    reasons = {f.subject: f"{f.reason} ({f.detail})" if f.detail else f.reason for f in index.findings}
    return {sample.key: clip_file(sample) for sample in index.samples}, reasons
