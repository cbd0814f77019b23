"""A run: select, generate, measure, score, report. Started again it continues; with shards it divides the work."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.files import atomic, read_json, write_json
from bench.media.clip_file import ClipFile
from bench.remote.address import Address
from bench.run.collect import collect
from bench.run.costs import Costs, Ledger
from bench.run.folder import RunFolder
from bench.run.generate import generate, lost
from bench.run.plan import record_of, unfinished
from bench.run.prompts import prompt_hash
from bench.run.selection import clip_file, decoding_of, mirror_of, read_selection, select
from bench.run.stress import asked_for, asked_hash
from bench.run.traces import write_traces
from bench.scoring.cells import Scoring
from bench.scoring.measure import Measured, Measuring, measure_all
from bench.scoring.pairs import Pair, PromptSource
from bench.study import Study
from bench.workers.crew import Crew
from bench.workers.machines import Machine, enter, machines
from bench.workers.pool import WorkerPool
from bench.workers.progress import Progress, Step
from bench.workers.shard import Shard
from bench.workers.threads import single_thread
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
        elsewhere: who generates and measures, where that is not done by processes of this machine.
        measured: what measuring said of itself.
    """

    study: Study
    run: RunFolder
    shard: Shard
    device: str
    progress: Progress
    elsewhere: Callable[[], contextlib.AbstractContextManager[Crew]] | None = None
    measured: Measured = field(default_factory=Measured)

    def work(self) -> None:
        """Do this shard's generating and measuring.

        Raises:
            UserMistake: the study or the folder cannot be used, or another process does the same.
        """
        self.study.check_plugins()
        self.run.create(self.study.name)
        with self.run.locked(self.shard), WorkerPool(self.shard.workers) as pool:
            with atomic(self.run.study) as temporary:
                temporary.write_text(self.study.to_yaml(), encoding="utf-8")
            described = {name: value for name, value in read_json(self.machine.description).items() if name != "host"}
            write_json(self.run.environment, described | {"seed": self.study.seed} | self._mirrored())
            for dataset in self.progress(self.study.datasets, len(self.study.datasets), "select"):
                select(self.study, dataset, self.run, pool)
            tasks = unfinished(self.study, self.run, self.shard, self.machine)
            with self.elsewhere() if self.elsewhere else contextlib.nullcontext(pool) as crew:
                made = crew.spread(generate, tasks, lost=lost, needs=Costs(self.run).of_generating)
                for _ in self.progress(made, len(tasks), "generate", lambda there: Step(failed=not there)):
                    pass
                self._measure(crew)

    def finish(self) -> Results:
        """Score everything that is measured and write the results file."""
        scoring = Scoring(self.measuring, self.measured.errors, self.study.protocol.unequal, self.study.max_failed)
        with single_thread():
            results = collect(self.study, self.run, scoring, self.identify)
        took_part = {"machines": machines(self.run.machines, self.measuring.columns())}
        results = results.model_copy(update={"environment": results.environment | took_part})
        results.write(self.run.results)
        write_traces(self.run, self.measuring, self._played(), self.identify)
        return results

    @functools.cached_property
    def machine(self) -> Machine:
        """The record of this machine."""
        return enter(self.run.machines, self.device)

    @functools.cached_property
    def measuring(self) -> Measuring:
        """How clips are measured."""
        folder, decoding = self.run.measured(self.device), decoding_of(self.study.protocol)
        return Measuring(folder, decoding, self.study.metrics, self.device, traced=True, machine=self.machine)

    def identify(self, clip: ClipFile) -> str:
        """The hash of a clip's content and decoding, read once."""
        if clip not in self._identities:
            self._identities[clip] = clip.identity(self.measuring.decoding)
        return self._identities[clip]

    @functools.cached_property
    def _identities(self) -> dict[ClipFile, str]:
        return {}

    def _mirrored(self) -> dict[str, Any]:
        """Bring the mirrors of remote datasets up to date and keep which objects they hold; nothing without any."""
        remote = [dataset for dataset in self.study.datasets if isinstance(dataset.root, Address)]
        told: dict[str, Any] = {}
        for dataset in self.progress(remote, len(remote), "mirror") if remote else ():
            if mirror := mirror_of(dataset):
                write_json(self.run.source(dataset.name), mirror.record())
                told[dataset.name] = mirror.summary()
        return {"sources": told} if told else {}

    def _played(self) -> dict[str, ClipFile]:
        """Every clip of the run by the file that people play, relative to the run's folder."""
        clips: dict[str, ClipFile] = {}
        for dataset in self.study.datasets:
            for selected in read_selection(self.run, dataset.name).clips:
                if selected.file and selected.played:
                    clips[selected.played.as_posix()] = selected.file
                for generator in self.study.generators:
                    folder = self.run.generated(generator.name, dataset.name, selected.key).parent
                    record = record_of(self.run, generator.name, dataset.name, selected.key)
                    if file := record.clip(folder):
                        clips[(folder / record.played).relative_to(self.run.root).as_posix()] = file
        return clips

    def _measure(self, crew: Crew) -> None:
        clips: dict[str, ClipFile] = {}
        pairs: list[Pair] = []
        prompts: dict[str, PromptSource] = {}
        for dataset in self.study.datasets:
            selection = read_selection(self.run, dataset.name)
            real = [clip_file(sample) for sample in selection.references if self.shard.owns(sample.key)]
            clips |= {self.identify(file): file for file in real}
            for selected in selection.clips:
                if not self.shard.owns(selected.key):
                    continue
                own = prompt_hash(self.run.prompt(dataset.name, selected.key))
                reference = selected.file
                beside = self.identify(reference) if reference else ""
                files: list[ClipFile] = []
                for generator in self.study.generators:
                    folder = self.run.generated(generator.name, dataset.name, selected.key).parent
                    generated = record_of(self.run, generator.name, dataset.name, selected.key).clip(folder)
                    if generated:
                        files.append(generated)
                        prompts[asked := asked_hash(own, generator)] = asked_for(
                            self.run, generator, dataset.name, selected.key
                        )
                        pairs.append(Pair(beside, self.identify(generated), asked))
                clips |= {self.identify(file): file for file in reversed([reference, *files] if reference else files)}
        ledger = Ledger(self.run, self.shard)
        self.measured = measure_all(self.measuring, clips, pairs, crew, self.progress, prompts, ledger.add)
        ledger.note(self.study.metrics, self.device)
        ledger.write()
