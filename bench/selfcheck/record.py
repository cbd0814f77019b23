"""What one machine got: a readable file that another machine, or a later day, is compared with."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Literal

from pydantic import Field, FiniteFloat, ValidationError

from bench import environment
from bench.choice import Strict
from bench.errors import UserMistake, in_words, shown
from bench.files import UnreadableFile, as_text, read_small, write_json
from bench.selfcheck.reading import Reading

EXPECTED = Path(__file__).with_name("expected.json")
"""The record that ships with the package."""
_MOST_BYTES = 1 << 20

_BEARING = (
    "narrator-bench", "numpy", "scipy", "torch", "torchmetrics", "pystoi", "pyworld", "soxr", "av",
    "opencv-python-headless", "pillow", "onnxruntime", "ai-edge-litert",
)  # fmt: skip
"""Packages that numbers pass through."""


class Number(Strict):
    """A metric's number on the bundled clips, with its signature but for the version."""

    value: FiniteFloat
    unit: str
    signature: str


class Record(Strict):
    """All that one machine got.

    Attributes:
        form: of the file; another one holds checks of other inputs.
        device: where the networks ran, as PyTorch names it.
        environment: versions and processor, by name.
        checks: by "stage/name".
        numbers: by metric.
        not_run: why, by "stage/name"; of a number, "numbers/metric".
        failed: what went wrong, likewise.
    """

    form: Literal[1] = 1
    device: str
    environment: dict[str, str]
    checks: dict[str, Reading] = Field(default_factory=dict)
    numbers: dict[str, Number] = Field(default_factory=dict)
    not_run: dict[str, str] = Field(default_factory=dict)
    failed: dict[str, str] = Field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write the record as JSON; it appears under its name only when whole."""
        write_json(path, self.model_dump(mode="json"))


def read_record(path: Path) -> Record:
    """The record in a file.

    Raises:
        UserMistake: the file cannot be read, or holds something else.
    """
    again = "write it again with `narrator-bench selfcheck --write FILE`"
    try:
        return Record.model_validate_json(as_text(read_small(path, _MOST_BYTES)))
    except UnreadableFile as reason:
        raise UserMistake(f"The record {path} cannot be read: {reason}.") from reason
    except ValidationError as error:
        problem = error.errors()[0]
        place = "/".join(str(part) for part in problem["loc"])
        where = f" ({shown(place, 80)})" if place else ""
        raise UserMistake(f"{path} is no record of a selfcheck{where}: {in_words(problem['msg'])}; {again}.") from error


def describe(device: str) -> dict[str, str]:
    """What numbers may depend on beside the code: versions of packages and codecs, processor, device."""
    import av

    found = environment.describe(device)
    libraries = {name: ".".join(map(str, version)) for name, version in av.library_versions.items()}
    machine = {
        "python": found["python"],
        "system": f"{platform.system()} {platform.machine()}",
        "processor": found["processor"],
    }
    if found["gpu"] and device != "cpu":
        machine["gpu"] = found["gpu"]["name"]
    return machine | {name: found["packages"][name] for name in _BEARING} | libraries
