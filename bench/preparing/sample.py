"""Preparing one sample: checked, cut, and kept with its text, image and voice; or the reason why not."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image
from pydantic import TypeAdapter, ValidationError

from bench import fingerprint
from bench.datasets.dataset import NO_REFERENCE, DatasetIndex, Finding, Sample
from bench.datasets.verify import Needs, unusable
from bench.files import atomic
from bench.media.audio import native_waveform
from bench.media.clip import Decoding, UnreadableClip
from bench.media.clip_file import ClipFile
from bench.media.picture_folder import frame_files
from bench.media.writing import write_clip, write_wav
from bench.preparing.folder import PreparedFolder
from bench.prompts.prompt import Provenance, build_prompt
from bench.prompts.refusal import NoPrompt
from bench.prompts.rules import PromptRules
from bench.prompts.text import TABLE
from metrics.base.source_hash import source_hash
from metrics.weights import cache_folder, digest
from narrator.contract import Prompt

CRF = 10
"""x264's constant rate factor of prepared clips; references must not be blurred before they are compared with."""


@dataclass(frozen=True)
class PreparingTask:
    """One sample to prepare.

    Attributes:
        folder: where to.
        index: the dataset's name and root, the sample and the clips that may lend it their voice.
        sample: what to prepare.
        split: its side, where the dataset is divided.
        decoding, needs, rules: the protocol's parts for clips, for what they must have, and for prompts.
    """

    folder: PreparedFolder
    index: DatasetIndex
    sample: Sample
    split: str | None
    decoding: Decoding
    needs: Needs
    rules: PromptRules


@dataclass(frozen=True)
class PreparedSample:
    """What became of a sample; equal for equal input, whatever was done before.

    Attributes:
        identity: hash of all that it depends on.
        finding: why there is none; None if there is one.
        row: of the manifest.
        missed: what the rules would rather have had.
        files: sha256 by path relative to the folder.
    """

    identity: str
    finding: Finding | None = None
    row: Mapping[str, str] = field(default_factory=dict)
    missed: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


def prepare_sample(task: PreparingTask) -> PreparedSample:
    """Prepare one sample and keep what came of it, the record last; what is done already is left alone.

    Raises:
        UserMistake: the recogniser, or weights that the rules need, cannot be had.
    """
    identity, place = _identity(task), task.folder.record(task.sample.key)
    if (kept := _read(place)) and kept.identity == identity and _intact(task.folder.root, kept):
        return kept
    place.unlink(missing_ok=True)
    files = task.folder.files(task.split, task.sample.key)
    _remove(files)
    made = _made(task, identity, files)
    if made.finding:
        _remove(files)
    with atomic(place) as temporary:
        temporary.write_bytes(_ADAPTER.dump_json(made, indent=1) + b"\n")
    return made


def _made(task: PreparingTask, identity: str, files: Mapping[str, Path]) -> PreparedSample:
    sample = task.sample
    if sample.path is None:
        return PreparedSample(identity, Finding(sample.key, NO_REFERENCE))
    if finding := unusable(sample, task.needs):
        return PreparedSample(identity, finding)
    try:
        prompt, source = build_prompt(sample, task.index, 0, task.decoding, cache_folder() / "recognised", task.rules)
        sound, rate = native_waveform(sample.soundtrack, task.decoding.max_seconds)
        write_clip(
            files["video"],
            ClipFile(sample.path, None, sample.rate).frames(task.decoding),
            task.decoding.fps or 25.0,
            sound,
            rate,
            crf=CRF,
        )
    except NoPrompt as reason:
        return PreparedSample(identity, Finding(sample.key, "no prompt", str(reason)))
    except UnreadableClip as error:
        return PreparedSample(identity, Finding(sample.key, "unreadable", error.reason))
    with atomic(files["text"]) as temporary:
        temporary.write_bytes(f"{prompt.text}\n".encode())
    with atomic(files["image"]) as temporary:
        Image.fromarray(prompt.image).save(temporary, format="JPEG", quality=95, subsampling=0)
    write_wav(files["voice"], prompt.voice.waveform, prompt.voice.sample_rate)
    sums = {path.relative_to(task.folder.root).as_posix(): digest(path) for path in files.values()}
    seconds = len(sound) / rate
    return PreparedSample(identity, None, _row(task, prompt, source, seconds, sums, files), source.missed, sums)


def _row(
    task: PreparingTask,
    prompt: Prompt,
    source: Provenance,
    seconds: float,
    sums: Mapping[str, str],
    files: Mapping[str, Path],
) -> dict[str, str]:
    """One line of the manifest; where the sample came from is told relative to the dataset's root."""
    sample = task.sample
    places = {part: path.relative_to(task.folder.root).as_posix() for part, path in files.items()}
    return {
        "key": sample.key,
        "split": task.split or "",
        "speaker": sample.speaker or "",
        "dataset": task.index.name,
        "licence": sample.licence,
        **places,
        "source": _within(sample.clip, task.index.root),
        "source_sha256": _digest(sample.clip),
        "seconds_of_sound": f"{seconds:.3f}",
        "text_source": source.text,
        "voice_source": source.voice,
        "image_source": source.image,
        **{f"{part}_sha256": sums[place] for part, place in places.items()},
    }


def _digest(path: Path) -> str:
    """sha256 of a file; of a folder of pictures that of the list of their hashes."""
    return fingerprint.of_json([digest(file) for file in frame_files(path)]) if path.is_dir() else digest(path)


def _within(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _identity(task: PreparingTask) -> str:
    """Hash of all that a prepared sample depends on; "" where a file cannot be read, which preparing then tells."""
    sample, index = task.sample, task.index
    if sample.path is None:
        return ""
    lenders = [(other.key, other.soundtrack) for other in index.samples if other.path]
    named = (sample.metadata.get("voice_profile"), sample.image, sample.voice)
    kept = [Path(path) for path in named if path]
    name = f"{sample.clip.stem}.txt"
    texts = [sample.clip.with_name(name), index.root / TABLE, index.root / "texts" / name,
             sample.clip.parent.parent / "texts" / name]  # fmt: skip
    try:
        content: list[Any] = [
            [sample.key, sample.speaker, sample.licence, sample.transcript, task.split],
            [_digest(sample.clip), _digest(sample.soundtrack), sample.rate],
            [(key, _digest(path)) for key, path in lenders],
            [fingerprint.of_file(path) if path.is_file() else os.path.lexists(path) for path in (*kept, *texts)],
            [repr(task.decoding), repr(task.needs), repr(task.rules), CRF],
            [source_hash("bench.media"), source_hash("bench.prompts"), source_hash("bench.preparing")],
        ]
    except OSError:
        return ""
    return fingerprint.of_json(content)


def _read(place: Path) -> PreparedSample | None:
    try:
        return _ADAPTER.validate_json(place.read_bytes())
    except (OSError, ValidationError):
        return None


def _intact(root: Path, kept: PreparedSample) -> bool:
    try:
        return bool(kept.identity) and all(digest(root / name) == known for name, known in kept.files.items())
    except OSError:
        return False


def _remove(files: Mapping[str, Path]) -> None:
    for path in files.values():
        path.unlink(missing_ok=True)


_ADAPTER = TypeAdapter(PreparedSample)
