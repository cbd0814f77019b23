"""Streams, rows, sharing and ablations of the entangled latent space."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch

from narrator.entangle import EntangleConfig, Entangler, Latents, rows, text_rows_of_ids
from narrator.entangle.entangler import Ablation

AUDIO, VIDEO = ("voice", "speaker"), ("pixels", "face_mask", "face")


def latents(batch: int = 1) -> Latents:
    generator = torch.Generator().manual_seed(3)
    return Latents(
        voice=torch.randn(batch, 4, 64, generator=generator),
        speaker=torch.randn(batch, 32, 1, generator=generator),
        pixels=torch.randn(batch, 3, 32, 32, generator=generator),
        face_mask=torch.rand(batch, 3, 32, 32, generator=generator),
        face=torch.randn(batch, 64, generator=generator),
    )


def text(batch: int = 1) -> torch.Tensor:
    return torch.randn(batch, 6, 32, generator=torch.Generator().manual_seed(4))


def entangler(**options: object) -> Entangler:
    built = Entangler(EntangleConfig(width=32, heads=4, **options))  # type: ignore[arg-type]
    built.initialise(torch.Generator().manual_seed(5), scale=1.0)
    return built.eval()


def moved(one: Latents, other: Latents) -> set[str]:
    """Names of the streams that differ."""
    changed = {f.name for f in fields(Latents) if not torch.equal(getattr(one, f.name), getattr(other, f.name))}
    return {stream for stream, names in (("audio", AUDIO), ("video", VIDEO)) if changed & set(names)}


def test_full_size_rows_are_those_of_the_paper() -> None:
    image = torch.arange(3 * 512 * 512.0).reshape(1, 3, 512, 512)
    cut = rows(image, 512)
    assert cut.shape == (1, 1536, 512)
    assert torch.equal(cut[0, 512 * 2 + 7], image[0, 2, 7])
    assert rows(torch.zeros(1, 32, 1024), 512).shape == (1, 64, 512)
    assert rows(torch.zeros(1, 512, 1), 512).shape == (1, 1, 512)
    with pytest.raises(ValueError, match="cannot be cut into rows of 512"):
        rows(torch.zeros(1, 100), 512)


def test_parameters_of_both_encoders() -> None:
    count = {
        sharing: sum(p.numel() for p in Entangler(EntangleConfig(sharing=sharing)).parameters())
        for sharing in ("explicit", "shared")
    }
    assert count == {"explicit": 3_151_872, "shared": 1_575_936}


def test_shapes_and_order_come_back() -> None:
    before = latents(2)
    built = Entangler(EntangleConfig(width=32, heads=4))
    built.initialise(torch.Generator().manual_seed(5), scale=0.0)  # the identity: rows must return to their places
    after = built(before, text(2))
    for field in fields(Latents):
        torch.testing.assert_close(getattr(after, field.name), getattr(before, field.name), atol=0, rtol=0)


def test_a_batch_equals_its_items() -> None:
    both, built = latents(2), entangler()
    together = built(both, text(2))
    for item in range(2):
        alone = built(Latents(*(getattr(both, f.name)[item : item + 1] for f in fields(Latents))), text(2)[item:][:1])
        torch.testing.assert_close(together.pixels[item], alone.pixels[0], atol=1e-5, rtol=1e-5)


def test_shared_is_one_encoder_for_both_streams() -> None:
    shared = entangler(sharing="shared")
    assert len(shared.encoders()) == 1
    keys = shared.state_dict()
    assert torch.equal(
        keys["audio_transformer_encoder.mha.in_proj_weight"], keys["video_transformer_encoder.mha.in_proj_weight"]
    )


@pytest.mark.parametrize(
    ("ablation", "influences"),
    [
        # what a change of (audio, video, text) changes: beside itself, every stream whose context holds it
        ("none", ({"audio", "video"}, {"audio", "video"}, {"audio", "video"})),
        ("no-video-in-prompt", ({"audio", "video"}, {"video"}, {"audio", "video"})),
        ("audio-only", ({"audio", "video"}, {"video"}, set())),
        ("visual-only", ({"audio"}, {"audio", "video"}, set())),
        ("no-text", ({"audio", "video"}, {"audio", "video"}, set())),
        ("no-attention", ({"audio"}, {"video"}, set())),
    ],
)
def test_ablations_cut_exactly_what_they_name(ablation: Ablation, influences: tuple[set[str], ...]) -> None:
    built, start, words = entangler(ablation=ablation), latents(), text()
    base = built(start, words)
    changed = (
        built(replace(start, voice=start.voice.flip(2)), words),
        built(replace(start, pixels=start.pixels.flip(2)), words),
        built(start, words.flip(2)),
    )
    assert tuple(moved(base, one) for one in changed) == influences


def test_without_attention_nothing_changes() -> None:
    start = latents()
    assert entangler(ablation="no-attention")(start, text()) is start


@pytest.mark.parametrize("option", [{"sharing": "both"}, {"ablation": "no-audio"}])
def test_unknown_names_are_answered_with_the_known(option: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"is '.*'; choose one of: "):
        EntangleConfig(**option)  # type: ignore[arg-type]


def test_published_text_row() -> None:
    row = text_rows_of_ids(torch.tensor([[259, 14, 2]]), 512)
    assert row.shape == (1, 1, 512)
    assert row[0, 0, :4].tolist() == [259, 14, 2, 0]
    with pytest.raises(ValueError, match="513 tokens"):
        text_rows_of_ids(torch.ones(1, 513, dtype=torch.long), 512)
