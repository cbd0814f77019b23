"""A place behind an address, through fsspec, which nothing else imports; what goes wrong there is one sentence."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from bench.errors import UserMistake, shown, without_secrets
from bench.remote.address import HTTP, Address
from metrics.base.hints import nearest

_PACKAGES = {
    "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs", "abfss": "adlfs", "az": "adlfs",
    "http": "aiohttp", "https": "aiohttp", "sftp": "paramiko", "ssh": "paramiko", "oss": "ossfs", "oci": "ocifs",
    "hf": "huggingface_hub", "smb": "smbprotocol", "webdav": "webdav4", "gdrive": "gdrivefs",
}  # fmt: skip
_RENAMING = frozenset({"file", "local", "memory", "sftp", "ssh", "smb", "ftp", "hdfs", "arrow_hdfs", "webhdfs"})
"""Where a name can be changed; an object store shows an object once all of it has arrived."""
_STAMPS = (
    "etag", "content-md5", "md5hash", "digest", "crc32c", "checksum", "versionid", "version_id", "generation",
    "lastmodified", "last-modified", "last_modified", "mtime", "modified", "updated", "created", "blob_id",
)  # fmt: skip
"""What listings call what changes with an object, in lower case; `created` is of stores that write anew."""

_DEEPEST = 16
"""Folders within folders; a page of links may name ever more."""


class StoreError(UserMistake):
    """The store does not answer as it should; one sentence without secrets, which may go on."""


class Store:
    """One place: an object, or a folder of them.

    Attributes:
        address: of it.
    """

    def __init__(self, address: Address) -> None:
        """Connect.

        Raises:
            UserMistake: nobody knows the address's scheme, or the package that does is not installed.
            StoreError: the store refuses.
        """
        self.address = address
        try:
            import fsspec
        except ImportError as error:
            raise UserMistake(f"{address} needs a package that is not installed: pip install 'fsspec'.") from error
        known = fsspec.available_protocols()
        if address.scheme not in known:
            raise UserMistake(f"{address} has a scheme that fsspec does not know.{nearest(address.scheme, known)}")
        with self._telling("cannot be reached"):
            try:
                self._fs, self._path = fsspec.url_to_fs(address.text, **_options(address))
            except ImportError as error:
                package = _PACKAGES.get(address.scheme)
                how = f"pip install '{package}'" if package else shown(error, 120)
                raise UserMistake(f"{address} needs a package that is not installed: {how}.") from error
            self._fs.invalidate_cache()

    @property
    def name(self) -> str:
        """The last name of the address, as the store spells it."""
        return posixpath.basename(str(self._path))

    def files(self) -> dict[str, dict[str, Any]]:
        """What the store knows of each file below the folder, by its place in the store.

        Raises:
            UserMistake: there is nothing, or a file and no folder.
            StoreError: it cannot be listed.
        """
        with self._telling("cannot be listed"):
            try:
                bounds = {"maxdepth": _DEEPEST} if self.address.scheme in HTTP else {}
                found = self._fs.find(self._path, detail=True, **bounds)
            except (FileNotFoundError, NotADirectoryError):
                found = {}
        if not isinstance(found, dict):
            raise StoreError(f"{self.address} cannot be listed (fsspec gave no listing)")
        listed = {str(name): info if isinstance(info, dict) else {} for name, info in found.items()}
        if set(listed) == {self._path}:
            raise UserMistake(f"{self.address} is a file: name the folder that holds it.")
        if not listed:
            raise UserMistake(f"There is no file at {self.address}: look for a misspelt bucket or folder.")
        return listed

    def place(self, name: str) -> str | None:
        """The path of a listed file below the folder; None where it does not lie below it."""
        root = self._path.rstrip("/") + "/"
        if not name.startswith(root):
            return None
        below = name[len(root) :]
        return unquote(below, errors="surrogateescape") if self.address.scheme in HTTP else below

    def details(self, name: str, listed: dict[str, Any]) -> tuple[int | None, dict[str, str]]:
        """A file's size, None if the store does not tell, and what changes with its content, perhaps nothing.

        Raises:
            StoreError: it cannot be asked for.
        """
        if listed.get("size") is None:
            with self._telling("cannot be read"):
                listed = {**listed, **self._fs.info(name)}
        size = listed.get("size")
        stamps = {key.lower(): value for key, value in listed.items() if value is not None}
        return (
            size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
            {key: shown(without_secrets(str(stamps[key])), 200) for key in _STAMPS if key in stamps},
        )

    def fetch(self, name: str, target: Path) -> None:
        """Copy a file's bytes.

        Raises:
            StoreError: it cannot be read.
        """
        with self._telling("cannot be read"):
            self._fs.get_file(name, str(target))

    def own_size(self) -> int | None:
        """The size of the object that the address names; None if the store does not tell.

        Raises:
            UserMistake: there is none.
            StoreError: it cannot be asked for.
        """
        with self._telling("cannot be read"):
            try:
                info = self._fs.info(self._path)
            except FileNotFoundError as error:
                refused = getattr(error.__cause__, "status", 404)  # over HTTP it is raised for whatever was answered
                if refused != 404:
                    raise StoreError(f"{self.address} cannot be read (HTTP {refused}; {_HOW_TO_LOG_IN})") from error
                raise UserMistake(f"There is no file at {self.address}.") from error
        if info.get("type") == "directory":
            raise UserMistake(f"{self.address} is a folder: name a file in it.")
        return self.details(self._path, info)[0]

    def fetch_own(self, target: Path) -> None:
        """Copy the bytes of the object that the address names; see `fetch`."""
        self.fetch(self._path, target)

    def exists(self) -> bool:
        """Whether anything lies at the address.

        Raises:
            StoreError: the store does not say.
        """
        with self._telling("cannot be looked at"):
            return bool(self._fs.exists(self._path))

    @contextmanager
    def arriving(self, part: str) -> Iterator[str]:
        """A name to write to, which has become the address when the block ends well, and is gone when it does not.

        Where the store can rename it is a temporary one; elsewhere an object appears when all of it has arrived.

        Args:
            part: of the temporary name, told from all others.
        """
        renames = self.address.scheme in _RENAMING
        written = posixpath.join(posixpath.dirname(self._path), f".{self.name}.{part}") if renames else self._path
        try:
            if renames:  # in others there are no folders, and a misspelt bucket must not be made
                with self._telling("cannot be written"):
                    self._fs.makedirs(posixpath.dirname(written), exist_ok=True)
            yield written
            if renames:
                with self._telling("cannot be written"):
                    self._fs.mv(written, self._path)
        except BaseException:
            with suppress(Exception):  # what was the matter before is what matters
                self._fs.rm_file(written)
            raise

    def send(self, source: Path, name: str) -> None:
        """Write a file's bytes.

        Raises:
            StoreError: it cannot be written.
        """
        with self._telling("cannot be written"):
            self._fs.put_file(str(source), name)

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """What stores raise, which may be anything, as a sentence without secrets."""
        try:
            yield
        except UserMistake:
            raise
        except PermissionError as error:
            raise StoreError(f"{self.address} {what} (no permission; {_HOW_TO_LOG_IN})") from error
        except Exception as error:
            if "NoCredentials" in type(error).__name__ or "DefaultCredentials" in type(error).__name__:
                raise StoreError(f"{self.address} {what} (no credentials; {_HOW_TO_LOG_IN})") from error
            said = without_secrets(str(error).replace(self.address.text, str(self.address)))
            why = shown(f"{type(error).__name__}: {said}" if said else type(error).__name__, 160)
            raise StoreError(f"{self.address} {what} ({why})") from error


_HOW_TO_LOG_IN = "give credentials as the store's own tools take them, see docs/scale.md"


def _options(address: Address) -> dict[str, Any]:
    """Options that a store needs: over HTTP a large file may take long, and proxies are those of the environment."""
    if address.scheme not in HTTP:
        return {}
    try:
        import aiohttp
    except ImportError:
        return {}
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=120)
    return {"client_kwargs": {"timeout": timeout, "trust_env": True}}
