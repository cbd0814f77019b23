"""Prompts to time with: every text of a dataset in every voice and face of it, until there are enough."""

from __future__ import annotations

from dataclasses import replace

from bench import fingerprint
from bench.errors import UserMistake
from bench.prompts.prompt import build_prompt
from bench.prompts.refusal import NoPrompt
from bench.run.selection import decoding_of, load_index
from bench.study import DatasetChoice, Protocol
from metrics.weights import cache_folder
from narrator.contract import Prompt

CORPUS = DatasetChoice(name="synthetic", plugin="synthetic", options={"clips": 8})
"""The bundled corpus, as the demo uses it."""
SOURCES = 16
"""Clips of the dataset, at most, whose texts, faces and voices are combined."""


def prompts_of(choice: DatasetChoice, count: int, seed: int) -> tuple[list[Prompt], int]:
    """So many prompts, and how many of them differ in more than their seed.

    Prompt i takes the text of clip i, and face and voice of one that moves on with every pass over the texts: k clips
    make k * k prompts that differ, and only then do they come again, with other seeds.

    Raises:
        UserMistake: the dataset has no clip that makes a prompt.
    """
    index = load_index(choice)
    sources: list[Prompt] = []
    reason = "it holds no clip"
    for sample in index.samples:
        if len(sources) == min(SOURCES, count):
            break
        try:
            sources.append(build_prompt(sample, index, 0, decoding_of(Protocol()), cache_folder() / "recognised")[0])
        except (NoPrompt, ValueError, OSError) as error:
            reason = str(error)
    if not sources:
        raise UserMistake(f"Dataset '{choice.name}': no clip in {index.root} makes a prompt ({reason}).")
    return [combined(sources, i, seed) for i in range(count)], min(count, len(sources) ** 2)


def combined(sources: list[Prompt], number: int, seed: int) -> Prompt:
    """The prompt of one number, see `prompts_of`."""
    turn, place = divmod(number, len(sources))
    text, person = sources[place], sources[(place + turn) % len(sources)]
    key = f"{number:04d}-{text.key}"
    return replace(person, key=key, text=text.text, seed=fingerprint.seed_for(seed, key), name="")
