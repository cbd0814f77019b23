"""Two folders of clips scored against each other, without a study."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench import plugins
from bench.choice import Choice
from bench.datasets.folder import Folder
from bench.media.clip import Decoding
from bench.media.clip_file import ClipFile
from bench.run.selection import clip_file
from bench.scoring.cells import Pairing, bound_pairs, cell_bounds, cell_score
from bench.scoring.measure import measure_all
from bench.workers.pool import WorkerPool
from bench.workers.progress import Progress
from metrics.base.bounds import Bounds
from metrics.base.score import Score


@dataclass(frozen=True)
class BoundedScore:
    """A score and, where they were asked for, the bounds of its scale."""

    score: Score
    bounds: Bounds | None


def score_folders(
    real: Path,
    generated: Path,
    metrics: tuple[Choice, ...],
    decoding: Decoding,
    device: str,
    pool: WorkerPool,
    cache: Path | None,
    progress: Progress,
    bounded: bool = True,
) -> dict[str, BoundedScore]:
    """One score for each metric's name, and its bounds if `bounded`.

    Clips with equal names are pairs. Where the names do not match, paired metrics are missing and the others compare
    all generated clips with all real ones. The bounds are of the same real clips as the score.
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
    compared = {key: reference[key] for key in candidate} if set(candidate) <= set(reference) else reference
    if bounded:
        pairs += bound_pairs(compared)
    with contextlib.ExitStack() as stack:
        store = cache or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="narrator-bench-")))
        stack.enter_context(pool)
        errors = measure_all(store, decoding, metrics, device, files, pairs, pool, progress)
        failed |= {f"real/{key}": reason for key, reason in real_failed.items()}
        pairing = Pairing(reference, candidate, failed, errors)
        return {
            choice.name: BoundedScore(
                cell_score(choice, device, store, pairing)[1],
                cell_bounds(choice, device, store, compared, errors) if bounded else None,
            )
            for choice in metrics
        }


def _clips(folder: Path) -> tuple[dict[str, ClipFile], dict[str, str]]:
    """A folder's clips by key, and a reason for everything that is no clip; metrics judge the clips themselves."""
    index = Folder().load(folder)
    reasons = {f.subject: f"{f.reason} ({f.detail})" if f.detail else f.reason for f in index.findings}
    return {sample.key: clip_file(sample) for sample in index.samples}, reasons
