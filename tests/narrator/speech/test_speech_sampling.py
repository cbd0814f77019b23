"""The sampling rules against the logits processors of transformers."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from narrator.speech.sampling import SamplingRules


@given(
    seed=st.integers(0, 2**31),
    size=st.integers(4, 300),
    temperature=st.floats(0.2, 2.0),
    penalty=st.floats(1.0, 12.0),
    top_k=st.integers(1, 60),
    top_p=st.floats(0.05, 0.99),
)
@settings(max_examples=60, deadline=None)
def test_equals_transformers(
    seed: int, size: int, temperature: float, penalty: float, top_k: int, top_p: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(size, generator=generator) * 3
    ids = torch.randint(size, (1, 9), generator=generator)
    scores = logits[None].clone()
    for step in (
        RepetitionPenaltyLogitsProcessor(penalty),
        TemperatureLogitsWarper(temperature),
        TopKLogitsWarper(top_k),
        TopPLogitsWarper(top_p),
    ):
        scores = step(ids, scores)
    occurred = torch.zeros(size, dtype=torch.bool)
    occurred[ids[0]] = True
    found = SamplingRules(temperature, penalty, top_k, top_p).probabilities(logits, occurred)
    torch.testing.assert_close(found / found.sum(), scores.softmax(1)[0], atol=1e-6, rtol=1e-4)


def test_draws_depend_on_the_generator_alone() -> None:
    logits, occurred = torch.linspace(-1, 1, 40), torch.zeros(40, dtype=torch.bool)
    rules = SamplingRules()
    state = torch.random.get_rng_state()

    def draws(seed: int) -> list[int]:
        generator = torch.Generator().manual_seed(seed)
        return [rules.draw(logits, occurred, generator) for _ in range(20)]

    assert draws(1) == draws(1) != draws(2)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("wrong", [{"temperature": 0.0}, {"top_k": 0}, {"top_p": 0.0}, {"repetition_penalty": -1.0}])
def test_senseless_rules_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="Sampling needs"):
        SamplingRules(**wrong)  # type: ignore[arg-type]
