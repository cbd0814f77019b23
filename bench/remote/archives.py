"""Archives at an address: sent under a temporary name where the store can rename, read back, and fetched whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import fingerprint
from bench.errors import UserMistake
from bench.remote.address import HTTP, Address
from bench.remote.store import Store, StoreError


@contextmanager
def sent(address: Address) -> Iterator[Path]:
    """A local file that lies at the address when the block ends well.

    It is read back and compared before it gets its name, or, in a store that cannot rename, is deleted if it differs.

    Raises:
        UserMistake: something lies there already, or nothing can be written there.
        StoreError: it cannot be written, or what is there differs.
    """
    if address.scheme in HTTP:
        raise UserMistake(f"{address} can only be read: name an address that can be written, for example of s3://.")
    store = Store(address)
    if store.exists():
        raise UserMistake(f"{address} exists already: name another file, or delete it first.")
    with tempfile.TemporaryDirectory(prefix="narrator-bench-") as folder:
        local, back = Path(folder) / "archive.zip", Path(folder) / "back.zip"
        yield local
        checksum = fingerprint.of_file(local)
        with store.arriving(checksum[:16]) as name:
            store.send(local, name)
            store.fetch(name, back)
            if fingerprint.of_file(back) != checksum:
                raise StoreError(f"{address} does not give back what was written: try again.")


@contextmanager
def fetched(address: Address, near: Path) -> Iterator[Path]:
    """A local copy of the file at an address, in a private folder below `near`, as long as the block lasts.

    Mistakes that the block raises over the copy are told of the address.

    Raises:
        UserMistake: there is no such file, or no room for it.
        StoreError: it cannot be read.
    """
    store = Store(address)
    size = store.own_size()
    if size is not None and size > shutil.disk_usage(near).free:
        raise UserMistake(f"No room in {near} for {address}, which has {size / 2**30:.1f} GiB: make some.")
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=near) as folder:
        local = Path(folder) / "archive.zip"
        store.fetch_own(local)
        if size is not None and local.stat().st_size != size:
            raise StoreError(f"{address} gave {local.stat().st_size} of its {size} bytes: try again.")
        try:
            yield local
        except UserMistake as mistake:
            raise UserMistake(str(mistake).replace(str(local), str(address))) from mistake
