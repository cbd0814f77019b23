"""One prompt from one sample: its words, a picture of the face, and a voice profile of the same person."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.datasets.dataset import DatasetIndex, Sample
from bench.media.clip import Decoding
from bench.prompts.given import image_of, voice_of
from bench.prompts.image import NO_OPEN_EYES, find_image
from bench.prompts.rules import PromptRules
from bench.prompts.text import find_text
from bench.prompts.voice import find_voice, not_another_clip
from narrator.contract import Prompt


@dataclass(frozen=True)
class Provenance:
    """Where the parts of a prompt come from, for the record of the run.

    Attributes:
        text: for example "transcripts.tsv" or "recognised by pocketsphinx 5.1.1, en-us".
        voice: for example "clip id00061-cAT9aR8oFx0-00373" or "second half of the clip".
        image: which frame, or which file.
        missed: what a rule would rather have had and did not find, one reason each.
    """

    text: str
    voice: str
    image: str
    missed: tuple[str, ...] = ()


def build_prompt(
    sample: Sample,
    index: DatasetIndex,
    seed: int,
    decoding: Decoding,
    cache: Path,
    rules: PromptRules | None = None,
) -> tuple[Prompt, Provenance]:
    """Ask for what the reference clip shows: the same words, from the same face, in the same voice.

    Text: see `find_text`. Voice profile: see `find_voice`. Driving image: see `find_image`; unless the rules say
    otherwise the frame at t = 0, at its own size, as in the paper's scripts. An image or a voice that the sample names
    in a file of its own is taken instead, and nothing else where that cannot be used.

    Args:
        sample: the reference clip, or a prompt of the user's own.
        index: the dataset; its other clips of the same speaker may lend their voice.
        seed: handed on to the generator.
        decoding: only the part of clips that it reads is used.
        cache: folder in which recognised texts are kept.
        rules: where words, voice and image come from; the defaults if left out.

    Raises:
        NoPrompt: no words, or no voice; the message is the reason that counts the clip as skipped.
        UnreadableClip: the sample cannot be decoded.
    """
    rules = rules or PromptRules()
    text, text_source = find_text(sample, index.root, decoding, cache, rules)
    voice, voice_source = voice_of(sample, decoding) or find_voice(sample, index, decoding, rules.voice)
    image, image_source = image_of(sample) or find_image(sample, decoding, rules.image)
    prompt = Prompt(sample.key, text, image, voice, seed, name=sample.path.stem if sample.path else "")
    own_voice = not_another_clip(sample, index, rules.voice, voice_source)
    no_eyes = NO_OPEN_EYES if NO_OPEN_EYES in image_source else None
    missed = tuple(reason for reason in (own_voice, no_eyes) if reason)
    return prompt, Provenance(text=text_source, voice=voice_source, image=image_source, missed=missed)
