"""What an archive holds: its members by name, size and hash, and which members there can be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.errors import UserMistake, in_words, shown
from reports.profiles import FILE as PROFILE
from reports.results import COSTS, ENVIRONMENT, SCORES
from reports.rows import FILE as CLIPS

MANIFEST = "manifest.json"
RESULTS, STUDY = "results.json", "study.yaml"
RECORDS = (SCORES, COSTS, ENVIRONMENT, RESULTS, STUDY)
"""Members of every archive: all that tables, comparisons and a replay need."""
MAYBE = (PROFILE, CLIPS)
"""Records of those archives whose run has them."""
FOLDERS = ("generated", "measured", "reference")
"""Folders of a run whose files may be members too."""

CHUNK = 1 << 20
MAX_MANIFEST = 32 << 20
MAX_DIRECTORY = 32 << 20
"""Bytes of the list of members that a ZIP ends with; some 200,000 members."""
MAX_RECORD = 512 << 20
MAX_ROWS = 16 << 30
"""The rows of clips, which are read one by one; half a gigabyte for a million."""
MAX_TOTAL = 256 << 30
MAX_RATIO = 200
"""How many times its size in the archive a member may have; JSON of scores has about ten times."""
SMALL = 16 << 20
"""A smaller member may have any ratio: repeated reasons compress without measure, and cannot fill a disk."""

_PART = r"[A-Za-z0-9_+][A-Za-z0-9._+@-]{0,199}"  # as labels and keys of clips are spelt
_NAME = re.compile(rf"{'|'.join(map(re.escape, RECORDS + MAYBE))}|(?:{'|'.join(FOLDERS)})(?:/{_PART}){{1,4}}")


class ArchiveError(UserMistake):
    """A file is not an archive that can be used; the message is one sentence."""

    def __init__(self, path: Path, reason: str) -> None:
        mend = "write it again with `narrator-bench archive`, or get a whole copy"
        super().__init__(f"The archive {path} cannot be used, {shown(reason)}: {mend}.")


def is_member_name(name: str) -> bool:
    """Whether a run gives a file this name: relative, inside its folder, and the same on every system."""
    return _NAME.fullmatch(name) is not None


def clash(names: Iterable[str]) -> str | None:
    """The first name that stands twice where case is ignored, or is a folder of another; None if there is none."""
    seen: set[str] = set()
    folders: set[str] = set()
    for name in sorted(names):
        folded = name.casefold()
        if folded in seen:
            return name
        seen.add(folded)
        folders |= {folded[:end] for end in range(len(folded)) if folded[end] == "/"}
    return min(seen & folders, default=None)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Member(_Strict):
    """Size and hash of one member."""

    size: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Manifest(_Strict):
    """`manifest.json`: everything else in the archive, and nothing that is not."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    study: str
    members: dict[str, Member]

    def to_json(self) -> bytes:
        """Equal manifests give equal bytes."""
        return self.model_dump_json(by_alias=True, indent=1).encode() + b"\n"


def read_manifest(content: bytes, path: Path) -> Manifest:
    """The manifest of the archive at `path`.

    Raises:
        ArchiveError: it is none, or is of another schema.
    """
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        if problem["loc"] == ("schema",):
            found = shown(repr(problem["input"]), 40)
            raise ArchiveError(path, f"its {MANIFEST} has schema {found}, and this version reads schema 1") from error
        said = " ".join([*(str(part) for part in problem["loc"]), in_words(problem["msg"])])
        raise ArchiveError(path, f"its {MANIFEST} is none ({shown(said, 160)})") from error
