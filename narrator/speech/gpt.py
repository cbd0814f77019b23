"""The speech GPT: a causal transformer that continues voice latents and text with speech codes."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import GPT2Config, GPT2Model
from transformers.cache_utils import DynamicCache

from narrator.speech.conditioning import ConditioningEncoder, Perceiver
from narrator.speech.config import GptConfig
from narrator.speech.sampling import SamplingRules

# The released code hands the penalty a row of ids in which every prefix position holds this one.
_PREFIX_ID = 1


class _Positions(nn.Module):
    def __init__(self, count: int, width: int) -> None:
        super().__init__()
        self.emb = nn.Embedding(count, width)

    def forward(self, start: int, length: int) -> Tensor:
        return self.emb.weight[start : start + length]


class _NoPositions(nn.Module):
    """Stands in for GPT-2's own positions, which this model leaves at zero."""

    def forward(self, positions: Tensor) -> Tensor:
        return torch.zeros(1, device=positions.device)


class SpeechGpt(nn.Module):
    """GPT-2 over `voice latents | start text stop | start codes`, with its own embeddings, positions and two end norms.

    Reference: coqui-ai/TTS dbf1a08a, `TTS.tts.layers.xtts.gpt.GPT`, whose parameter names are kept.
    """

    def __init__(self, config: GptConfig, attention: str = "sdpa") -> None:
        super().__init__()
        self.config = config
        width = config.width
        text_positions, code_positions = config.text_limit + 2, config.code_limit + 3
        self.conditioning_encoder = ConditioningEncoder(config.mels, width, config.heads, config.conditioning_blocks)
        self.conditioning_perceiver = Perceiver(width, config.latents, config.perceiver_heads)
        self.text_embedding = nn.Embedding(config.text_ids, width)
        self.mel_embedding = nn.Embedding(config.codes, width)
        self.text_pos_embedding = _Positions(text_positions, width)
        self.mel_pos_embedding = _Positions(code_positions, width)
        self.gpt = GPT2Model(
            GPT2Config(
                vocab_size=1,
                n_positions=config.latents + text_positions + code_positions,
                n_embd=width,
                n_layer=config.layers,
                n_head=config.heads,
                bos_token_id=None,
                eos_token_id=None,
                attn_implementation=attention,
            )
        )
        del self.gpt.wte
        self.gpt.wpe = _NoPositions()
        self.final_norm = nn.LayerNorm(width)
        self.text_head = nn.Linear(width, config.text_ids)
        self.mel_head = nn.Linear(width, config.codes)

    def voice_latents(self, mel: Tensor) -> Tensor:
        """Normalised mel spectrogram [B, mels, T] of a voice to its latents [B, 32, width]."""
        features = self.conditioning_encoder(mel).transpose(1, 2)
        out: Tensor = self.conditioning_perceiver(features)
        return out

    def embed_text(self, ids: Tensor) -> Tensor:
        """Token ids [B, n], start and stop included, to embeddings [B, n, width] with positions."""
        out: Tensor = self.text_embedding(ids) + self.text_pos_embedding(0, ids.shape[1])
        return out

    def embed_codes(self, codes: Tensor, position: int = 0) -> Tensor:
        """Speech codes [B, n], the first at `position`, to embeddings [B, n, width]; position 0 is the start code's."""
        out: Tensor = self.mel_embedding(codes) + self.mel_pos_embedding(position, codes.shape[1])
        return out

    def states(self, embeddings: Tensor, cache: DynamicCache | None = None) -> Tensor:
        """Final states [B, n, width] of `embeddings` [B, n, width], after what `cache` already holds."""
        hidden = self.gpt(inputs_embeds=embeddings, past_key_values=cache, use_cache=cache is not None)
        out: Tensor = self.final_norm(hidden.last_hidden_state)
        return out

    def teacher_forced(self, prefix: Tensor, codes: Tensor) -> Tensor:
        """Latents [B, n, width] of known `codes` [B, n] after `prefix`: the states that predict each code."""
        start = codes.new_full((codes.shape[0], 1), self.config.start_code)
        inputs = self.embed_codes(torch.cat([start, codes[:, :-1]], 1))
        return self.states(torch.cat([prefix, inputs], 1))[:, prefix.shape[1] :]

    @torch.inference_mode()
    def speak(self, prefix: Tensor, rules: SamplingRules, generator: torch.Generator) -> tuple[list[int], Tensor]:
        """Generate one utterance with a key-value cache.

        The latents are those a second, teacher-forced pass over the codes would give (the model is causal), so that
        pass is saved.

        Args:
            prefix: voice latents and embedded text, [1, P, width].
            rules: how codes are drawn.
            generator: CPU generator that all draws come from.

        Returns:
            The n codes, a final stop code included, and their latents [1, n, width].
        """
        config = self.config
        occurred = torch.zeros(config.codes, dtype=torch.bool)
        occurred[[_PREFIX_ID, config.start_code]] = True
        cache = DynamicCache()
        code = torch.tensor([[config.start_code]], device=prefix.device)
        state = self.states(torch.cat([prefix, self.embed_codes(code)], 1), cache)[:, -1:]
        codes, states = list[int](), list[Tensor]()
        while True:
            drawn = rules.draw(self.mel_head(state[0, 0]).float().cpu(), occurred, generator)
            codes.append(drawn)
            states.append(state)
            if drawn == config.stop_code or len(codes) == config.longest_utterance:
                return codes, torch.cat(states, 1)
            occurred[drawn] = True
            state = self.states(self.embed_codes(code.fill_(drawn), len(codes)), cache)
