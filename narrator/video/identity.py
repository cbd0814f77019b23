"""Identity embedding: ArcFace (arXiv:1801.07698) on a face aligned by five landmarks.

The network (insightface's antelopev2, `glintr100.onnx`) is for non-commercial research and in no package registry, so
the user supplies the file.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from narrator import onnx

CROP = 112
# Where ArcFace's aligned crop has the eyes, the tip of the nose and the corners of the mouth (x, y).
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
# The same five in MediaPipe's face mesh; an eye is the mean of its corners.
LANDMARKS = ((33, 133), (362, 263), (1,), (61,), (291,))


def similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """The rotation, uniform scale and shift that best map points [N, 2] onto points, as a matrix [2, 3].

    Least squares, solved in the complex plane: z -> a z + b.
    """
    z = source[:, 0] + 1j * source[:, 1]
    w = target[:, 0] + 1j * target[:, 1]
    centred = z - z.mean()
    a = np.vdot(centred, w - w.mean()) / np.vdot(centred, centred).real
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def align(image: NDArray[np.uint8], landmarks: NDArray[np.floating]) -> NDArray[np.uint8]:
    """The face in ArcFace's position, uint8 [112, 112, 3], from face-mesh landmarks [468 or more, 2 or more]."""
    points = np.array([landmarks[list(indices), :2].mean(0) for indices in LANDMARKS])
    return np.asarray(cv2.warpAffine(image, similarity(points, TEMPLATE), (CROP, CROP)), np.uint8)


class IdentityEmbedder:
    """ArcFace as an ONNX network.

    insightface aligns by its own detector's landmarks; here they come from the face mesh, so embeddings agree closely
    but not bit for bit.

    Args:
        path: the ONNX file: input float32 [1, 3, 112, 112] RGB in -1..1, output [1, width].

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not such a network.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise FileNotFoundError(
                f"There is no ArcFace network at {path}: give the path of glintr100.onnx from insightface's antelopev2."
            )
        wrong = f"{path} is not an ArcFace network with an input of [1, 3, {CROP}, {CROP}]; give glintr100.onnx."
        try:
            self._session = onnx.session(str(path))
        except onnx.NO_NETWORK as error:
            raise ValueError(wrong) from error
        inputs = self._session.get_inputs()
        if [given.shape[1:] for given in inputs] != [[3, CROP, CROP]]:
            raise ValueError(wrong)
        self._input = inputs[0].name

    def __call__(self, image: NDArray[np.uint8], landmarks: NDArray[np.floating]) -> NDArray[np.float32]:
        """Embedding [width], not normalised, of the face with these landmarks in a picture uint8 [H, W, 3]."""
        crop = align(image, landmarks).astype(np.float32) / 127.5 - 1
        (embedding,) = self._session.run(None, {self._input: crop.transpose(2, 0, 1)[None]})
        first: NDArray[np.float32] = np.asarray(embedding, np.float32)[0]
        return first
