"""The prompts that a variant of a generator is given: those of the run, damaged as the study says."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import fingerprint
from bench.media.clip import probe
from bench.media.clip_file import ClipFile
from bench.run.folder import RunFolder
from bench.run.prompts import StoredPrompt, read_prompt
from bench.run.selection import read_selection
from bench.scoring.pairs import PromptSource
from bench.stress.catalogue import DAMAGES
from bench.sweep import GeneratorChoice
from metrics.base.asked import Asked
from narrator.contract import Prompt, Voice


def given_prompt(run: RunFolder, choice: GeneratorChoice, dataset: str, key: str) -> Prompt:
    """What a generator is asked to narrate for one clip.

    Raises:
        GenerationFailed: the prompt cannot be damaged so.
        WeightsMissing: weights that the damage needs cannot be had.
    """
    prompt = read_prompt(run.prompt(dataset, key))
    if choice.stress is None:
        return prompt
    from bench.stress.damaging import damaged  # filters and codecs, which most runs do without

    return damaged(prompt, choice.stress.damage, choice.stress.strength, lambda: _others(run, dataset, key))


def given_hash(prompt: str, choice: GeneratorChoice) -> str:
    """Hash of what a generator is given, from the hash of the run's own prompt: the rest follows from the damage."""
    return prompt if choice.stress is None else fingerprint.of_json([prompt, choice.stress.model_dump()])


@dataclass(frozen=True)
class StressedText:
    """The prompt of a clip whose text is damaged, to metrics that look at it: other words are asked for."""

    path: Path
    damage: str
    strength: float | None

    def asked(self) -> Asked:
        """See `PromptSource`; raises as `read_prompt`."""
        from bench.stress.damaging import damaged

        prompt = read_prompt(self.path)
        text = damaged(prompt, self.damage, self.strength).text
        return Asked(text, prompt.image, prompt.voice.waveform, prompt.voice.sample_rate)


def asked_for(run: RunFolder, choice: GeneratorChoice, dataset: str, key: str) -> PromptSource:
    """What a clip is held against by metrics that look at prompts.

    Of damaged words these are what is asked for; of a damaged face or voice it is the person, as undamaged.
    """
    path, point = run.prompt(dataset, key), choice.stress
    if point is None or DAMAGES[point.damage].part != "text":
        return StoredPrompt(path)
    return StressedText(path, point.damage, point.strength)


def asked_hash(prompt: str, choice: GeneratorChoice) -> str:
    """Hash of what `asked_for` gives, from the hash of the run's own prompt."""
    point = choice.stress
    return given_hash(prompt, choice) if point is not None and DAMAGES[point.damage].part == "text" else prompt


def frame_sizes(
    run: RunFolder, dataset: str, files: Mapping[str, ClipFile | None]
) -> dict[str, tuple[tuple[int, int], tuple[int, int]]]:
    """By clip key, width and height of the driving image and of what was generated from it."""
    sizes = {}
    for key, file in files.items():
        if file is not None:
            height, width = read_prompt(run.prompt(dataset, key)).image.shape[:2]
            info = probe(file.video)
            sizes[key] = (width, height), (info.width, info.height)
    return sizes


def _others(run: RunFolder, dataset: str, key: str) -> list[Voice]:
    """The voice profiles that the other speakers of the dataset are asked for with, one each, by their clips' keys.

    A clip without a known speaker counts as a speaker of its own.
    """
    clips = {clip.key: clip.sample.speaker for clip in read_selection(run, dataset).clips}
    own = clips[key]
    first: dict[str, str] = {}
    for other, speaker in sorted(clips.items()):
        if other != key and (speaker is None or speaker != own):
            first.setdefault(speaker or f"\0{other}", other)
    prompts = [run.prompt(dataset, other) for other in first.values()]
    return [_voice(path, path.stat().st_mtime_ns) for path in prompts]


@functools.lru_cache(maxsize=64)
def _voice(prompt: Path, _untouched: int) -> Voice:
    return read_prompt(prompt).voice
