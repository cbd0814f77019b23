"""The entangled latent space: which streams attend to which, with one encoder (STE) or two (ETE)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from narrator.entangle.encoder import EntangledEncoder
from narrator.options import one_of

Stream = Literal["audio", "video", "text"]
Sharing = Literal["explicit", "shared"]
Ablation = Literal["none", "no-video-in-prompt", "audio-only", "visual-only", "no-attention", "no-text"]

# Context streams of (the audio encoder, the video encoder). The paper names its ablations without a recipe: these are
# our readings of the names. A context is never empty, because attention over nothing has no value.
_CONTEXTS: dict[Ablation, tuple[tuple[Stream, ...], tuple[Stream, ...]]] = {
    "none": (("video", "text"), ("text", "audio")),
    "no-video-in-prompt": (("text",), ("text", "audio")),
    "audio-only": (("audio",), ("audio",)),
    "visual-only": (("video",), ("video",)),
    "no-text": (("video",), ("audio",)),
    "no-attention": ((), ()),
}


@dataclass(frozen=True)
class EntangleConfig:
    """The entangled latent space of one model.

    Attributes:
        width: length of a row; every latent is cut into rows of it.
        heads: attention heads.
        sharing: `explicit` (ETE: an encoder each for audio and video) or `shared` (STE: one for both).
        ablation: `none`, or what is left out: `no-video-in-prompt` (the audio encoder sees text alone), `audio-only`
            and `visual-only` (both encoders see that stream alone), `no-text`, `no-attention` (both encoders skipped).
    """

    width: int = 512
    heads: int = 8
    sharing: Sharing = "explicit"
    ablation: Ablation = "none"

    def __post_init__(self) -> None:
        one_of("sharing", self.sharing, get_args(Sharing))
        one_of("ablation", self.ablation, get_args(Ablation))


@dataclass(frozen=True, eq=False)
class Latents:
    """What speech and video are made from, before or after entangling.

    Attributes:
        voice: voice conditioning latents [B, 32, C].
        speaker: speaker embedding [B, D, 1].
        pixels: source image [B, 3, H, W], -1..1.
        face_mask: face rectangle [B, 3, H, W], 0..1.
        face: face embedding [B, E].
    """

    voice: Tensor
    speaker: Tensor
    pixels: Tensor
    face_mask: Tensor
    face: Tensor


class Entangler(nn.Module):
    """Entangles the audio stream (voice, speaker), the video stream (image, face mask, face) and the text.

    Rows of a stream are its tensors flattened in order and cut at `width`: a 512 x 512 image is 1536 rows, one scan
    line of one channel each; 32 voice latents of 1024 are 64 rows; a speaker or face embedding of 512 is one.
    """

    def __init__(self, config: EntangleConfig) -> None:
        super().__init__()
        self.config = config
        self.audio_transformer_encoder = EntangledEncoder(config.width, config.heads)
        self.video_transformer_encoder = (
            self.audio_transformer_encoder
            if config.sharing == "shared"
            else EntangledEncoder(config.width, config.heads)
        )

    def encoders(self) -> list[EntangledEncoder]:
        """The distinct encoders: two when explicit, one when shared."""
        if self.video_transformer_encoder is self.audio_transformer_encoder:
            return [self.audio_transformer_encoder]
        return [self.audio_transformer_encoder, self.video_transformer_encoder]

    def initialise(self, generator: torch.Generator, scale: float = 0.0) -> None:
        """Draw weights that can learn; see `EntangledEncoder.initialise`."""
        for encoder in self.encoders():
            encoder.initialise(generator, scale)

    def forward(self, latents: Latents, text_rows: Tensor) -> Latents:
        """Entangle the latents with each other and with the text.

        Args:
            latents: the two streams before entangling.
            text_rows: [B, R, width], R >= 1; see `text_rows_of_ids` and `rows`.

        Returns:
            The same tensors, same shapes, entangled.
        """
        audio_context, video_context = _CONTEXTS[self.config.ablation]
        if not audio_context:
            return latents
        width = self.config.width
        streams: Mapping[Stream, Tensor] = {
            "audio": torch.cat([rows(latents.voice, width), rows(latents.speaker, width)], 1),
            "video": torch.cat([rows(x, width) for x in (latents.pixels, latents.face_mask, latents.face)], 1),
            "text": text_rows,
        }
        audio = self.audio_transformer_encoder(streams["audio"], torch.cat([streams[s] for s in audio_context], 1))
        video = self.video_transformer_encoder(streams["video"], torch.cat([streams[s] for s in video_context], 1))
        voice, speaker = _split_like(audio, latents.voice, latents.speaker)
        pixels, face_mask, face = _split_like(video, latents.pixels, latents.face_mask, latents.face)
        return Latents(voice, speaker, pixels, face_mask, face)


def rows(tensor: Tensor, width: int) -> Tensor:
    """The elements of each item of `tensor` [B, ...], in order, as rows [B, N, width]."""
    per_item = tensor[0].numel()
    if per_item % width:
        raise ValueError(f"A tensor of shape {list(tensor.shape)} cannot be cut into rows of {width} values.")
    return tensor.reshape(tensor.shape[0], per_item // width, width)


def text_rows_of_ids(ids: Tensor, width: int) -> Tensor:
    """The published text row: raw token ids [B, n] as floats, padded with zeros to one row [B, 1, width].

    Kept for parity with checkpoints trained that way; rows of the text embedding carry the meaning of a token.
    """
    if ids.shape[1] > width:
        raise ValueError(
            f"The prompt has {ids.shape[1]} tokens, but with text_rows 'ids' at most {width} fit into the one text row;"
            " shorten the text or use text_rows 'embedding'."
        )
    return nn.functional.pad(ids.float(), (0, width - ids.shape[1])).unsqueeze(1)


def _split_like(stream: Tensor, *parts: Tensor) -> list[Tensor]:
    """Cut the rows of a stream back into tensors shaped like `parts`."""
    counts = [part[0].numel() // stream.shape[2] for part in parts]
    return [piece.reshape(part.shape) for piece, part in zip(torch.split(stream, counts, 1), parts, strict=True)]
