"""The results of a run: cells, profiles, clips and findings, gathered from what lies in its folder."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import fingerprint
from bench.choice import Choice
from bench.datasets.dataset import Finding as DatasetFinding
from bench.files import read_json
from bench.media.clip_file import ClipFile
from bench.prompts.image import NO_OPEN_EYES
from bench.run.folder import RunFolder
from bench.run.plan import record_of
from bench.run.prompts import prompt_hash
from bench.run.records import GeneratedClip
from bench.run.selection import SelectedClip, clip_file, read_selection
from bench.run.stress import asked_hash, frame_sizes, given_hash
from bench.scoring.cells import Pairing, Scoring
from bench.stress.claims import claims
from bench.stress.evidence import Evidence, Sizes, changes, points
from bench.study import BOUNDS, Study
from metrics.base.metric import DistributionMetric
from metrics.base.score import Score
from reports.results import Best, Cell, Clip, Finding, Metric, Profile, Results, SweepPoint
from reports.results import Study as StudyRecord

CEILING = "ceiling"


def collect(study: Study, run: RunFolder, scoring: Scoring, identify: Callable[[ClipFile], str]) -> Results:
    """Score every cell and gather all that the report needs."""
    cells: list[Cell] = []
    profiles: list[Profile] = []
    clips: list[Clip] = []
    findings: list[Finding] = []
    columns: dict[str, Metric] = {}
    remarks: dict[str, None] = {}
    untrained: dict[str, str] = {}
    stress = points(study.generators)
    families = {point.family for point in stress.values()}
    sizes: dict[tuple[str, str], Sizes] = {}
    for dataset in study.datasets:
        selection = read_selection(run, dataset.name)
        findings += [_finding(dataset.name, f) for f in selection.findings]
        remarks |= dict.fromkeys((*selection.notes, *_missed(dataset.name, selection.clips)))
        reference = {clip.key: identify(clip.file) for clip in selection.clips if clip.file}
        unreferenced = frozenset(clip.key for clip in selection.clips if not clip.file)
        real = {sample.key: identify(clip_file(sample)) for sample in selection.references}
        instead = fingerprint.of_json(sorted(real.values())) if real else ""  # what such prompts are measured against
        prompts = {clip.key: prompt_hash(run.prompt(dataset.name, clip.key)) for clip in selection.clips}
        for generator in study.generators:
            records = {clip.key: record_of(run, generator.name, dataset.name, clip.key) for clip in selection.clips}
            files = {key: record.clip(_folder(run, generator, dataset.name)) for key, record in records.items()}
            generated = {key: identify(file) for key, file in files.items() if file}
            excused = unreferenced if reference and generator.plugin in BOUNDS else ()  # a bound hands over references
            failed = {
                key: f"not generated: {record.error}"
                for key, record in records.items()
                if record.error and key not in excused
            }
            asked = {key: asked_hash(prompt, generator) for key, prompt in prompts.items()}
            for choice in study.metrics:
                metric, score = scoring.cell(choice, Pairing(reference, generated, failed, asked, unreferenced, real))
                if generator.plugin == CEILING and isinstance(metric, DistributionMetric) and (real or reference):
                    n = len(selection.clips) if real else 0
                    score = _ceiling(scoring.bounds(choice, real or reference, n).ceiling, score)
                columns[choice.name] = Metric(
                    title=metric.title, direction=metric.direction, unit=metric.unit, aligned=metric.aligned
                )
                remarks |= dict.fromkeys([metric.remark] if metric.remark else [])
                cells.append(
                    Cell(
                        dataset=dataset.name,
                        generator=generator.name,
                        metric=choice.name,
                        protocol=study.protocol.label,
                        **dataclasses.asdict(score),
                    )
                )
            if generator.name in families:
                sizes[dataset.name, generator.name] = frame_sizes(run, dataset.name, files)
            untrained |= {} if generator.stress else _untrained(generator.name, records.values())
            costs = {key: read_json(run.cost(generator.name, dataset.name, key)) for key in generated}
            profiles.append(_profile(dataset.name, generator.name, records, costs))
            clips += [
                _clip(
                    run,
                    generator,
                    dataset.name,
                    clip,
                    records[clip.key],
                    given_hash(prompts[clip.key], generator),
                    reference.get(clip.key, instead),
                )
                for clip in selection.clips
            ]
    by_place = {cell.place: cell for cell in cells}
    weighed = [
        Evidence(
            dataset=dataset,
            family=family,
            variants={label: point for label, point in stress.items() if point.family == family},
            columns={choice.plugin: choice.name for choice in reversed(study.metrics)},
            cells=by_place,
            ceiling=next((g.name for g in study.generators if g.plugin == CEILING), ""),
            sizes=found,
        )
        for (dataset, family), found in sizes.items()
    ]
    return Results(
        study=StudyRecord(
            name=study.name,
            seed=study.seed,
            datasets=tuple(dataset.name for dataset in study.datasets),
            generators=tuple(generator.name for generator in study.generators),
            metrics={choice.name: columns[choice.name] for choice in study.metrics},
            plugins={g.name: g.plugin for g in study.generators if g.plugin != g.name},
            sweep={g.name: SweepPoint(family=g.sweep.family, step=g.sweep.step) for g in study.generators if g.sweep},
            best=None if study.best is None else Best(**study.best.model_dump()),
            untrained=tuple(untrained),
            stress=stress,
        ),
        protocol=study.protocol.record(),
        environment=read_json(run.environment) or {},
        cells=tuple(cells),
        profiles=tuple(profiles),
        clips=tuple(clips),
        findings=tuple(findings),
        changes=tuple(changes(stress, cells)),
        claims=tuple(claim for evidence in weighed for claim in claims(evidence)),
        notes=(*study.notes, *remarks, *untrained.values()),
    )


def _folder(run: RunFolder, generator: Choice, dataset: str) -> Path:
    return run.generated(generator.name, dataset, "").parent


def _ceiling(found: Score, itself: Score) -> Score:
    """What other real clips get; in the details, as a check, the distance of the references to themselves."""
    if found.value is None or itself.value is None:
        return found
    return dataclasses.replace(found, details={**found.details, "reference_against_itself": itself.value})


def _profile(
    dataset: str, generator: str, records: Mapping[str, GeneratedClip], costs: Mapping[str, Mapping[str, Any] | None]
) -> Profile:
    timed = {key: cost for key, cost in costs.items() if cost and cost["stages"]}  # a clip that existed costs nothing
    stages: Counter[str] = Counter()
    memory: dict[str, float] = {}
    for cost in timed.values():
        stages.update(cost["stages"])
        memory = {place: max(mib, memory.get(place, 0.0)) for place, mib in cost["peak_memory_mib"].items()}
    seconds = sum(cost["seconds"] for cost in timed.values())
    media_seconds = sum(records[key].media_seconds for key in timed)
    frames = sum(records[key].frames for key in timed)
    return Profile(
        dataset=dataset,
        generator=generator,
        clips=len(costs),
        failed=len(records) - len(costs),
        stages=dict(stages),
        seconds=seconds if timed else None,
        media_seconds=media_seconds,
        frames=frames,
        real_time_factor=seconds / media_seconds if media_seconds else None,
        frames_per_second=frames / seconds if seconds else None,
        peak_memory_mib=memory,
    )


def _clip(
    run: RunFolder,
    generator: Choice,
    dataset: str,
    clip: SelectedClip,
    record: GeneratedClip,
    prompt: str,
    reference_identity: str,
) -> Clip:
    file = _folder(run, generator, dataset) / record.played
    return Clip(
        dataset=dataset,
        generator=generator.name,
        key=clip.key,
        file=None if record.error else file.relative_to(run.root).as_posix(),
        reference=clip.played.as_posix() if clip.played else None,
        prompt=prompt,
        reference_identity=reference_identity,
        text=clip.text,
        text_source=clip.text_source,
        voice_source=clip.voice_source,
        error=record.error,
    )


def _finding(dataset: str, finding: DatasetFinding) -> Finding:
    reason = f"{finding.reason} ({finding.detail})" if finding.detail else finding.reason
    return Finding(dataset=dataset, item=finding.subject, reason=reason)


def _missed(dataset: str, clips: Sequence[SelectedClip]) -> Iterator[str]:
    """A sentence on each thing that the protocol's rules for prompts would rather have had."""
    for reason, count in sorted(Counter(reason for clip in clips for reason in clip.missed).items()):
        instead = (
            "the frame at t = 0 drives" if reason == NO_OPEN_EYES else "the voice is the clip's own second half in"
        )
        yield f"{dataset}: {instead} {count} of the prompts, because {reason}."


def _untrained(generator: str, records: Iterable[GeneratedClip]) -> dict[str, str]:
    """A sentence on a generator whose own description says that its weights, or some of them, were never learnt."""
    for record in records:
        if parts := record.description.get("untrained"):
            return {generator: f"{generator} is untrained: its weights were drawn from a seed ({', '.join(parts)})."}
    return {}
