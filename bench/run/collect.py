"""The results of a run: cells, profiles, clips and findings, gathered from what lies in its folder."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bench.datasets.dataset import Finding as DatasetFinding
from bench.files import read_json
from bench.media.clip_file import ClipFile
from bench.run.folder import RunFolder
from bench.run.generate import GeneratingTask, generated_clip, read_record
from bench.run.selection import SelectedClip, read_selection
from bench.scoring.cells import Pairing, cell_score
from bench.study import Study
from metrics.base.score import Score
from reports.results import Cell, Clip, Finding, Metric, Profile, Results
from reports.results import Study as StudyRecord

STOI_NOTE = (
    "STOI compares waveforms in time: speech that is not time-aligned with its reference sits at chance level, "
    "whatever it says; read it beside the chance row."
)


def collect(
    study: Study, run: RunFolder, device: str, identify: Callable[[ClipFile], str], errors: Mapping[str, str]
) -> Results:
    """Score every cell and gather all that the report needs."""
    store = run.measured(device)
    cells: list[Cell] = []
    profiles: list[Profile] = []
    clips: list[Clip] = []
    findings: list[Finding] = []
    columns: dict[str, Metric] = {}
    untrained: dict[str, str] = {}
    for dataset in study.datasets:
        selection = read_selection(run, dataset.name)
        findings += [_finding(dataset.name, f) for f in selection.findings]
        reference = {clip.key: identify(clip.file) for clip in selection.clips}
        for generator in study.generators:
            tasks = {clip.key: GeneratingTask(run, generator, dataset.name, clip.key) for clip in selection.clips}
            records = {key: read_record(task) for key, task in tasks.items()}
            generated = {key: identify(clip) for key, task in tasks.items() if (clip := generated_clip(task))}
            failed = {key: f"not generated: {record['error']}" for key, record in records.items() if record["error"]}
            for choice in study.metrics:
                metric, score = cell_score(choice, device, store, Pairing(reference, generated, failed, errors))
                columns[choice.name] = Metric(title=metric.title, direction=metric.direction, unit=metric.unit)
                cells.append(_cell(dataset.name, generator.name, choice.name, score))
            untrained |= _untrained(generator.name, records.values())
            profiles.append(_profile(dataset.name, generator.name, list(records.values())))
            clips += [_clip(run, tasks[clip.key], clip, records[clip.key]) for clip in selection.clips]
    return Results(
        study=StudyRecord(
            name=study.name,
            seed=study.seed,
            datasets=tuple(dataset.name for dataset in study.datasets),
            generators=tuple(generator.name for generator in study.generators),
            metrics={choice.name: columns[choice.name] for choice in study.metrics},
            plugins={g.name: g.plugin for g in study.generators if g.plugin != g.name},
        ),
        protocol=study.protocol.model_dump(mode="json"),
        environment=read_json(run.environment) or {},
        cells=tuple(cells),
        profiles=tuple(profiles),
        clips=tuple(clips),
        findings=tuple(findings),
        notes=(*_notes(study), *untrained.values()),
    )


def _cell(dataset: str, generator: str, metric: str, score: Score) -> Cell:
    return Cell(dataset=dataset, generator=generator, metric=metric, **dataclasses.asdict(score))


def _profile(dataset: str, generator: str, records: Sequence[Mapping[str, Any]]) -> Profile:
    made = [record for record in records if record["error"] is None]
    timed = [record for record in made if record["stages"]]  # clips that existed already cost nothing to make
    stages: Counter[str] = Counter()
    memory: dict[str, float] = {}
    for record in timed:
        stages.update(record["stages"])
        memory = {place: max(mib, memory.get(place, 0.0)) for place, mib in record["peak_memory_mib"].items()}
    seconds, media_seconds = (sum(record[name] for record in timed) for name in ("seconds", "media_seconds"))
    frames = sum(record["frames"] for record in timed)
    return Profile(
        dataset=dataset,
        generator=generator,
        clips=len(made),
        failed=len(records) - len(made),
        stages=dict(stages),
        seconds=seconds if timed else None,
        media_seconds=media_seconds,
        frames=frames,
        real_time_factor=seconds / media_seconds if media_seconds else None,
        frames_per_second=frames / seconds if seconds else None,
        peak_memory_mib=memory,
    )


def _clip(run: RunFolder, task: GeneratingTask, clip: SelectedClip, record: Mapping[str, Any]) -> Clip:
    file = None if record["error"] else task.record.parent / record["played"]
    return Clip(
        dataset=task.dataset,
        generator=task.generator.name,
        key=clip.key,
        file=file and file.relative_to(run.root).as_posix(),
        reference=clip.played.as_posix(),
        text=clip.text,
        text_source=clip.text_source,
        voice_source=clip.voice_source,
        error=record["error"],
    )


def _finding(dataset: str, finding: DatasetFinding) -> Finding:
    reason = f"{finding.reason} ({finding.detail})" if finding.detail else finding.reason
    return Finding(dataset=dataset, item=finding.subject, reason=reason)


def _untrained(generator: str, records: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """A sentence on a generator whose own description says that its weights, or some of them, were never learnt."""
    for record in records:
        if parts := record.get("description", {}).get("untrained"):
            return {generator: f"{generator} is untrained: its weights were drawn from a seed ({', '.join(parts)})."}
    return {}


def _notes(study: Study) -> tuple[str, ...]:
    paired_in_time = any(choice.plugin.startswith(("stoi", "estoi")) for choice in study.metrics)
    return (*study.notes, *((STOI_NOTE,) if paired_in_time else ()))
