"""From samples as an adapter finds them to an index: no copies, each with a key of its own and its sound."""

from __future__ import annotations

import filecmp
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from bench.datasets.dataset import DatasetIndex, Finding, Sample
from bench.datasets.keys import safe_keys
from bench.datasets.soundtracks import Soundtracks
from bench.datasets.tree import Tree, printable
from bench.errors import UserMistake

_ARCHIVE = re.compile(r".*\.(zip|tar|tgz|tar\.gz|z\d\d|part\d+|zip\d+|part[a-z]{2})$|.*_part[a-z]{2}$")


def indexed(
    dataset: str, tree: Tree, samples: Iterable[Sample], findings: list[Finding], expected: str
) -> DatasetIndex:
    """The index of the samples, whose `key` is still the dataset's own name for the clip.

    Of several clips with one name those whose content is equal are copies: the first in path order is the sample, the
    others are findings. Different clips with one name are samples with keys of their own.

    Args:
        expected: what clips of this dataset look like, for the message where there are none.

    Raises:
        UserMistake: no sample at all.
    """
    findings = [*tree.findings, *findings]
    kept, copies = _without_copies(_with_sound(tree, samples), tree)
    findings += copies
    if not kept:
        raise UserMistake(f"{dataset}: {tree.root} holds no {expected}{_instead(tree, findings, dataset)}")
    kept, disputed = _without_disputed_sound(kept)
    findings += disputed
    keys = safe_keys([s.key for s in kept], [s.clip.relative_to(tree.root).as_posix() for s in kept])
    keyed = [replace(sample, key=key) for sample, key in zip(kept, keys, strict=True)]
    return DatasetIndex(dataset, tree.root, tuple(sorted(keyed, key=lambda s: s.key)), tuple(findings))


def _with_sound(tree: Tree, samples: Iterable[Sample]) -> list[Sample]:
    soundtracks = Soundtracks(tree.root)
    return [replace(sample, audio=soundtracks.of(sample.clip) or sample.audio) for sample in samples]


def _without_disputed_sound(samples: list[Sample]) -> tuple[list[Sample], list[Finding]]:
    """No clip takes a sound from another folder that would as well be another clip's."""
    apart = Counter(s.audio for s in samples if s.audio and s.audio.parent != s.clip.parent)
    disputed = {sound for sound, claims in apart.items() if claims > 1}
    findings = [Finding(printable(sound.name), "a sound file that several clips could claim") for sound in disputed]
    return [replace(s, audio=None) if s.audio in disputed else s for s in samples], sorted(findings, key=str)


def _without_copies(samples: list[Sample], tree: Tree) -> tuple[list[Sample], list[Finding]]:
    kept: dict[str, list[Sample]] = {}
    copies: list[Finding] = []
    for sample in samples:
        namesakes = kept.setdefault(sample.key, [])
        if first := next((other for other in namesakes if _equal(sample, other)), None):
            where = f"the first is {tree.relative(first.clip)}"
            copies.append(Finding(tree.relative(sample.clip), "a second copy of a clip", where))
        else:
            namesakes.append(sample)
    return [sample for namesakes in kept.values() for sample in namesakes], copies


def _equal(one: Sample, other: Sample) -> bool:
    """Whether pictures and, where both have files of their own for it, sound are the same to the last byte."""
    try:
        return filecmp.cmp(one.clip, other.clip, shallow=False) and not (
            one.audio and other.audio and not filecmp.cmp(one.audio, other.audio, shallow=False)
        )
    except OSError:  # one cannot be read: checking it says why
        return False


def _instead(tree: Tree, findings: list[Finding], dataset: str) -> str:
    """What the folder seems to hold, to end the sentence that says what it lacks."""
    archives = sorted(printable(name) for name in tree.files if _ARCHIVE.fullmatch(name))
    other = looks_like(tree)
    if other and other != dataset:
        return f"; it looks like a folder of the dataset '{other}'."
    if archives:
        return f"; unpack the archives in it first ({', '.join(archives[:3])}{', …' if len(archives) > 3 else ''})."
    if findings:
        return f"; {len(findings)} files were passed over, the first being {findings[0].subject}: {findings[0].reason}."
    return "; no video file lies below it." if not tree.clips else "."


def looks_like(tree: Tree) -> str | None:
    """The name of the adapter that the folder's file names speak for."""
    folders = {part for clip in tree.clips[:1000] for part in tree.parts(clip)}
    if "meta_data.csv" in tree.files or any(re.fullmatch(r"(Real|Fake)Video-(Real|Fake)Audio", f) for f in folders):
        return "fakeavceleb"
    if "celebvhq_info.json" in tree.files or "35666" in folders:
        return "celebvhq"
    if any(name.endswith("_annotion_time.txt") for name in tree.files) or "HDTF-RGB-512" in folders:
        return "hdtf"
    if "vox2_meta.csv" in tree.files or any(re.fullmatch(r"id\d{5}", folder) for folder in folders):
        return "voxceleb"
    return "folder" if tree.clips else None
