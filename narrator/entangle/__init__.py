"""The multi-entangled latent space between voice, face and text."""

from narrator.entangle.encoder import EntangledEncoder
from narrator.entangle.entangler import Ablation, EntangleConfig, Entangler, Latents, Sharing, rows, text_rows_of_ids

__all__ = [
    "Ablation",
    "EntangleConfig",
    "EntangledEncoder",
    "Entangler",
    "Latents",
    "Sharing",
    "rows",
    "text_rows_of_ids",
]
