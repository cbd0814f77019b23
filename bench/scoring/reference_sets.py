"""Scoring against reference statistics in a file, and making such a file of a folder of real clips."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.choice import Choice
from bench.errors import UserMistake
from bench.media.clip import Decoding
from bench.plugins import built_metric, lacking_weights
from bench.scoring.cells import Pairing, Scoring
from bench.scoring.folders import BoundedScore, FolderRules, FolderScores, identities
from bench.scoring.found import found_clips
from bench.scoring.measure import Measuring, measure_all
from bench.scoring.reference_file import NO_COUNT, ReferenceFile, ReferenceSet, write_reference_file
from bench.scoring.written import WrittenPrompt
from bench.workers.pool import WorkerPool
from bench.workers.progress import Progress
from bench.workers.threads import single_thread
from metrics.base.metric import PairedMetric, Unmeasurable
from metrics.frechet.metric import FrechetMetric


@dataclass(frozen=True)
class MadeStatistics:
    """What came of a folder of real clips.

    Attributes:
        sets: by metric.
        left_out: reason by clip, or by file that is no clip.
    """

    sets: Mapping[str, ReferenceSet]
    left_out: Mapping[str, str]


def make_reference_file(
    folder: Path,
    target: Path,
    metrics: tuple[Choice, ...],
    decoding: Decoding,
    device: str,
    pool: WorkerPool,
    cache: Path | None,
    progress: Progress,
    rate: float | None = None,
) -> MadeStatistics:
    """Measure the clips of a folder and write what the metrics need of them.

    Raises:
        UserMistake: a metric is no Frechet distance, its weights cannot be had, or no clip can be measured by it.
    """
    for choice in metrics:
        metric = built_metric(choice, device)
        if not isinstance(metric, FrechetMetric):
            raise UserMistake(f"{choice.name} is no Frechet distance, so a mean and a covariance do not serve it.")
        if (lacking := lacking_weights(metric)) is not None:
            raise UserMistake(lacking)
    found = found_clips(folder, "real", rate)
    clips = found.clips
    names, unreadable = identities(clips, decoding, "real")
    left_out = found.passed_over | unreadable
    sets: dict[str, ReferenceSet] = {}
    with contextlib.ExitStack() as stack:
        store = cache or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="narrator-bench-")))
        stack.enter_context(pool)
        measuring = Measuring(store, decoding, metrics, device)
        measured = measure_all(measuring, {name: clips[key] for key, name in names.items()}, [], pool, progress)
        stack.enter_context(single_thread())
        scoring = Scoring(measuring, measured.errors)
        for choice in metrics:
            metric = built_metric(choice, device)
            assert isinstance(metric, FrechetMetric)
            usable, failed = scoring.statistics(metric, names)
            left_out |= {f"{choice.name}: {key}": reason for key, reason in failed.items()}
            try:
                moments = metric.moments(usable)
            except (Unmeasurable, ValueError) as error:
                why = next(iter(failed.values()), str(error))
                raise UserMistake(f"{choice.name}: nothing in {folder} can be measured ({why}).") from error
            sets[choice.name] = ReferenceSet(
                moments.mean.cpu().numpy(), moments.scatter.cpu().numpy(), moments.n, len(usable), metric.signature
            )
    write_reference_file(target, decoding, sets)
    return MadeStatistics(sets, left_out)


def score_against_file(
    real: ReferenceFile,
    generated: Path,
    metrics: tuple[Choice, ...],
    decoding: Decoding,
    device: str,
    pool: WorkerPool,
    cache: Path | None,
    progress: Progress,
    rules: FolderRules,
) -> FolderScores:
    """One score for each metric, of a folder's clips against statistics in a file; there are no bounds.

    Raises:
        UserMistake: the file's statistics were made in another way, or the folder holds no clip.
    """
    found_here = found_clips(generated, "generated", rules.rate)
    clips = found_here.clips
    names, unreadable = identities(clips, decoding, "generated")
    told = {key: WrittenPrompt.beside([(found_here.samples.get(key), generated)], decoding) for key in names}
    prompts = {key: prompt.identity for key, prompt in told.items()}
    pairing = Pairing({}, names, unreadable, prompts)
    scores: dict[str, BoundedScore] = {}
    wanted: dict[str, ReferenceSet | None] = {}
    for choice in metrics:
        metric = built_metric(choice, device)
        if (lacking := lacking_weights(metric)) is not None:
            scores[choice.name] = BoundedScore(Scoring.unmade(metric, lacking), None, metric.aligned)
        elif isinstance(metric, PairedMetric) and metric.reference_free:
            wanted[choice.name] = None
        elif isinstance(found := real.of(metric, decoding), str):
            scores[choice.name] = BoundedScore(metric.missing(found), None, metric.aligned)
        else:
            wanted[choice.name] = found
    measured_metrics = tuple(choice for choice in metrics if choice.name in wanted)
    with contextlib.ExitStack() as stack:
        store = cache or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="narrator-bench-")))
        stack.enter_context(pool)
        measuring = Measuring(store, decoding, measured_metrics, device)
        files = {name: clips[key] for key, name in names.items()}
        pairs = [pairing.pair(key) for key in names]
        sources = {prompts[key]: prompt for key, prompt in told.items()}
        measured = measure_all(measuring, files if wanted else {}, pairs, pool, progress, sources)
        stack.enter_context(single_thread())
        scoring = Scoring(measuring, measured.errors, max_failed=rules.max_failed)
        for choice in measured_metrics:
            metric = built_metric(choice, device)
            kept = wanted[choice.name]
            if kept is None:
                score = scoring.score(metric, pairing)
            else:
                assert isinstance(metric, FrechetMetric)
                usable, failed = scoring.statistics(metric, names)
                no_interval = None if kept.vectors else NO_COUNT
                score = metric.score_against(kept.gaussian(metric), usable, failed | unreadable, no_interval)
                score = scoring.limited(score)
            scores[choice.name] = BoundedScore(score, None, metric.aligned)
    ordered = {choice.name: scores[choice.name] for choice in metrics}
    return FolderScores(ordered, found_here.passed_over, measured.damaged)
