"""Which samples can be measured: every clip that cannot is counted with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from bench.datasets.dataset import DatasetIndex, Finding, Sample
from bench.datasets.soundtracks import WHERE_SOUND_IS_SOUGHT
from bench.media.audio import is_silent, native_waveform
from bench.media.container import UnreadableClip
from bench.media.picture_folder import first_picture, frame_files
from bench.media.probe import probe
from bench.prompts.given import check_given
from bench.prompts.refusal import NoPrompt


@dataclass(frozen=True)
class Needs:
    """What a clip must have to take part.

    Attributes:
        min_seconds: of pictures and of sound.
        max_seconds: the part that is read; only there must sound be heard.
    """

    min_seconds: float = 1.0
    max_seconds: float = 10.0


@dataclass(frozen=True)
class Verification:
    """What became of the samples that were looked at.

    Attributes:
        usable: in the given order.
        findings: one for each sample that is not usable.
    """

    usable: tuple[Sample, ...]
    findings: tuple[Finding, ...]


def unusable(sample: Sample, needs: Needs) -> Finding | None:
    """Why the sample cannot be measured, or None. Reads all packets, decodes one frame and the soundtrack."""

    def because(reason: str, detail: str = "") -> Finding:
        return Finding(sample.key, reason, detail)

    try:
        check_given(sample, needs.max_seconds)
    except NoPrompt as reason:
        return because("no prompt", str(reason))
    if sample.path is None:
        return None
    try:
        frames, duration, has_sound = _length(sample.path, sample.rate)
    except UnreadableClip as error:
        return because("unreadable", error.reason)
    if duration < needs.min_seconds:
        return because("too short", f"{frames} frames, {duration:.2f} s; {needs.min_seconds:g} s are needed")
    if sample.soundtrack == sample.path and not has_sound:
        return because("no audio stream", WHERE_SOUND_IS_SOUGHT)
    try:
        waveform, rate = native_waveform(sample.soundtrack, needs.max_seconds)
    except UnreadableClip as error:
        return because("unreadable soundtrack", error.reason)
    if is_silent(waveform):
        return because("silent soundtrack")
    if len(waveform) < needs.min_seconds * rate:
        return because("too short", f"{len(waveform) / rate:.2f} s of sound; {needs.min_seconds:g} s are needed")
    return None


def _length(clip: Path, rate: float | None) -> tuple[int, float, bool]:
    """How many frames a clip has, how many seconds they last, and whether it has sound in itself."""
    if rate is None:
        info = probe(clip)
        return info.frames, info.duration, info.audio_codec is not None
    first_picture(clip)
    frames = len(frame_files(clip))
    return frames, frames / rate, False


def check_media(
    samples: Iterable[Sample], needs: Needs | None = None, limit: int | None = None, workers: int = 1
) -> Verification:
    """Look at the samples in order until `limit` usable ones are found; the rest is never opened.

    Args:
        workers: threads; decoding runs outside Python's lock. The result does not depend on it.
    """
    needs = needs or Needs()
    usable: list[Sample] = []
    findings: list[Finding] = []
    queue = iter(samples)
    with ThreadPoolExecutor(workers) as pool:
        while limit is None or len(usable) < limit:
            missing = 256 if limit is None else limit - len(usable)
            batch = list(islice(queue, min(missing, 256)))
            if not batch:
                break
            for sample, finding in zip(batch, pool.map(lambda s: unusable(s, needs), batch), strict=True):
                if finding is None:
                    usable.append(sample)
                else:
                    findings.append(finding)
    return Verification(tuple(usable), tuple(findings))


@dataclass(frozen=True)
class DatasetReport:
    """What `data verify` shows of a dataset.

    Attributes:
        dataset: its name.
        usable: clips that can be measured.
        speakers: known ones among these.
        findings: everything that is no sample or cannot be measured.
    """

    dataset: str
    usable: int
    speakers: int
    findings: tuple[Finding, ...]

    def counts(self) -> dict[str, int]:
        """Findings by reason, most frequent first."""
        return dict(Counter(finding.reason for finding in self.findings).most_common())

    def as_json(self) -> dict[str, Any]:
        """JSON values of all this."""
        return {**asdict(self), "counts": self.counts()}


def verify(
    index: DatasetIndex, needs: Needs | None = None, limit: int | None = None, workers: int = 1
) -> DatasetReport:
    """Check the media of an index and put its own findings and those of its media together."""
    checked = check_media(index.samples, needs, limit, workers)
    speakers = {sample.speaker for sample in checked.usable if sample.speaker}
    return DatasetReport(index.name, len(checked.usable), len(speakers), index.findings + checked.findings)
