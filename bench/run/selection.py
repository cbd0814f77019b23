"""Which clips of a dataset take part in a run, in what words they are asked for, and why the others do not."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from bench import fingerprint, plugins
from bench.datasets.dataset import DatasetIndex, Finding, Sample
from bench.datasets.splits import divide, read_split
from bench.datasets.verify import Needs, check_media
from bench.errors import UserMistake
from bench.files import atomic, read_json, write_json
from bench.media.clip import Decoding, UnreadableClip
from bench.media.clip_file import ClipFile
from bench.media.writing import store_finished
from bench.prompts.prompt import build_prompt
from bench.prompts.refusal import NoPrompt
from bench.prompts.rules import PromptRules
from bench.remote.address import Address
from bench.run.folder import RunFolder
from bench.run.prompts import write_prompt
from bench.study import DatasetChoice, Protocol, SplitChoice, Study
from bench.workers.pool import WorkerPool
from narrator.contract import ReferenceClip

if TYPE_CHECKING:
    from bench.remote.mirror import Mirror

SPARE_CLIPS = 16
"""Usable clips beyond those that take part, for `chance` to draw from."""

QUICK_PROMPTS = 12
"""Up to so many prompts are built before worker processes have started."""

LENDERS = 3
"""Clips of the same speaker that are kept in mind as voice profiles; the first with sound is taken."""


@dataclass(frozen=True)
class SelectedClip:
    """A prompt and its reference clip.

    Attributes:
        played: a copy that browsers can show, relative to the run's folder; None, as the clip is, without a reference.
        missed: what the protocol's rules for prompts would rather have had, see `Provenance`.
    """

    sample: Sample
    played: Path | None
    text: str
    text_source: str
    voice_source: str
    image_source: str = "frame at t = 0"
    missed: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.sample.key

    @property
    def file(self) -> ClipFile | None:
        """The clip to be measured."""
        return clip_file(self.sample) if self.sample.path else None


@dataclass(frozen=True)
class Selection:
    """The part of one dataset that a run uses.

    Attributes:
        dataset: its label.
        root: its folder.
        seed: the study's.
        decoding: how clips are read.
        clips: those that take part, in the order of their keys.
        spare: usable clips that take no part.
        findings: everything else, with reasons.
        notes: sentences on the split that every table must carry.
        references: clips that are no prompt's reference, against which distances between sets are measured.
    """

    dataset: str
    root: Path
    seed: int
    decoding: Decoding
    clips: tuple[SelectedClip, ...]
    spare: tuple[Sample, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    references: tuple[Sample, ...] = ()

    def reference_clips(self) -> list[ReferenceClip]:
        """What a generator may know of the dataset."""
        asked = {clip.key for clip in self.clips}
        samples = [*(clip.sample for clip in self.clips), *self.spare]
        return [
            ReferenceClip(s.key, s.path, s.speaker, clip_file(s).audio, s.key in asked, s.rate)
            for s in samples
            if s.path
        ]


def select(study: Study, choice: DatasetChoice, run: RunFolder, pool: WorkerPool, copies: bool = True) -> None:
    """Draw clips by the study's seed, check them, find their words, and keep the outcome in the run's folder.

    Args:
        copies: whether to keep copies of the reference clips for people to play.

    Raises:
        UserMistake: the dataset's folder is missing or holds no usable clip.
    """
    index, notes = _side(load_index(choice), choice.split)
    decoding, rules = decoding_of(study.protocol), study.protocol.prompt_rules
    needs = Needs(study.protocol.min_seconds, study.protocol.max_seconds)
    queue = sorted(index.samples, key=lambda sample: fingerprint.seed_for(study.seed, choice.name, sample.key))
    wanted = choice.clips or len(queue)
    findings = list(index.findings)
    clips: list[SelectedClip] = []
    while queue and len(clips) < wanted:
        checked = check_media(queue, needs, wanted - len(clips), pool.workers)
        queue = queue[len(checked.usable) + len(checked.findings) :]
        tasks = [
            _PromptTask(
                run, choice.name, index.root, sample, lenders(index, sample), study.seed, decoding, rules, copies
            )
            for sample in checked.usable
        ]
        told = list(pool.spread(_taken_in, tasks, worthwhile=QUICK_PROMPTS))
        clips += [outcome for outcome in told if isinstance(outcome, SelectedClip)]
        findings += [*checked.findings, *(outcome for outcome in told if isinstance(outcome, Finding))]
    if not clips:
        raise UserMistake(f"Dataset '{choice.name}': no clip in {index.root} can be used ({_counts(findings)}).")
    references = check_media(index.references, needs, workers=pool.workers)
    findings += references.findings
    spare = check_media(queue, needs, SPARE_CLIPS, pool.workers).usable if queue else ()
    clips.sort(key=lambda clip: clip.key)
    selection = Selection(
        dataset=choice.name,
        root=index.root,
        seed=study.seed,
        decoding=decoding,
        clips=tuple(clips),
        spare=spare,
        findings=tuple(sorted(findings, key=lambda finding: (finding.reason, finding.subject))),
        notes=notes,
        references=references.usable,
    )
    with atomic(run.selection(choice.name)) as temporary:
        temporary.write_bytes(_ADAPTER.dump_json(selection, indent=1))


def read_selection(run: RunFolder, dataset: str) -> Selection:
    """What `select` kept; read once per process as long as the file stays untouched."""
    path = run.selection(dataset)
    return _read_selection(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=16)
def _read_selection(path: Path, _untouched: int) -> Selection:
    return _ADAPTER.validate_json(path.read_bytes())


def _side(index: DatasetIndex, choice: SplitChoice | None) -> tuple[DatasetIndex, tuple[str, ...]]:
    """The side of a dataset that takes part, with sentences on it; all of it where the study names none."""
    if choice is None:
        return index, ()
    divided = read_split(choice.file, index) if choice.file else divide(index, choice.rule())
    kept = tuple(sample for sample in index.samples if divided.sides.get(sample.key) == choice.side)
    if not kept:
        raise UserMistake(
            f"{index.name}: no clip in {index.root} is on the side '{choice.side}' of the split; "
            "take another side, another seed or larger shares."
        )
    how = f"file {choice.file.name}" if choice.file else f"by {choice.by}, seed {choice.seed}"
    note = f"{index.name}: the side '{choice.side}' ({how}), {len(kept)} of {len(index.samples)} clips."
    said = (f"{warning}." for warning in divided.warnings)
    return replace(index, samples=kept), (note, *said)


def clip_file(sample: Sample) -> ClipFile:
    """The sample as a clip to measure, with its sound where that lies in a file of its own."""
    return ClipFile(sample.clip, None if sample.soundtrack == sample.path else sample.soundtrack, sample.rate)


def load_index(choice: DatasetChoice) -> DatasetIndex:
    """The dataset as it lies on this disk.

    Raises:
        UserMistake: an unknown dataset or option, no root, or not this dataset's folder.
    """
    dataset = plugins.make("dataset", choice.plugin, choice.options)
    root = mirror.root if (mirror := mirror_of(choice)) else choice.root or getattr(dataset, "default_root", None)
    if root is None:
        raise UserMistake(f"Dataset '{choice.name}' has no root: name the folder that holds its clips.")
    index: DatasetIndex = dataset.load(root)
    return index


def mirror_of(choice: DatasetChoice) -> Mirror | None:
    """The mirror of a dataset that lies at an address, brought up to date once per process; None for a local one.

    Raises:
        UserMistake: what lies there cannot be had, or not be kept on a disk.
    """
    if not isinstance(choice.root, Address):
        return None
    from bench.remote.mirror import KINDS, mirrored

    kinds = getattr(plugins.find("dataset", choice.plugin), "reads", KINDS)
    return mirrored(choice.root, frozenset(kinds))


def decoding_of(protocol: Protocol) -> Decoding:
    """The part of the protocol that says how clips are decoded."""
    return Decoding(protocol.fps, protocol.sample_rate, protocol.max_seconds, protocol.reader)


@dataclass(frozen=True)
class _PromptTask:
    run: RunFolder
    dataset: str
    root: Path
    sample: Sample
    lenders: tuple[Sample, ...]
    seed: int
    decoding: Decoding
    rules: PromptRules
    copies: bool


def _taken_in(task: _PromptTask) -> SelectedClip | Finding:
    """Build the clip's prompt and keep it, with a copy of the clip for people to play."""
    sample = task.sample
    index = DatasetIndex(task.dataset, task.root, (sample, *task.lenders), ())
    seed = fingerprint.seed_for(task.seed, task.dataset, sample.key) if sample.seed is None else sample.seed
    played: Path | None = None
    try:
        prompt, source = build_prompt(sample, index, seed, task.decoding, task.run.recognised, task.rules)
        if sample.path and task.copies:
            target = task.run.reference(task.dataset, sample.key)
            played = _played(clip_file(sample), target, task.decoding.max_seconds).relative_to(task.run.root)
    except NoPrompt as reason:
        return Finding(sample.key, "no prompt", str(reason))
    except UnreadableClip as error:
        return Finding(sample.key, "unreadable", error.reason)
    write_prompt(task.run.prompt(task.dataset, sample.key), prompt)
    return SelectedClip(sample, played, prompt.text, source.text, source.voice, source.image, source.missed)


