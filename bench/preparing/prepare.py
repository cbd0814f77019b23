"""Preparing a whole dataset: killed at any moment and started again, it comes to the same bytes."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.datasets.dataset import DatasetIndex, Finding
from bench.datasets.splits import SplitRule, divide
from bench.datasets.verify import Needs
from bench.errors import UserMistake
from bench.files import atomic
from bench.preparing.folder import PreparedFolder
from bench.preparing.sample import PreparingTask, prepare_sample
from bench.run.selection import decoding_of, lenders
from bench.strict_yaml import write_yaml
from bench.study import DatasetChoice, Protocol
from bench.workers.pool import WorkerPool
from bench.workers.progress import Progress
from metrics.weights import WeightsError

COLUMNS = (
    "key", "split", "speaker", "dataset", "licence", "video", "sound", "text", "image", "voice", "source",
    "source_sha256", "seconds_of_sound", "text_source", "voice_source", "image_source", "video_sha256", "sound_sha256",
    "text_sha256", "image_sha256", "voice_sha256",
)  # fmt: skip


@dataclass(frozen=True)
class Preparation:
    """What became of a dataset.

    Attributes:
        prepared: samples that can be used.
        findings: everything else, with reasons.
        sources: counts by part and where it came from, without what is particular to one clip.
        missed: counts of what the rules would rather have had.
        warnings: sentences on the split.
        forgotten: samples of an earlier preparation that the dataset holds no longer.
    """

    prepared: int
    findings: tuple[Finding, ...]
    sources: Mapping[str, Mapping[str, int]]
    missed: Mapping[str, int]
    warnings: tuple[str, ...]
    forgotten: int


def prepare(
    index: DatasetIndex,
    choice: DatasetChoice,
    folder: Path,
    protocol: Protocol,
    split: SplitRule | None,
    pool: WorkerPool,
    progress: Progress,
) -> Preparation:
    """Prepare every sample of the index in `folder`, which is continued if this was begun there.

    Args:
        choice: the dataset as it was named, kept so that another cannot be mixed in.
        split: how to divide it into train/, dev/ and test/; None leaves all samples in one folder.

    Raises:
        UserMistake: the folder cannot be used, lies in the dataset or holds something else; or see `prepare_sample`.
    """
    folder = folder.absolute()
    _keep_apart(folder, index.root)
    divided = divide(index, split) if split else None
    sides: Mapping[str, str] = divided.sides if divided else {}
    target = PreparedFolder(folder)
    settings = {
        "dataset": choice.model_dump(mode="json", include={"plugin", "options"}),
        "protocol": protocol.record(),
        "split": repr(split) if split else None,
    }
    decoding, needs = decoding_of(protocol), Needs(protocol.min_seconds, protocol.max_seconds)
    samples = [sample for sample in index.samples if divided is None or sample.key in sides]
    tasks = [
        PreparingTask(
            target,
            DatasetIndex(index.name, index.root, (sample, *lenders(index, sample)), ()),
            sample, sides.get(sample.key), decoding, needs, protocol.prompt_rules,
        )
        for sample in samples
    ]  # fmt: skip
    with target.taken(settings, [None, *sides.values()]):
        for done in (target.manifest, target.findings):  # until all is done there is no table of it
            done.unlink(missing_ok=True)
        try:
            made = list(progress(pool.spread(prepare_sample, tasks), len(tasks), "prepare"))
        except WeightsError as error:
            raise UserMistake(str(error)) from error
        forgotten = target.forget_all_but({sample.key for sample in samples})
        findings = [*index.findings, *(each.finding for each in made if each.finding)]
        findings.sort(key=lambda finding: (finding.reason, finding.subject, finding.detail))
        rows = sorted((each.row for each in made if not each.finding), key=lambda row: row["key"])
        with atomic(target.protocol) as temporary:
            temporary.write_text(write_yaml(protocol.model_dump(mode="json")), encoding="utf-8")
        _write(target.findings, ("item", "reason", "detail"), [(f.subject, f.reason, f.detail) for f in findings])
        _write(target.manifest, COLUMNS, [tuple(row[column] for column in COLUMNS) for row in rows])
    return Preparation(
        prepared=len(rows),
        findings=tuple(findings),
        sources={part: _counted(row[f"{part}_source"] for row in rows) for part in ("text", "voice", "image")},
        missed=dict(Counter(reason for each in made for reason in each.missed).most_common()),
        warnings=divided.warnings if divided else (),
        forgotten=forgotten,
    )


def _keep_apart(folder: Path, root: Path) -> None:
    """What is prepared must never be found as part of the dataset."""
    one, other = folder.resolve(), root.resolve()
    if one == other or one.is_relative_to(other):
        raise UserMistake(f"--out {folder} lies in the dataset's own folder {root}: choose one outside of it.")


def _write(path: Path, columns: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    with atomic(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        table.writerows(lines)


def _counted(sources: Iterable[str]) -> dict[str, int]:
    """How often each kind of source was taken: what names one clip or one frame is left out."""
    return dict(Counter(_kind(source) for source in sources).most_common())


def _kind(source: str) -> str:
    if source.startswith("clip "):
        return "another clip of the speaker"
    if source.startswith("frame ") and "with open eyes" in source and "no frame" not in source:
        return "the first frame with open eyes"
    if source.endswith(".txt"):
        return "a text file beside the clip"
    return source.partition(" (not ")[0]
