"""Addresses such as s3://bucket/clips: told from paths, and written down without what is secret in them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from bench.errors import UserMistake, shown, without_secrets
from bench.paths import scheme_of, unusable_character, written_path

HTTP = ("http", "https")
_NAMED = ("abfs", "abfss", "adl", "wasb", "wasbs")
"""Schemes of Azure, where what stands before an @ is a container."""


@dataclass(frozen=True)
class Address:
    """Where something lies that no path names.

    Attributes:
        text: as it was written, which may hold a user's name, a password or a signature: for connecting only. What is
            shown, kept or sent elsewhere is `str(address)`, without these.
    """

    text: str = field(repr=False)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """In a study's file it is its text without secrets."""
        return core_schema.is_instance_schema(cls, serialization=core_schema.plain_serializer_function_ser_schema(str))

    @property
    def scheme(self) -> str:
        """For example "s3"."""
        return self.text.partition("://")[0].lower()

    @property
    def parts(self) -> tuple[str, ...]:
        """The names in its path, behind a bucket's where there is one."""
        _, _, rest = str(self).partition("://")
        if self.scheme in HTTP:
            rest = unquote(rest.partition("/")[2])
        return tuple(part for part in rest.split("/") if part)

    @property
    def has_query(self) -> bool:
        """Whether anything stands behind a question mark."""
        return "?" in self.text

    def __str__(self) -> str:
        scheme, _, rest = self.text.partition("://")
        authority, slash, path = rest.partition("/")
        user, at, host = authority.rpartition("@")
        kept = f"{user}{at}{host}" if scheme.lower() in _NAMED and ":" not in user else host
        path = re.split(r"[?#]" if scheme.lower() in HTTP else r"\?", path, maxsplit=1)[0]
        return f"{scheme}://{kept.partition('?')[0]}{slash}{path}".rstrip("/")


def path_or_address(written: str, what: str) -> Path | Address:
    """What a text names.

    Args:
        what: its role, as the sentence of a mistake begins with it.

    Raises:
        UserMistake: it is neither a path that a file system can hold nor an address.
    """
    if scheme_of(written) is None:
        return written_path(written, what)
    told = f"{what} '{shown(without_secrets(written), 80)}'"
    if (character := unusable_character(written)) is not None:
        raise UserMistake(f"{what} is an address that holds the character {character}, which none does.")
    if "::" in re.sub(r"\[.*?\]", "", written):
        raise UserMistake(f"{told} chains addresses by '::': name one address.")
    authority = written.partition("://")[2].partition("/")[0].rpartition("@")[2]
    if re.search(r":(?!\d*(\?|$))", re.sub(r"\[.*\]", "", authority)):
        raise UserMistake(
            f"{what} is an address whose host has no number behind its ':'; in a password, write / as %2F and @ as %40."
        )
    address = Address(written)
    if not (authority or address.parts):
        raise UserMistake(f"{told} names no place: an address is written as s3://BUCKET/FOLDER.")
    return address
