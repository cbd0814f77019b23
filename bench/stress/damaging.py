"""A damaged prompt from a prompt, a damage, a strength and a seed: equal ones give equal prompts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from bench import fingerprint
from bench.stress import images, texts, voices
from bench.stress.catalogue import DAMAGES
from bench.stress.voices import Others
from narrator.contract import GenerationFailed, Prompt


def damaged(prompt: Prompt, name: str, strength: float | None, others: Others = tuple) -> Prompt:
    """The prompt with one part of it damaged; the others, the generator's seed too, stay what they were.

    All that is random is drawn by the prompt's seed and the damage's name, so that a stronger damage is more of the
    same.

    Args:
        name: a damage from `DAMAGES`.
        strength: in the damage's unit; None for one that has no strengths.
        others: gives the voice profiles of other speakers of the dataset; asked for by babble only.

    Raises:
        GenerationFailed: this prompt cannot be damaged so; the message is the reason.
        WeightsMissing: weights that the damage needs cannot be had.
    """
    seed = fingerprint.seed_for(prompt.seed, "stress", name)
    if name.startswith("voice-") and not len(prompt.voice.waveform):
        raise GenerationFailed("the voice profile is empty, so that nothing of it can be damaged")
    if name == "voice-babble":
        return replace(prompt, voice=voices.babbling(prompt.voice, _given(strength), seed, others))
    part = DAMAGES[name].part
    return replace(prompt, **{part: _FUNCTIONS[name](getattr(prompt, part), strength, seed)})


def _seedless(function: Callable[..., Any]) -> Callable[[Any, Any, int], Any]:
    return lambda part, strength, _: function(part, strength)


def _alone(function: Callable[..., Any]) -> Callable[[Any, Any, int], Any]:
    return lambda part, *_: function(part)


def _given(strength: float | None) -> float:
    assert strength is not None  # the study's reader sees to it
    return strength


def _clipped(voice: Any, headroom: float) -> Any:
    return replace(voice, waveform=voices.clipped(voice.waveform, headroom))


def _closed(image: Any) -> Any:
    from bench.stress.eyes import closed  # loads the face networks, which the other damages do without

    return closed(image)


_FUNCTIONS: dict[str, Callable[[Any, Any, int], Any]] = {
    "voice-noise": voices.noisy,
    "voice-reverb": voices.reverberant,
    "voice-clipped": _seedless(_clipped),
    "voice-band": _seedless(voices.band_limited),
    "voice-mp3": _seedless(partial(voices.coded, codec="mp3")),
    "voice-opus": _seedless(partial(voices.coded, codec="opus")),
    "voice-feeble": _seedless(voices.feeble),
    "voice-silent": _alone(voices.silent),
    "image-blurred": _seedless(images.blurred),
    "image-dark": _seedless(images.darkened),
    "image-small": _seedless(images.shrunk),
    "image-turned": _seedless(images.turned),
    "image-eyes-closed": _alone(_closed),
    "image-no-face": _alone(images.faceless),
    "image-two-faces": _alone(images.doubled),
    "text-short": _seedless(texts.shortened),
    "text-long": _seedless(texts.lengthened),
    "text-numbers": texts.numbered,
    "text-symbols": texts.symbolised,
    "text-script": texts.in_cyrillic,
}
