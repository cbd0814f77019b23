"""How the next speech code is drawn from the GPT's logits: the rules of Hugging Face `generate`."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from narrator.options import flag, number, whole_number


@dataclass(frozen=True)
class SamplingRules:
    """Drawing of speech codes. The defaults are those of the paper's released code.

    Attributes:
        temperature: divides the logits.
        repetition_penalty: positive logits of codes that occurred are divided by it, negative ones multiplied.
        top_k: only so many of the most likely codes stay.
        top_p: then only the most likely ones that together reach this probability.
        greedy: take the most likely code after the repetition penalty; nothing is drawn.
    """

    temperature: float = 0.75
    repetition_penalty: float = 10.0
    top_k: int = 50
    top_p: float = 0.85
    greedy: bool = False

    def __post_init__(self) -> None:
        what = "Sampling needs other rules: {}".format
        number(what("temperature"), self.temperature, 1e-3, 100)
        number(what("repetition_penalty"), self.repetition_penalty, 1e-3, 1000)
        whole_number(what("top_k"), self.top_k, 1, 1_000_000)
        number(what("top_p"), self.top_p, 1e-6, 1)
        flag(what("greedy"), self.greedy)

    def draw(self, logits: Tensor, occurred: Tensor, generator: torch.Generator) -> int:
        """Draw one code.

        Args:
            logits: float32 [codes], on the CPU, so that every device draws alike.
            occurred: bool [codes], which codes the penalty applies to.
            generator: CPU generator; one number is taken from it unless `greedy`.
        """
        if self.greedy:
            return int(self._penalised(logits, occurred).argmax())
        return int(torch.multinomial(self.probabilities(logits, occurred), 1, generator=generator))

    def probabilities(self, logits: Tensor, occurred: Tensor) -> Tensor:
        """What `draw` draws from, float32 [codes]; not normalised after the cut at `top_p`."""
        scores, codes = (self._penalised(logits, occurred) / self.temperature).topk(min(self.top_k, logits.numel()))
        probabilities = scores.softmax(0)
        # A code stays as long as the more likely ones do not reach top_p without it; so the first always stays.
        likelier = probabilities.cumsum(0) - probabilities
        return torch.zeros_like(logits).scatter(0, codes, torch.where(likelier < self.top_p, probabilities, 0.0))

    def _penalised(self, logits: Tensor, occurred: Tensor) -> Tensor:
        penalised = torch.where(logits > 0, logits / self.repetition_penalty, logits * self.repetition_penalty)
        return torch.where(occurred, penalised, logits)
