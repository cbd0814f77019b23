"""Whether the generated face is the face that was asked for: cosines of face embeddings.

The generated frames are held against the driving image where it is known, else against the first frame of the
reference in which a face is found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from metrics.base.asked import Asked, Need
from metrics.base.metric import ClipObserver, Modality, PairedMetric, Statistics, Unmeasurable
from metrics.base.ranges import Configuration, Range
from metrics.base.score import Score
from metrics.base.signature import reduction_field
from metrics.batching import Blocks
from metrics.onnx_session import loaded, run
from metrics.video.dlib_face import WEIGHTS as DLIB_WEIGHTS
from metrics.video.dlib_face import dlib_face
from metrics.video.face_chip import ARCFACE, DLIB, Chip
from metrics.video.face_mesh import WEIGHTS as MESH_WEIGHTS
from metrics.video.face_mesh import FaceMeshTracker
from metrics.weights import WeightsError, fetch

Network = Literal["dlib", "arcface"]

BLOCK = 8
_SECOND = 25
"""Frames."""
_CHIPS: dict[Network, Chip] = {"dlib": DLIB, "arcface": ARCFACE}
_WEIGHTS: dict[Network, str] = {"dlib": DLIB_WEIGHTS, "arcface": "arcface"}


@dataclass(frozen=True)
class IdentityConfig(Configuration):
    """One convention.

    Attributes:
        network: what embeds faces: "dlib" (CC0, everywhere), or insightface's "arcface" where the user has it.
        summary: of the cosines of a clip's frames: their "mean", the "worst", or their "drift", the slope of a straight
            line through them in 1/s, a second being 25 frames.
        stride: every how many frames one is looked at, from the first on.
    """

    network: Network = "dlib"
    summary: Literal["mean", "worst", "drift"] = reduction_field("mean")
    stride: Annotated[int, Range(1, 1000)] = 5


CONVENTIONS = {
    "identity": IdentityConfig(),
    "identity-worst": IdentityConfig(summary="worst"),
    "identity-drift": IdentityConfig(summary="drift"),
    "identity-arcface": IdentityConfig(network="arcface"),
}
"""Registry name to convention."""


class FaceObserver(ClipObserver):
    """Embeddings of the faces in every `stride`-th frame; memory grows by one embedding a frame."""

    def __init__(self, config: IdentityConfig, device: torch.device) -> None:
        self._config = config
        self._tracker = FaceMeshTracker()
        self._blocks = Blocks(_embedder(config.network, str(device)), BLOCK)
        self._times: list[int] = []
        self._seen = 0

    def frames(self, frames: NDArray[np.uint8]) -> None:
        for place in range(-self._seen % self._config.stride, len(frames), self._config.stride):
            mesh = self._tracker.track(frames[place])
            if mesh is not None:
                chip = _CHIPS[self._config.network].cut(frames[place], mesh)
                self._blocks.add(torch.from_numpy(chip).permute(2, 0, 1)[None].float())
                self._times.append(self._seen + place)
        self._seen += len(frames)

    def finish(self) -> Callable[[], Statistics]:
        return self._measured

    def _measured(self) -> Statistics:
        if not self._seen:
            raise Unmeasurable("the clip has no frames")
        looked = -(-self._seen // self._config.stride)
        if not self._times:
            raise Unmeasurable(f"no face found in any of {looked} frames")
        faces = self._blocks.results().astype(np.float64)
        lengths = np.linalg.norm(faces, axis=1, keepdims=True)
        if not (np.isfinite(lengths).all() and lengths.all()):
            raise Unmeasurable("the network's embedding of a face is zero or not finite")
        return {
            "faces": faces / lengths,
            "times": np.array(self._times, np.int64),
            "faceless": np.array(looked - len(self._times)),
        }


class Identity(PairedMetric):
    """Cosine of face embeddings of generated frames and of the driving image, -1 to 1, higher is better.

    Per clip: "faces" float64 [k, d], of length 1, of the k frames with a face, their "times" in frames, and how many
    frames that were looked at are "faceless"; these have no cosine, and are counted in the score's details.

    Args:
        name: one of `CONVENTIONS`, or a name for the configuration given.
        config: the convention; None takes the one called `name`.
        **options: to `torchmetrics.Metric`.

    Raises:
        WeightsError: on first use, if the weights cannot be had.
    """

    name, title = "identity", "Identity"
    higher_is_better = True
    modalities: ClassVar[frozenset[Modality]] = frozenset({"video"})
    needs: ClassVar[frozenset[Need]] = frozenset({"image"})
    reference_free: ClassVar[bool] = True
    statistics_kind = "faces"
    conventions: ClassVar[Mapping[str, Any]] = CONVENTIONS
    takes_images = True

    @property
    def unit(self) -> str:  # type: ignore[override]
        return "1/s" if self.config.summary == "drift" else ""

    @property
    def limits(self) -> tuple[float, float]:  # type: ignore[override]
        return (-np.inf, np.inf) if self.config.summary == "drift" else (-1.0, 1.0)

    @property
    def weights(self) -> tuple[str, ...]:
        return (*MESH_WEIGHTS, _WEIGHTS[self.config.network])

    def observe(self) -> FaceObserver:
        return FaceObserver(self.config, self.device)

    def asked(self, prompt: Asked) -> Statistics:
        """The driving image's face under "driving", where there is a driving image."""
        prompt.require_usable("image")
        if prompt.image is None:
            return {}
        observer = FaceObserver(self.config, self.device)
        observer.frames(np.ascontiguousarray(prompt.image)[None])
        try:
            return {"driving": observer.finish()()["faces"][0]}
        except Unmeasurable as reason:
            raise Unmeasurable("no face found in the driving image") from reason

    def compare(self, reference: Statistics, generated: Statistics) -> Statistics:
        """The summary of the cosines under "value", and how many frames had no face, and how many one."""
        wanted = reference.get("driving", reference["faces"][0] if "faces" in reference else None)
        if wanted is None:
            raise Unmeasurable("there is neither a driving image nor a reference with a face to compare with")
        cosines, times = generated["faces"] @ wanted, generated["times"]
        if self.config.summary == "drift":
            if len(times) < 3:
                raise Unmeasurable(f"a face in {len(times)} frames, a drift needs 3")
            value = float(np.polyfit(times / _SECOND, cosines, 1)[0])
        else:
            value = float(cosines.mean() if self.config.summary == "mean" else cosines.min())
            value = float(np.clip(value, -1, 1))
        return {"value": np.array(value), "faceless": generated["faceless"], "faces": np.array(len(times))}

    def score(self, pairs: Mapping[str, Statistics], failed: Mapping[str, str] | None = None) -> Score:
        """The mean over pairs; frames without a face are counted in the details."""
        score = super().score(pairs, failed)
        counts = {name: sum(int(pairs[key][name]) for key in pairs) for name in ("faces", "faceless")}
        told = {"frames_with_a_face": float(counts["faces"]), "frames_without_a_face": float(counts["faceless"])}
        return replace(score, details={**score.details, **told}) if pairs else score


def _embedder(network: Network, device: str) -> Callable[[Tensor], Tensor]:
    """RGB 0..255, float32 [N, 3, side, side], to embeddings float32 [N, d]."""
    if network == "dlib":
        dlib = dlib_face(device)
        return lambda chips: dlib(chips.to(device))
    arcface = loaded(fetch("arcface"))
    given = arcface.get_inputs()[0]
    if list(given.shape[1:]) != [3, ARCFACE.side, ARCFACE.side] or len(arcface.get_outputs()) != 1:
        raise WeightsError(f"{fetch('arcface')} is not an ArcFace network with an input of [1, 3, 112, 112].")

    def embed(chips: Tensor) -> Tensor:
        scaled = (chips.numpy() - np.float32(127.5)) / np.float32(127.5)
        return torch.from_numpy(np.concatenate([run(arcface, {given.name: one[None]}) for one in scaled]))

    return embed
