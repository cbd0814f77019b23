"""The small networks that turn the face mask, the identity and the speech into what the UNets read."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from narrator.video.config import AudioProjectionConfig

LOCATOR_WIDTHS = (16, 16, 32, 32, 64, 64, 128)


class FaceLocator(nn.Module):
    """Where the face is: a picture of the mask becomes an offset to the denoising UNet's first features."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(3, LOCATOR_WIDTHS[0], 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1, stride=1 + index % 2) for index, (a, b) in enumerate(pairwise(LOCATOR_WIDTHS))
        )
        self.conv_out = nn.Conv2d(LOCATOR_WIDTHS[-1], width, 3, padding=1)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)  # type: ignore[arg-type]

    def forward(self, mask: Tensor) -> Tensor:
        """Masks [N, 3, H, W] in 0..1 -> [N, width, H / 8, W / 8]."""
        x = functional.silu(self.conv_in(mask))
        for block in self.blocks:
            x = functional.silu(block(x))
        return self.conv_out(x)  # type: ignore[no-any-return]


class ImageProjection(nn.Module):
    """Identity embedding -> context tokens; the embedding of zeros is the unconditional context."""

    def __init__(self, identity_width: int, tokens: int, width: int) -> None:
        super().__init__()
        self.tokens = tokens
        self.proj = nn.Linear(identity_width, tokens * width)
        self.norm = nn.LayerNorm(width)

    def forward(self, embedding: Tensor) -> Tensor:
        """[N, identity_width] -> [N, tokens, width]."""
        return self.norm(self.proj(embedding).unflatten(1, (self.tokens, -1)))  # type: ignore[no-any-return]


class AudioProjection(nn.Module):
    """Windows of speech features -> audio tokens of each frame."""

    def __init__(self, config: AudioProjectionConfig, width: int) -> None:
        super().__init__()
        self.tokens = config.tokens
        self.proj1 = nn.Linear(config.window * config.blocks * config.width, config.hidden)
        self.proj2 = nn.Linear(config.hidden, config.hidden)
        self.proj3 = nn.Linear(config.hidden, config.tokens * width)
        self.norm = nn.LayerNorm(width)

    def forward(self, windows: Tensor) -> Tensor:
        """[frames, window, blocks, channels] -> [frames, tokens, width]."""
        x = functional.relu(self.proj1(windows.flatten(1)))
        x = self.proj3(functional.relu(self.proj2(x)))
        return self.norm(x.unflatten(1, (self.tokens, -1)))  # type: ignore[no-any-return]
