"""A run: select, generate, measure, score, report. Started again it continues; with shards it divides the work."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import yaml

from bench import environment
from bench.files import atomic, write_json
from bench.media.clip import Decoding
from bench.media.clip_file import ClipFile
from bench.run.collect import collect
from bench.run.folder import RunFolder
from bench.run.generate import GeneratingTask, generate, generated_clip
from bench.run.selection import decoding_of, read_selection, select
from bench.scoring.measure import measure_all
from bench.study import Study
from bench.workers.pool import WorkerPool
from bench.workers.progress import Progress
from bench.workers.shard import Shard
from reports.results import Results


@dataclass
class Execution:
    """What one process does of a run.

    Attributes:
        study: what is asked for.
        run: where everything lies.
        shard: the part of the clips that this process generates and measures.
        device: where the metrics' networks run.
        progress: shows how far it is.
        errors: errors of metrics by statistics file, which are not kept on disk.
    """

    study: Study
    run: RunFolder
    shard: Shard
    device: str
    progress: Progress
    errors: dict[str, str] = field(default_factory=dict)

    def work(self) -> None:
        """Do this shard's generating and measuring."""
        self.run.create()
        self.study.check_plugins()
        with atomic(self.run.study) as temporary:
            content = yaml.safe_dump(self.study.model_dump(mode="json"), sort_keys=False)
            temporary.write_text(content, encoding="utf-8")
        write_json(self.run.environment, environment.describe(self.device) | {"seed": self.study.seed})
        with WorkerPool(self.shard.workers) as pool:
            for dataset in self.progress(self.study.datasets, len(self.study.datasets), "select"):
                select(self.study, dataset, self.run, pool)
            tasks = [task for task in self._generating_tasks() if self.shard.owns(task.key)]
            for _ in self.progress(pool.spread(generate, tasks), len(tasks), "generate"):
                pass
            self._measure(pool)

    def finish(self) -> Results:
        """Score everything that is measured and write the results file."""
        results = collect(self.study, self.run, self.device, self.identify, self.errors)
        results.write(self.run.results)
        return results

    @functools.cached_property
    def decoding(self) -> Decoding:
        """How clips are read."""
        return decoding_of(self.study)

    def identify(self, clip: ClipFile) -> str:
        """The hash of a clip's content and decoding, read once."""
        if clip not in self._identities:
            self._identities[clip] = clip.identity(self.decoding)
        return self._identities[clip]

    @functools.cached_property
    def _identities(self) -> dict[ClipFile, str]:
        return {}

    def _generating_tasks(self) -> list[GeneratingTask]:
        """One task a generator, dataset and clip; a generator's tasks stand together so that it is built once."""
        return [
            GeneratingTask(self.run, generator, dataset.name, clip.key)
            for generator in self.study.generators
            for dataset in self.study.datasets
            for clip in read_selection(self.run, dataset.name).clips
        ]

    def _measure(self, pool: WorkerPool) -> None:
        references = {
            (dataset.name, clip.key): clip.file
            for dataset in self.study.datasets
            for clip in read_selection(self.run, dataset.name).clips
            if self.shard.owns(clip.key)
        }
        clips = {self.identify(reference): reference for reference in references.values()}
        pairs: list[tuple[str, str]] = []
        for task in self._generating_tasks():
            if self.shard.owns(task.key) and (generated := generated_clip(task)) is not None:
                clips.setdefault(self.identify(generated), generated)
                pairs.append((self.identify(references[task.dataset, task.key]), self.identify(generated)))
        store, metrics = self.run.measured(self.device), self.study.metrics
        self.errors |= measure_all(store, self.decoding, metrics, self.device, clips, pairs, pool, self.progress)
