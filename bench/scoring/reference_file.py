"""Reference statistics in a file: the Gaussians of real clips, so that these need not be measured again or be here."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench import fingerprint
from bench.errors import UserMistake, shown
from bench.files import atomic, obstacle
from bench.media.clip import Decoding
from metrics.base.metric import ClipMetric
from metrics.frechet.distance import Gaussian
from metrics.frechet.metric import FrechetMetric
from metrics.frechet.moments import Moments

_FORMAT = "narrator-bench reference statistics 1"
_MOST = 2 << 30
"""Bytes, unpacked; a Gaussian of 2048 dimensions has 34 MB."""
FOREIGN_METRICS = ("fid", "fid-pytorch", "fid-clean", "fid-torchmetrics")
"""What mean and covariance of Inception features, as other packages keep them, can be read for."""
NO_COUNT = "the file of reference statistics does not say of how many images they are"


@dataclass(frozen=True)
class ReferenceSet:
    """What is kept of the real clips by one metric.

    Attributes:
        mean: float64 [d].
        scatter: float64 [d, d], the sum of the centred vectors' outer products; of a foreign file its covariance.
        vectors: how many there were; 0 where that is not told, and then `scatter` is the covariance.
        clips: how many there were; 0 where that is not told.
        signature: of the metric; "" where that is not told.
    """

    mean: NDArray[np.float64]
    scatter: NDArray[np.float64]
    vectors: int
    clips: int
    signature: str

    def gaussian(self, metric: FrechetMetric) -> Gaussian:
        """As the metric's distance wants it."""
        if not self.vectors:
            return Gaussian.given(self.mean, self.scatter)
        moments = Moments(self.vectors, torch.from_numpy(self.mean), torch.from_numpy(self.scatter))
        return Gaussian.given(moments.mean, moments.covariance(metric.config.ddof))


@dataclass(frozen=True)
class ReferenceFile:
    """A file of reference statistics.

    Attributes:
        path: where it lies.
        decoding: how the clips were read; None where another package made the file and does not say.
        sets: by metric.
    """

    path: Path
    decoding: Mapping[str, Any] | None
    sets: Mapping[str, ReferenceSet]

    def of(self, metric: ClipMetric, decoding: Decoding) -> ReferenceSet | str:
        """The statistics that serve a metric, or why there are none.

        Raises:
            UserMistake: there are some, and they were made in another way.
        """
        if not isinstance(metric, FrechetMetric):
            return f"{metric.name} compares with real clips themselves, and --real is a file of statistics"
        if self.decoding is None:
            return self._foreign(metric)
        alike = [one for one in self.sets.values() if one.signature.partition("|")[0] == metric.name]
        if not alike:
            return f"{self.path.name} holds no statistics of it, only of {', '.join(self.sets)}"
        found = next((one for one in alike if one.signature == metric.signature), None)
        if found is None:
            raise UserMistake(
                f"{self.path}: its statistics of {metric.name} were made as {shown(alike[0].signature)}, and here it "
                f"is {shown(metric.signature)}: make them again with `stats make`."
            )
        now = _described(decoding)
        if other := [f"{name} was {self.decoding.get(name)} and is {now[name]}" for name in now
                     if self.decoding.get(name) != now[name]]:  # fmt: skip
            raise UserMistake(
                f"{self.path} was made under another protocol ({_hash(self.decoding)}, here {_hash(now)}): "
                f"{', '.join(other)}; say the same, or make it again with `stats make`."
            )
        return found

    def _foreign(self, metric: FrechetMetric) -> ReferenceSet | str:
        found = self.sets[""]
        if metric.name not in FOREIGN_METRICS:
            return f"{self.path.name} holds mu and sigma alone, which are read for {', '.join(FOREIGN_METRICS)}"
        if len(found.mean) != metric.dimension:
            return f"{self.path.name} has {len(found.mean)} dimensions, {metric.name} has {metric.dimension}"
        return found


def write_reference_file(path: Path, decoding: Decoding, sets: Mapping[str, ReferenceSet]) -> None:
    """Keep reference statistics; equal ones give equal bytes."""
    told = {
        "format": _FORMAT,
        "decoding": _described(decoding),
        "metrics": {
            name: {"signature": one.signature, "clips": one.clips, "vectors": one.vectors} for name, one in sets.items()
        },
    }
    arrays: dict[str, Any] = {"about": np.frombuffer(json.dumps(told, sort_keys=True).encode(), np.uint8)}
    for name, one in sets.items():
        arrays |= {f"{name}/mean": one.mean, f"{name}/scatter": one.scatter}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    with atomic(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


def read_reference_file(path: Path) -> ReferenceFile:
    """A file of `write_reference_file`, or an .npz with `mu` and `sigma` as pytorch-fid and torch-fidelity users have.

    Nothing in it is executed: arrays of Python objects are refused.

    Raises:
        UserMistake: it is no such file.
    """
    if reason := obstacle(path):
        raise UserMistake(f"--real {path} cannot be read: {reason}.")
    try:
        with zipfile.ZipFile(path) as whole:
            if sum(member.file_size for member in whole.infolist()) > _MOST:
                raise ValueError(f"it unpacks to more than {_MOST >> 30} GiB")
        with np.load(path, allow_pickle=False) as arrays:
            if "about" in arrays:
                return _ours(path, arrays)
            if "mu" in arrays and "sigma" in arrays:
                return ReferenceFile(path, None, {"": _checked(arrays["mu"], arrays["sigma"], 0, 0, "")})
            raise ValueError(f"it holds {shown(', '.join(sorted(arrays)), 80) or 'nothing'}")
    except UserMistake:
        raise
    except Exception as error:  # zipfile and NumPy raise whatever a broken file makes them
        raise UserMistake(
            f"--real {path} is no folder of clips and no file of reference statistics "
            f"({shown(error).rstrip('.')}): name a folder, a file of `stats make`, or an .npz with mu and sigma."
        ) from error


def _ours(path: Path, arrays: Any) -> ReferenceFile:
    told = json.loads(arrays["about"].tobytes())
    if told["format"] != _FORMAT:
        raise ValueError(f"its format is {shown(told['format'], 80)}, and {_FORMAT} is read")
    sets = {
        str(name): _checked(
            arrays[f"{name}/mean"], arrays[f"{name}/scatter"], int(one["vectors"]), int(one["clips"]),
            str(one["signature"]),
        )
        for name, one in told["metrics"].items()
    }  # fmt: skip
    if any(one.vectors < 2 for one in sets.values()):
        raise ValueError("it claims statistics of fewer than two vectors")
    return ReferenceFile(path, dict(told["decoding"]), sets)


def _checked(mean: Any, scatter: Any, vectors: int, clips: int, signature: str) -> ReferenceSet:
    mean, scatter = (np.asarray(array, dtype=np.float64) for array in (mean, scatter))
    if mean.ndim != 1 or not mean.size or scatter.shape != (len(mean), len(mean)):
        raise ValueError(f"mean and covariance are {list(mean.shape)} and {list(scatter.shape)}, not [d] and [d, d]")
    Gaussian.given(mean, scatter)  # finite, symmetric, no negative eigenvalue
    return ReferenceSet(mean, scatter, vectors, clips, signature)


def _described(decoding: Decoding) -> dict[str, Any]:
    return asdict(decoding)


def _hash(decoding: Mapping[str, Any]) -> str:
    return fingerprint.of_json(dict(decoding))[:8]
