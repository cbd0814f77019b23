"""Training clips as pictures: KEY.mp4 beside KEY.wav, every frame squeezed to the size that the networks see.

Frames are decoded once into a file of the cache that is read as memory is needed. A folder that `data prepare` has
written is read as well: there the clips lie in `videos`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import av
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from narrator.face import FaceMesh
from narrator.training.errors import TrainingError
from narrator.training.utterances import Utterance
from narrator.video.config import FaceAnimatorConfig
from narrator.video.masks import Rectangle, face_and_lips, location_mask, region_images, soft_masks

Regions = NDArray[np.int32]
"""[N, 2, 4]: rectangles of face and lips of each clip's first frame, x0, x1, y0, y1 in pixels."""


class Frames:
    """All frames of all clips, uint8 [T, size, size, 3] RGB each, from one file.

    Args:
        path: of the raw bytes; `.json` beside it says how many frames each clip has.
    """

    def __init__(self, path: Path) -> None:
        told = json.loads(path.with_suffix(".json").read_text("utf-8"))
        self.size, counts = int(told["size"]), np.asarray(told["frames"], np.int64)
        self.starts: NDArray[np.int64] = np.concatenate([[0], np.cumsum(counts)])
        self._values = np.memmap(path, np.uint8, "r").reshape(-1, self.size, self.size, 3)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, place: int) -> NDArray[np.uint8]:
        """Frames of one clip, [T, size, size, 3]; T is 0 where the clip is sound alone."""
        return self._values[self.starts[place] : self.starts[place + 1]]

    @classmethod
    def cached(cls, path: Path, utterances: Sequence[Utterance], size: int) -> Frames:
        """What lies at `path`, else all clips decoded into it."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            counts: list[int] = []
            partial = path.with_name(f".{path.name}")
            with partial.open("wb") as file:
                for utterance in utterances:
                    counts.append(0)
                    for frame in _decoded(_video(utterance), size) if utterance.pictures else ():
                        file.write(frame.tobytes())
                        counts[-1] += 1
            path.with_suffix(".json").write_text(json.dumps({"size": size, "frames": counts}), "utf-8")
            partial.replace(path)  # last: its presence says that both are whole
        return cls(path)


def regions(path: Path, frames: Frames, weight_paths: Mapping[str, Path] | None) -> Regions:
    """Where the face and the lips are in each clip's first frame, found once.

    A clip without pictures or in which no face is found has rectangles of zero size: it serves the autoencoder alone.

    Raises:
        TrainingError: the networks that find faces are not given.
    """
    if not path.exists():
        if weight_paths is None:
            raise TrainingError(
                f"Training on pictures needs the networks that find the face; give {', '.join(FaceMesh.weights)}."
            )
        mesh, found = FaceMesh(weight_paths), np.zeros((len(frames), 2, 4), np.int32)
        for place in range(len(frames)):
            face = mesh.find(np.ascontiguousarray(frames[place][0])) if len(frames[place]) else None
            if face is not None:
                found[place] = face_and_lips(np.asarray(face.points, np.float64), frames.size, frames.size)
        partial = path.with_name(f".{path.name}")
        np.save(partial, found)
        partial.replace(path)
    stored: Regions = np.load(path)
    return stored


def masks(rectangles: NDArray[np.int32], config: FaceAnimatorConfig) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The face locator's picture [3, size, size] and the soft masks of each level [3, 1, L] of one clip."""
    face, lips = (Rectangle(*map(int, rectangle)) for rectangle in rectangles)
    size = config.size
    located = location_mask(face, size, size, size)
    return located, soft_masks(region_images(face, lips, size, size), config.latent_size, len(config.unet.widths))


def to_floats(frames: NDArray[np.uint8]) -> Tensor:
    """Frames [N, H, W, 3] -> float32 [N, 3, H, W] in -1..1, as `narrator.video.face_inputs.to_pixels`."""
    return torch.from_numpy(np.asarray(frames, np.float32) / 127.5 - 1).permute(0, 3, 1, 2).contiguous()


def _video(utterance: Utterance) -> Path:
    beside = utterance.path.with_suffix(".mp4")
    prepared = utterance.path.parent.parent / "videos" / beside.name
    return prepared if not beside.exists() and prepared.exists() else beside


def _decoded(path: Path, size: int) -> Iterator[NDArray[np.uint8]]:
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                picture = frame.to_ndarray(format="rgb24")
                if picture.shape[:2] != (size, size):
                    picture = np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.BILINEAR))
                yield picture
    except (OSError, av.FFmpegError, IndexError) as error:
        raise TrainingError(f"The video of a clip, {path}, cannot be read ({error}); make the data again.") from error
