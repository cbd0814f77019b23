"""A run: select, generate, measure, score, report. Started again it continues; with shards it divides the work."""

from __future__ import annotations

import functools

import yaml

from bench import environment
from bench.generate import GeneratingTask, generate, generated_clip
from bench.measure import ClipFile, measure_all
from bench.outcome import collect
from bench.run_folder import RunFolder, atomic, write_json
from bench.selection import decoding_of, read_selection, select
from bench.study import Study
from bench.workers import Share, Watch, metrics_device, spread
from reports.results import Results


def work(study: Study, run: RunFolder, share: Share, watch: Watch) -> dict[str, str]:
    """Do this share's generating and measuring. Returns the errors of metrics by statistics file."""
    run.create()
    study.check_plugins()
    with atomic(run.study) as temporary:
        temporary.write_text(yaml.safe_dump(study.model_dump(mode="json"), sort_keys=False), encoding="utf-8")
    write_json(run.environment, environment.fingerprint() | {"seed": study.seed})
    for dataset in watch([*study.datasets], len(study.datasets), "select"):
        select(study, dataset, run, share.workers)
    tasks = [task for task in generating_tasks(study, run) if share.owns(task.key)]
    for _ in watch(spread(generate, tasks, share.workers), len(tasks), "generate"):
        pass
    return _measure(study, run, share, watch)


def finish(study: Study, run: RunFolder, errors: dict[str, str]) -> Results:
    """Score everything that is measured and write the results file."""
    results = collect(study, run, decoding_of(study), errors)
    results.write(run.results)
    return results


def generating_tasks(study: Study, run: RunFolder) -> list[GeneratingTask]:
    """One task for each generator, dataset and clip; a generator's tasks stand together so that it is built once."""
    return [
        GeneratingTask(run, generator, dataset.name, clip.key)
        for generator in study.generators
        for dataset in study.datasets
        for clip in read_selection(run, dataset.name).clips
    ]


def _measure(study: Study, run: RunFolder, share: Share, watch: Watch) -> dict[str, str]:
    decoding = decoding_of(study)
    clips: dict[str, ClipFile] = {}
    pairs: list[tuple[str, str]] = []
    identify = functools.cache(lambda clip: clip.identity(decoding))
    references = {
        (dataset.name, clip.key): clip.file
        for dataset in study.datasets
        for clip in read_selection(run, dataset.name).clips
        if share.owns(clip.key)
    }
    clips |= {identify(reference): reference for reference in references.values()}
    for task in generating_tasks(study, run):
        if share.owns(task.key) and (generated := generated_clip(task)) is not None:
            clips.setdefault(identify(generated), generated)
            pairs.append((identify(references[task.dataset, task.key]), identify(generated)))

    return measure_all(run.measured(metrics_device()), decoding, study.metrics, clips, pairs, share.workers, watch)
