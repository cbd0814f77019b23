"""A driving image whose eyes are shut: its own skin is drawn down over them, as when the cascade's face blinks."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from baselines.puppet.eyes import EyeRig
from baselines.puppet.frame import FaceFrame
from metrics.weights import fetch
from narrator.contract import GenerationFailed
from narrator.face import FaceMesh


def closed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The largest face of an RGB image, uint8 [H, W, 3], with its eyes shut; eyes that are shut stay so.

    Raises:
        GenerationFailed: there is no face.
        WeightsMissing: the face mesh's weights cannot be had.
    """
    face = _mesh().find(image)
    if face is None:
        raise GenerationFailed("no eyes can be closed: no face is found in the driving image")
    frame = FaceFrame.of(face)
    shut = image.copy()
    for which in ("right", "left"):
        EyeRig(image, frame, which).draw(shut, blink=1.0, brow=0.0)
    return shut


@functools.cache
def _mesh() -> FaceMesh:
    return FaceMesh({name: fetch(name) for name in FaceMesh.weights})
