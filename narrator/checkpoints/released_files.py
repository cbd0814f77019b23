"""Which files a generator may be loaded from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from narrator.checkpoints.reading import FilePath


@dataclass(frozen=True)
class ReleasedFiles:
    """The files that a generator is loaded from; each may be absent. Later ones win where two hold the same tensors.

    Attributes:
        sd15_unet: Stable Diffusion 1.5's UNet: the part of the video networks that Hallo started from.
        hallo: Hallo's net.pth: all video networks.
        latest: NarratingForYou's latest.pth: video networks, entangled encoders, speech where it was saved.
        xtts: XTTS v2's model.pth: speech.
        vae: sd-vae-ft-mse.
        wav2vec: wav2vec2-base-960h.
    """

    sd15_unet: FilePath | None = None
    hallo: FilePath | None = None
    latest: FilePath | None = None
    xtts: FilePath | None = None
    vae: FilePath | None = None
    wav2vec: FilePath | None = None

    def given(self) -> dict[str, Path]:
        """The present files by role, in the order in which they are applied."""
        return {role: Path(path) for role, path in vars(self).items() if path is not None}
