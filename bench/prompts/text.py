"""The words of a clip: written down beside it, or else recognised."""

from __future__ import annotations

import codecs
import os
from functools import lru_cache
from pathlib import Path

from bench.datasets.dataset import Sample
from bench.files import UnreadableFile, as_text, read_small, refuse_utf16
from bench.media.clip import Decoding
from bench.prompts.recognition import NONE, recognise
from bench.prompts.refusal import NoPrompt
from bench.prompts.rules import PromptRules

TABLE = "transcripts.tsv"
_LONGEST_TEXT = 1 << 20
_LARGEST_TABLE = 1 << 28
"""Bytes."""


def find_text(
    sample: Sample, root: Path, decoding: Decoding, cache: Path, rules: PromptRules | None = None
) -> tuple[str, str]:
    """The words spoken in a clip, spelt by the rules, and where they were found.

    In this order: the dataset's own transcript; `NAME.txt` beside `NAME.mp4`; the row of the sample's key, or of the
    clip's NAME, in ROOT/transcripts.tsv (KEY <tab> text); `texts/NAME.txt` in the root or beside the clip's folder;
    else what the rules' recogniser hears in the part of the clip that is read. A place that holds something that is no
    text is not passed over: other words than those meant would be spoken in silence.

    Raises:
        NoPrompt: the text is empty, or cannot be read as UTF-8; its row in the table is broken; nothing tells it and
            the rules allow no recogniser.
        UserMistake: the recogniser or its weights are not installed.
    """
    rules = rules or PromptRules()
    text, source = written(sample, root) or _recognised(sample.soundtrack, decoding, cache, rules.transcripts)
    text = rules.spelled(text)
    if not text:
        raise NoPrompt(f"no words: the text ({source}) is empty")
    return text, source


def _recognised(soundtrack: Path, decoding: Decoding, cache: Path, recogniser: str) -> tuple[str, str]:
    if recogniser == NONE:
        raise NoPrompt("no words: no transcript is written down, and the protocol allows no recogniser")
    text, engine = recognise(soundtrack, decoding, cache, recogniser)
    return text, f"recognised by {engine}"


def written(sample: Sample, root: Path) -> tuple[str, str] | None:
    """A clip's words, blanks as they are, and where they are written down; None where they are not.

    Raises:
        NoPrompt: they are there and of no use.
    """
    if sample.transcript is not None:
        return sample.transcript, "dataset"
    clip = sample.clip
    name = f"{clip.stem}.txt"
    beside = clip.with_name(name)
    if os.path.lexists(beside):
        return _read(beside, name), name
    if os.path.lexists(root / TABLE):
        rows = _table(root / TABLE)
        for key in (sample.key, clip.stem):
            if key in rows:
                return _row(rows[key]), TABLE
    for folder in (root / "texts", clip.parent.parent / "texts"):
        if os.path.lexists(folder / name):
            return _read(folder / name, f"texts/{name}"), f"texts/{name}"
    return None


def _read(path: Path, name: str) -> str:
    try:
        return as_text(read_small(path, _LONGEST_TEXT))
    except UnreadableFile as error:
        raise NoPrompt(f"no words: {name} cannot be used: {error}") from error


def _table(path: Path) -> dict[str, list[tuple[int, bytes]]]:
    """The numbered lines of the table by the key that they begin with."""
    try:
        return _rows(path, os.stat(path).st_mtime_ns)
    except (OSError, UnreadableFile) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise NoPrompt(f"no words: {TABLE} cannot be used: {reason}") from error


@lru_cache(maxsize=8)
def _rows(path: Path, _untouched: int) -> dict[str, list[tuple[int, bytes]]]:
    content = read_small(path, _LARGEST_TABLE)
    refuse_utf16(content)
    found: dict[str, list[tuple[int, bytes]]] = {}
    for number, line in enumerate(content.removeprefix(codecs.BOM_UTF8).split(b"\n"), start=1):
        # A line without a tab is told from its first word: only that clip, if there is one, must do without.
        key = line.partition(b"\t")[0] if b"\t" in line else line.strip().partition(b" ")[0]
        if line.strip():
            found.setdefault(key.decode(errors="replace").strip(), []).append((number, line))
    return found


def _row(lines: list[tuple[int, bytes]]) -> str:
    """The text of a clip's only line."""
    number, line = lines[0]
    if other := next((n for n, text in lines if text.strip() != line.strip()), None):
        raise NoPrompt(f"no words: {TABLE} tells two texts for it, in lines {number} and {other}")
    if b"\t" not in line:
        raise NoPrompt(f"no words: {TABLE}, line {number}: no tab; a line must be a clip's key, a tab and its text")
    if len(line) > _LONGEST_TEXT:
        raise NoPrompt(f"no words: {TABLE}, line {number}, is longer than {_LONGEST_TEXT >> 10} KiB")
    try:
        return as_text(line.partition(b"\t")[2])
    except UnreadableFile as error:
        raise NoPrompt(f"no words: {TABLE}, line {number}: it is not UTF-8 text; save the table as UTF-8") from error
