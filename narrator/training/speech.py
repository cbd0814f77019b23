"""Stage `speech`: the GPT learns to continue voice latents and text with the codes of the speech.

The voice latents come from another clip of the same speaker, so that a voice is learnt and no clip is copied. Losses:
cross-entropy of the codes and, with a small weight, of the text, as XTTS is trained (reference: coqui-ai/TTS dbf1a08a,
`GPT.forward`). One head of every layer is guided to look at the text where it is being spoken (guided attention,
Tachibana et al. 2018, arXiv:1710.08969); without it a small model takes many times as long to find out that codes
follow text. Where a clip comes with its phones, their times say which word that is, else a steady speaker is assumed.
The guidance fades away, so that the heads are free in the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Generator, Tensor, nn
from torch.nn import functional

from narrator.speech.gpt import SpeechGpt
from narrator.speech.mel import VOICE_RATE
from narrator.speech.tokenizer import SpeechTokenizer
from narrator.training.codes import FRAMES, CodesSettings, CodesStage, SpeechCodes, mels, trained_codes
from narrator.training.errors import TrainingError
from narrator.training.loop import derived_seed
from narrator.training.stage import Batch, Materials, Stage, StageSettings
from narrator.training.utterances import Ragged, Utterance, by_speaker, read_phones, read_utterances

_IGNORED = -100
"""What `cross_entropy` takes for no target."""

_FRAME_SECONDS = 256 / VOICE_RATE

PHASES = FRAMES
"""The codes of each clip are there from so many starts, a mel frame apart: the same words, by other codes."""

_STEADY_WIDTH, _SPOKEN_WIDTH = 0.12, 1.2
"""How far a guided head may look from where a steady speaker would be, as a share of the text, and from what phones
say, in tokens."""


class SpeechSettings(StageSettings):
    """Settings of the stage.

    Attributes:
        codes: what the stage `codes` was trained with, as far as it differs from that stage's defaults.
        voice_frames: mel frames of the other clip that become voice latents.
        text_weight: of the text's cross-entropy.
        noise: share of the codes that the model hears as others than it should, so that it recovers from its own
            mistakes when it speaks.
        smoothing: share of the probability that each target gives to all codes alike.
        dropout: share of the activations that are left out in training.
        guidance: weight of the guided attention at the start; 0 does without.
        guided_steps: after so many steps it has faded away.
    """

    codes: CodesSettings = CodesSettings(steps=0)
    voice_frames: int = Field(default=128, ge=16, le=4096, strict=True)
    text_weight: float = Field(default=0.01, ge=0, le=10)
    noise: float = Field(default=0.2, ge=0, lt=1)
    smoothing: float = Field(default=0.05, ge=0, lt=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    guidance: float = Field(default=0.3, ge=0, le=100)
    guided_steps: int = Field(default=2000, ge=1, strict=True)


class SpeechStage(Stage):
    """See the module."""

    name = "speech"
    needs = (CodesStage.name,)

    def __init__(self, materials: Materials, settings: SpeechSettings) -> None:
        self._settings, self._seed = settings, materials.seed
        self._config = materials.config.speech.gpt
        utterances = read_utterances(materials.data)
        codes = trained_codes(materials, settings.codes)
        self._mels = mels(materials.cache, utterances)
        self._codes = encoded(materials, codes, self._mels)
        tokenizer = SpeechTokenizer()
        self._texts = [[tokenizer.start, *tokenizer.encode(one.text), tokenizer.stop] for one in utterances]
        self._others = by_speaker(utterances)
        self._tracks = _tracks(materials.cache / "tracks.npy", utterances, self._texts, tokenizer.space)
        self._usable = [
            place
            for place, text in enumerate(self._texts)
            if len(text) <= self._config.text_limit + 2
            and len(self._codes[PHASES * place]) < self._config.longest_utterance
        ]
        if not self._usable:
            raise TrainingError(
                "No clip of the data is short enough for the speech model:"
                f" {self._config.text_limit} tokens of text, {self._config.longest_utterance - 1} codes."
            )
        # Eager attention hands out what the guidance looks at.
        self.module: SpeechGpt = SpeechGpt(self._config, "eager")
        for layer in self.module.modules():
            if isinstance(layer, nn.Dropout):
                layer.p = settings.dropout

    def batch(self, step: int) -> Batch:
        rng = np.random.default_rng(derived_seed(self._seed, self.name, "batch", step))
        places = [self._usable[int(at)] for at in rng.integers(len(self._usable), size=self._settings.batch)]
        phases = [int(rng.integers(PHASES)) for _ in places]
        codes = [self._codes[PHASES * place + phase] for place, phase in zip(places, phases, strict=True)]
        spoken = [self._spoken(place, phase, len(row)) for place, phase, row in zip(places, phases, codes, strict=True)]
        return {
            "text": _padded([np.asarray(self._texts[place]) for place in places], 0),
            "text_length": torch.tensor([len(self._texts[place]) for place in places]),
            "codes": _padded(codes, self._config.stop_code),
            "code_length": torch.tensor([len(row) for row in codes]),
            "voice": torch.from_numpy(np.stack([self._voice(place, rng) for place in places])),
            "spoken": _padded([at for at, _ in spoken], 0, np.float32),
            "spoken_width": torch.tensor([width for _, width in spoken]),
            "guidance": torch.tensor(self._settings.guidance * max(0.0, 1 - step / self._settings.guided_steps)),
        }

    def losses(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        codes, lengths = batch["codes"], batch["code_length"]
        heard = self._misheard(codes, generator)
        prefix = torch.cat([self.module.voice_latents(batch["voice"]), self.module.embed_text(batch["text"])], 1)
        start = codes.new_full((len(codes), 1), self._config.start_code)
        embedded = torch.cat([prefix, self.module.embed_codes(torch.cat([start, heard], 1))], 1)
        unsaid = _beyond(batch["text"], batch["text_length"])  # when it speaks, nothing lies between text and codes
        mask = torch.ones(embedded.shape[:2], dtype=torch.long, device=codes.device)
        mask[:, self._config.latents : prefix.shape[1]].masked_fill_(unsaid, 0)
        guided = float(batch["guidance"]) > 0
        out = self.module.gpt(inputs_embeds=embedded, attention_mask=mask, use_cache=False, output_attentions=guided)
        states = self.module.final_norm(out.last_hidden_state)
        # The state before each code predicts it, and the one after the last predicts the stop.
        stop = functional.pad(codes, (0, 1), value=self._config.stop_code)
        targets = stop.masked_fill(_beyond(stop, lengths + 1), _IGNORED)
        logits = self.module.mel_head(states[:, prefix.shape[1] :])
        text_states = states[:, self._config.latents : prefix.shape[1] - 1]
        text = batch["text"][:, 1:].masked_fill(_beyond(batch["text"][:, 1:], batch["text_length"] - 1), _IGNORED)
        losses = {
            "codes": functional.cross_entropy(
                logits.transpose(1, 2), targets, ignore_index=_IGNORED, label_smoothing=self._settings.smoothing
            ),
            "text": self._settings.text_weight
            * functional.cross_entropy(self.module.text_head(text_states).transpose(1, 2), text, ignore_index=_IGNORED),
        }
        if guided:
            losses["guide"] = batch["guidance"] * self._guide(out.attentions, prefix.shape[1], batch)
        return losses

    def _guide(self, attentions: tuple[Tensor, ...], spoken: int, batch: Batch) -> Tensor:
        """How little the first heads look near the token of the text that is being spoken."""
        heads = torch.stack([layer[:, 0, spoken:-1, self._config.latents : spoken] for layer in attentions])
        at, width = batch["spoken"][:, :, None], batch["spoken_width"][:, None, None]
        token = torch.arange(heads.shape[-1], device=heads.device)
        said = token < batch["text_length"][:, None, None]
        near = torch.exp(-(((token + 0.5 - at) / width) ** 2) / 2) * said
        seen = ((heads.float() * near).sum(-1) + 1e-3).log()
        return -seen.masked_select(~_beyond(batch["codes"], batch["code_length"]).expand_as(seen)).mean()

    def _spoken(self, place: int, phase: int, count: int) -> tuple[NDArray[np.float32], float]:
        """The place in the text, in tokens, at the middle of each of the codes [count]; and how exact it is."""
        track, length = self._tracks[place], len(self._texts[place])
        if not len(track):
            steady = (np.arange(count) + 0.5) / max(1, count) * length
            return steady.astype(np.float32), _STEADY_WIDTH * length
        middles = (phase + FRAMES * (np.arange(count) + 0.5)) * _FRAME_SECONDS
        return np.interp(middles, track[:, 0], track[:, 1]).astype(np.float32), _SPOKEN_WIDTH

    def tensors(self) -> dict[str, Tensor]:
        """The GPT of the part `speech`; spectrograms are not divided, so `mel_stats` are ones."""
        own = {f"speech.gpt.{key}": value for key, value in self.module.state_dict().items()}
        return {"speech.mel_stats": torch.ones(self._config.mels), **own}

    def _voice(self, place: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """A stretch of the mel spectrogram of another clip of the speaker, [80, voice_frames]."""
        others = self._others[place]
        mel = self._mels[others[int(rng.integers(max(1, len(others) - 1)))]]
        frames = self._settings.voice_frames
        start = int(rng.integers(max(1, len(mel) - frames + 1)))
        return np.resize(np.asarray(mel[start : start + frames], np.float32), (frames, mel.shape[1])).T

    def _misheard(self, codes: Tensor, generator: Generator) -> Tensor:
        """The codes with a share of them drawn at random."""
        wrong = torch.rand(codes.shape, generator=generator) < self._settings.noise
        drawn = torch.randint(self._config.start_code, codes.shape, generator=generator)
        return torch.where(wrong.to(codes.device), drawn.to(codes.device), codes)


def encoded(materials: Materials, codes: SpeechCodes, spectrograms: Ragged) -> Ragged:
    """Codes of all clips, int64 [n], computed once into the cache: `PHASES` arrays for each clip, in its place."""

    def computed() -> Iterator[NDArray[Any]]:
        for place in range(len(spectrograms)):
            mel = torch.from_numpy(np.asarray(spectrograms[place], np.float32).T)
            for phase in range(PHASES):
                yield codes.encode(mel[None, :, phase:])[0].numpy()

    return Ragged.cached(materials.cache / f"codes-{materials.versions[CodesStage.name]}.npy", computed())


def _tracks(path: Path, utterances: Sequence[Utterance], texts: Sequence[list[int]], space: int) -> Ragged:
    """When which token of each text is spoken: float32 [n, 2], seconds of the speech and place in the text.

    Computed once. Empty where there are no phones, or where they have another number of words than the text.
    """

    def computed() -> Iterator[NDArray[np.float32]]:
        for utterance, ids in zip(utterances, texts, strict=True):
            phones = read_phones(utterance)
            knots = None if phones is None else _knots(phones, ids, space)
            begins = utterance.heard(VOICE_RATE)[1] if knots else 0.0
            yield np.asarray(knots or [], np.float32).reshape(-1, 2) - np.asarray([begins, 0], np.float32)

    return Ragged.cached(path, computed())


def _knots(phones: Sequence[tuple[str, float, float]], ids: list[int], space: int) -> list[tuple[float, float]] | None:
    """Seconds and places in the text at which each word begins and ends; None if the numbers of words differ."""
    times = [list(word) for between, word in groupby(phones, lambda phone: not phone[0].strip()) if not between]
    places = range(2, len(ids) - 1)  # behind the start and the language, before the stop
    tokens = [list(word) for between, word in groupby(places, lambda at: ids[at] == space) if not between]
    if not times or len(times) != len(tokens):
        return None
    knots: list[tuple[float, float]] = []
    for word, spelt in zip(times, tokens, strict=True):
        knots += [(word[0][1], float(spelt[0])), (word[-1][2], float(spelt[-1] + 1))]
    return knots


def _padded(rows: list[NDArray[Any]], value: int, kind: type[np.generic] = np.int64) -> Tensor:
    longest = max(map(len, rows))
    return torch.from_numpy(
        np.stack([np.pad(np.asarray(row, kind), (0, longest - len(row)), constant_values=value) for row in rows])
    )


def _beyond(rows: Tensor, lengths: Tensor) -> Tensor:
    """Which places of padded rows [B, n] lie beyond the rows' lengths [B]."""
    return torch.arange(rows.shape[1], device=rows.device) >= lengths[:, None]
