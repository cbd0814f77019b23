"""What the video networks need to know of the driving image: pixels, face mask, identity and soft masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from narrator.contract import GenerationFailed
from narrator.video.config import FaceAnimatorConfig
from narrator.video.identity import IdentityEmbedder
from narrator.video.masks import face_and_lips, location_mask, region_images, soft_masks

if TYPE_CHECKING:
    from narrator.face import FaceMesh


@dataclass(frozen=True, eq=False)
class FaceInputs:
    """A driving image prepared for the video networks.

    Attributes:
        pixels: float32 [3, size, size] in -1..1.
        mask: float32 [3, size, size], 1 inside the face's rectangle, 0 outside, between at its edge.
        identity: float32 [identity_width], an ArcFace embedding (not normalised) or zeros.
        masks: for each level of the denoising UNet float32 [3, 1, L], weights full, face, lip in 0..1.
    """

    pixels: Tensor
    mask: Tensor
    identity: Tensor
    masks: tuple[Tensor, ...]


def to_pixels(image: NDArray[np.uint8], size: int) -> Tensor:
    """A picture uint8 [H, W, 3], squeezed to size x size without cropping: float32 [3, size, size] in -1..1."""
    resized = Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.asarray(resized, np.float32) / 127.5 - 1).permute(2, 0, 1).contiguous()


def prepare_face(
    image: NDArray[np.uint8],
    face_mesh: FaceMesh,
    embedder: IdentityEmbedder | None,
    config: FaceAnimatorConfig,
) -> FaceInputs:
    """Prepare a driving image.

    Args:
        image: uint8 [H, W, 3], RGB.
        face_mesh: finds the landmarks, at the picture's own size.
        embedder: the identity network; without one the identity is zeros, which is what Hallo takes where its own
            detector finds no face.

    Raises:
        GenerationFailed: no face was found. The masks need its landmarks, and a made-up rectangle would animate the
            background, so there is no fallback.
    """
    height, width = image.shape[:2]
    found = face_mesh.find(image)
    if found is None:
        raise GenerationFailed(
            f"No face was found in the driving image ({width} x {height}); "
            "give a picture with one clearly visible face."
        )
    landmarks = np.asarray(found.points, np.float64)
    face, lips = face_and_lips(landmarks, height, width)
    images = region_images(face, lips, height, width)
    identity = np.zeros(config.identity_width, np.float32) if embedder is None else embedder(image, landmarks)
    return FaceInputs(
        pixels=to_pixels(image, config.size),
        mask=location_mask(face, height, width, config.size),
        identity=torch.from_numpy(identity),
        masks=soft_masks(images, config.latent_size, len(config.unet.widths)),
    )
