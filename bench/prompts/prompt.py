"""One prompt from one sample: its words, its first frame, and a voice profile of the same person."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.datasets.dataset import DatasetIndex, Sample
from bench.media.clip import Decoding, first_frame
from bench.prompts.rules import PromptRules
from bench.prompts.text import find_text
from bench.prompts.voice import find_voice
from narrator.contract import Prompt


@dataclass(frozen=True)
class Provenance:
    """Where the parts of a prompt come from, for the record of the run.

    Attributes:
        text: for example "transcripts.tsv" or "recognised by pocketsphinx 5.1.1, en-us".
        voice: for example "clip id00061-cAT9aR8oFx0-00373" or "second half of the clip".
        image: which frame.
    """

    text: str
    voice: str
    image: str


def build_prompt(
    sample: Sample,
    index: DatasetIndex,
    seed: int,
    decoding: Decoding,
    cache: Path,
    rules: PromptRules | None = None,
) -> tuple[Prompt, Provenance]:
    """Ask for what the reference clip shows: the same words, from the same face, in the same voice.

    Text: see `find_text`. Voice profile: see `find_voice`. Driving image: the frame at t = 0, at its own size, as in
    the paper's scripts.

    Args:
        sample: the reference clip.
        index: the dataset; its other clips of the same speaker may lend their voice.
        seed: handed on to the generator.
        decoding: only the part of clips that it reads is used.
        cache: folder in which recognised texts are kept.
        rules: where words come from and how they are spelt; the defaults unless told.

    Raises:
        NoPrompt: no words, or no voice; the message is the reason that counts the clip as skipped.
        UnreadableClip: the sample cannot be decoded.
    """
    text, text_source = find_text(sample, index.root, decoding, cache, rules)
    voice, voice_source = find_voice(sample, index, decoding)
    prompt = Prompt(sample.key, text, first_frame(sample.path), voice, seed, name=sample.path.stem)
    return prompt, Provenance(text=text_source, voice=voice_source, image="frame at t = 0")
