"""The multi-entangled latent encoder against its fixture, and what its initialisation can learn."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from narrator.entangle import EntangledEncoder


def drawn(width: int = 512, heads: int = 8, scale: float = 0.0) -> EntangledEncoder:
    encoder = EntangledEncoder(width, heads)
    encoder.initialise(torch.Generator().manual_seed(7), scale)
    return encoder


def as_published(encoder: EntangledEncoder) -> EntangledEncoder:
    """Every weight zero: the published initialisation."""
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.zero_()
    return encoder


def stepped(encoder: EntangledEncoder, steps: int) -> tuple[EntangledEncoder, list[Tensor]]:
    """Train towards a random target with the published optimiser; also the first step's gradients."""
    generator = torch.Generator().manual_seed(1)
    width = encoder.mha.embed_dim
    query, context, target = (torch.randn(1, rows, width, generator=generator) for rows in (5, 7, 5))
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=1e-4, weight_decay=1e-2)
    first: list[Tensor] = []
    for _ in range(steps):
        optimiser.zero_grad()
        (encoder(query, context) - target).square().mean().backward()
        first = first or [parameter.grad.clone() for parameter in encoder.parameters() if parameter.grad is not None]
        optimiser.step()
    return encoder, first


def test_parameters_are_those_of_table_1() -> None:
    encoder = EntangledEncoder()
    counts = {name: parameter.numel() for name, parameter in encoder.named_parameters()}
    assert counts["ln.weight"] + counts["ln.bias"] == 1_024
    assert counts["mha.in_proj_weight"] + counts["mha.out_proj.weight"] == 1_048_576
    assert counts["ff_self.1.weight"] == counts["ff_self.3.weight"] == 262_144
    assert sum(counts.values()) == 1_575_936


@pytest.mark.shared
def test_equals_the_released_class(shared: Path) -> None:
    folder = shared / "fixtures" / "transformer_encoder_sa"
    encoder = EntangledEncoder()
    encoder.load_state_dict({key: value.float() for key, value in load_file(folder / "weights.safetensors").items()})
    io = load_file(folder / "io.safetensors")
    with torch.no_grad():
        torch.testing.assert_close(encoder(io["x"], io["y"]), io["out"], atol=1e-4, rtol=0)
        torch.testing.assert_close(encoder(io["y"], io["x"]), io["out_swapped"], atol=1e-4, rtol=0)


def test_the_published_initialisation_is_the_identity_for_ever() -> None:
    encoder, gradients = stepped(as_published(EntangledEncoder(64, 4)), 50)
    assert len(gradients) == 10
    assert not any(gradient.any() for gradient in gradients)
    query, context = torch.randn(2, 1, 6, 64, generator=torch.Generator().manual_seed(2))
    assert torch.equal(encoder(query, context), query)
    assert encoder.is_identity()


def test_ours_starts_as_the_identity_and_learns() -> None:
    before = drawn(64, 4)
    query, context = torch.randn(2, 1, 6, 64, generator=torch.Generator().manual_seed(2))
    assert before.is_identity()
    assert torch.equal(before(query, context), query)
    after, gradients = stepped(before, 3)
    assert any(gradient.any() for gradient in gradients)
    assert not after.is_identity()
    assert not torch.equal(after(query, context), query)


def test_every_parameter_learns() -> None:
    start = drawn(64, 4)
    initial = {name: parameter.detach().clone() for name, parameter in start.named_parameters()}
    after, _ = stepped(start, 5)
    unmoved = [name for name, parameter in after.named_parameters() if torch.equal(parameter, initial[name])]
    assert unmoved == []


@pytest.mark.parametrize(
    ("zeroed", "identity"),
    [
        (("mha.out_proj.weight", "ff_self.3.weight"), True),
        (("mha.in_proj_weight", "ff_self.2.weight", "ff_self.2.bias"), True),
        (("ln.weight", "ln.bias", "ff_self.3.weight"), True),
        (("mha.out_proj.weight",), False),
        (("ff_self.3.weight",), False),
        (("ff_self.1.weight", "mha.out_proj.weight"), False),
    ],
)
def test_identity_is_told_from_the_weights(zeroed: tuple[str, ...], identity: bool) -> None:
    encoder = drawn(64, 4, scale=1.0)
    with torch.no_grad():
        encoder.ff_self[2].bias.fill_(0.5)
        for name in zeroed:
            encoder.get_parameter(name).zero_()
    query, context = torch.randn(2, 1, 6, 64, generator=torch.Generator().manual_seed(2))
    assert encoder.is_identity() is identity
    assert torch.equal(encoder(query, context), query) is identity
