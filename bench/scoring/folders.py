"""Two folders of clips scored against each other, without a study."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.choice import Choice
from bench.media.clip import Decoding, UnreadableClip
from bench.media.clip_file import ClipFile
from bench.scoring.cells import Pairing, Scoring, bound_pairs
from bench.scoring.found import found_clips
from bench.scoring.matching import by_name, by_table
from bench.scoring.measure import Measuring, measure_all
from bench.scoring.written import WrittenPrompt
from bench.study import Unequal
from bench.workers.pool import WorkerPool
from bench.workers.progress import Progress
from bench.workers.threads import single_thread
from metrics.base.bounds import Bounds
from metrics.base.score import Score

NO_GENERATED = "no generated clip of this name"


@dataclass(frozen=True)
class FolderRules:
    """What becomes of clips that do not fit together.

    Attributes:
        unequal: of pairs of unequal length.
        max_failed: share of the clips that may lack a score before the score is missing.
        allow_missing: real clips without a generated one of their name are meant, and no failures.
        bounded: whether ceiling and chance are wanted beside each score.
        rate: frames per second of folders of pictures.
        pairs: a table that says which clips belong together.
    """

    unequal: Unequal = "score"
    max_failed: float = 0.1
    allow_missing: bool = False
    bounded: bool = True
    rate: float | None = None
    pairs: Path | None = None


@dataclass(frozen=True)
class BoundedScore:
    """A score and, where they were asked for, the bounds of its scale; `aligned` as the metric says of itself."""

    score: Score
    bounds: Bounds | None
    aligned: bool = False


@dataclass(frozen=True)
class FolderScores:
    """All scores of two folders.

    Attributes:
        scores: by metric.
        passed_over: reason by file for what is no clip; such files are no failures.
        damaged: statistics in the cache that were damaged and measured again.
        matched: how names were matched where they are not equal.
    """

    scores: Mapping[str, BoundedScore]
    passed_over: Mapping[str, str]
    damaged: int
    matched: str = ""


def score_folders(
    real: Path,
    generated: Path,
    metrics: tuple[Choice, ...],
    decoding: Decoding,
    device: str,
    pool: WorkerPool,
    cache: Path | None,
    progress: Progress,
    rules: FolderRules,
) -> FolderScores:
    """One score for each metric.

    Clips with equal names are pairs, or those that `bench.scoring.matching` finds, and a real clip without a generated
    one is a failure. Where no names match at all, paired metrics are missing and the others compare all generated clips
    with all real ones. The bounds are of the same real clips as the score.
    """
    real_found, found = found_clips(real, "real", rules.rate), found_clips(generated, "generated", rules.rate)
    matching = by_name(real_found, found) if rules.pairs is None else by_table(rules.pairs, real_found, found)
    real_clips = {key: clip for key, clip in real_found.clips.items() if matching.real is None or key in matching.real}
    generated_clips = {matching.keys[key]: clip for key, clip in found.clips.items() if key in matching.keys}
    generated_samples = {matching.keys[key]: sample for key, sample in found.samples.items() if key in matching.keys}
    reference, unreadable = identities(real_clips, decoding, "reference")
    candidate, also_unreadable = identities(generated_clips, decoding, "generated")
    files = {name: real_clips[key] for key, name in reference.items()}
    files |= {name: generated_clips[key] for key, name in candidate.items()}
    shared = [key for key in candidate if key in reference]
    compared = {key: reference[key] for key in shared} if len(shared) == len(candidate) else reference
    alone = [key for key in reference if key not in candidate] if shared and not rules.allow_missing else []
    told = {
        key: WrittenPrompt.beside(
            [(real_found.samples.get(key), real), (generated_samples.get(key), generated)], decoding
        )
        for key in {**reference, **candidate}
    }
    prompts = {key: prompt.identity for key, prompt in told.items()}
    failed = dict.fromkeys(alone, NO_GENERATED) | unreadable | also_unreadable
    pairing = Pairing(reference, candidate, failed, prompts)
    pairs = [pairing.pair(key) for key in candidate]
    if rules.bounded:
        pairs += bound_pairs(compared, prompts)
    with contextlib.ExitStack() as stack:
        store = cache or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="narrator-bench-")))
        stack.enter_context(pool)
        measuring = Measuring(store, decoding, metrics, device)
        sources = {prompts[key]: prompt for key, prompt in told.items()}
        measured = measure_all(measuring, files, pairs, pool, progress, sources)
        stack.enter_context(single_thread())
        scoring = Scoring(measuring, measured.errors, rules.unequal, rules.max_failed)
        scores = {}
        for choice in metrics:
            metric, score = scoring.cell(choice, pairing)
            bounds = scoring.bounds(choice, compared, len(candidate), prompts) if rules.bounded else None
            scores[choice.name] = BoundedScore(score, bounds, metric.aligned)
        passed_over = real_found.passed_over | found.passed_over | matching.left_out
        return FolderScores(scores, passed_over, measured.damaged, matching.note)


def identities(clips: Mapping[str, ClipFile], decoding: Decoding, side: str) -> tuple[dict[str, str], dict[str, str]]:
    """Each clip's identity, and the reason for those whose files cannot be read at all."""
    identities: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for key, clip in clips.items():
        try:
            identities[key] = clip.identity(decoding)
        except UnreadableClip as error:
            reasons[key] = f"{side}: {error.reason}"
    return identities, reasons
