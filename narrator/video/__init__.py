"""The video half of the generator: one face picture and speech become frames of a talking face."""

from narrator.video.animator import FaceAnimator
from narrator.video.config import AttentionKind, FaceAnimatorConfig, ReferenceOrder, Sampling
from narrator.video.face_inputs import FaceInputs, prepare_face
from narrator.video.identity import IdentityEmbedder

__all__ = [
    "AttentionKind",
    "FaceAnimator",
    "FaceAnimatorConfig",
    "FaceInputs",
    "IdentityEmbedder",
    "ReferenceOrder",
    "Sampling",
    "prepare_face",
]