def _played(clip: ClipFile, target: Path, max_seconds: float) -> Path:
    """A copy of the reference that browsers can show; made again where the source or the copy has changed."""
    record = target.with_suffix(".json")
    source = fingerprint.of_json([clip.content(), max_seconds])
    kept = read_json(record) or {}
    played = target.with_name(kept.get("played", target.name))
    if kept.get("source") == source and played.is_file() and fingerprint.of_file(played) == kept.get("checksum"):
        return played
    played = store_finished(clip.video, target, clip.audio, max_seconds, clip.rate).played
    write_json(record, {"source": source, "played": played.name, "checksum": fingerprint.of_file(played)})
    return played


def lenders(index: DatasetIndex, sample: Sample) -> tuple[Sample, ...]:
    """The next clips of the same speaker by key, the first one following the last."""
    clips = index.by_speaker.get(sample.speaker or "", ())
    place = next((i for i, clip in enumerate(clips) if clip.key == sample.key), 0)
    return tuple(clips[(place + step) % len(clips)] for step in range(1, min(LENDERS + 1, len(clips))))


def _counts(findings: Sequence[Finding]) -> str:
    counted = Counter(finding.reason for finding in findings).most_common()
    return ", ".join(f"{reason}: {count}" for reason, count in counted) or "it holds none"


_ADAPTER = TypeAdapter(Selection)
