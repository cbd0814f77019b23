"""From a plan to its findings; whatever is done in the folder stays done."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from bench.ablating.findings import Findings, found
from bench.ablating.page import markdown
from bench.ablating.plan import Ablation
from bench.errors import UserMistake, shown
from bench.run.execute import Execution
from bench.run.folder import RunFolder
from bench.training import face_weights
from bench.workers.device import metrics_device
from bench.workers.progress import Progress
from bench.workers.shard import Shard
from metrics.base.hints import nearest
from narrator.training.course import run_training
from reports import render
from reports.writing import write


def train_variants(
    ablation: Ablation, shared: Path, out: Path, workers: int, tell: Callable[[str], None], only: Collection[str] = ()
) -> dict[str, Path]:
    """The checkpoint of each training by its label; those that are done are read.

    Args:
        ablation: what to do.
        shared: folder of the training that all variants share; stages that are not done there are trained first.
        out: receives `variants/LABEL/`, with a checkpoint each.
        workers: processes that make clips.
        tell: told a line for each row of a training's log.
        only: labels, or names of variants, to which the trainings are limited; all if there are none.

    Raises:
        TrainingError: a stage cannot be trained.
        UserMistake: `only` names what the plan does not have.
    """
    known = {name for one in ablation.trainings for name in (one.label, one.variant)}
    for name in only:
        if name not in known:
            raise UserMistake(f"The ablation has no training '{shown(name)}'.{nearest(name, sorted(known))}")
    ablation.training.prepare(workers)
    weight_paths, perceptual = face_weights(), ablation.training.perceptual()
    checkpoints: dict[str, Path] = {}
    for place, one in enumerate(ablation.trainings, 1):
        if only and not {one.label, one.variant} & set(only):
            continue
        before = f"{place}/{len(ablation.trainings)} {one.label}"

        def told(stage: str, done: int, steps: int, losses: dict[str, float], before: str = before) -> None:
            tell(f"{before}: {stage} {done}/{steps}: " + ", ".join(f"{n} {v:.4g}" for n, v in losses.items()))

        own = out / "variants" / one.label
        checkpoint = run_training(one.study, shared, told, weight_paths, perceptual, last=own).checkpoint
        assert checkpoint is not None  # as all stages are trained
        checkpoints[one.label] = checkpoint
    return checkpoints


def carry_out(
    ablation: Ablation, shared: Path, out: Path, workers: int, tell: Callable[[str], None], progress: Progress
) -> tuple[Findings, Path]:
    """Train every variant, narrate with all, measure and judge.

    Args:
        ablation, shared, workers, tell: see `train_variants`.
        out: receives what `train_variants` puts there, the run of the study in `run/`, and the findings as
            `findings.json` and `findings.md`.
        progress: shows how far the run is.

    Returns:
        What was found, and its page.

    Raises:
        TrainingError: a stage cannot be trained.
        UserMistake: the study or the folder cannot be used.
    """
    study = ablation.study(train_variants(ablation, shared, out, workers, tell))
    run = RunFolder(out / "run")
    execution = Execution(study, run, Shard(workers), metrics_device(""), progress)
    execution.work()
    results = execution.finish()
    render(run.root)
    plugins = {metric.name: metric.plugin for metric in study.metrics}
    findings = found(results, ablation.trainings, plugins, ablation.plan.seeds)
    page = out / "findings.md"
    write(page.with_suffix(".json"), findings.model_dump_json(indent=1) + "\n")
    write(page, markdown(findings))
    return findings, page
