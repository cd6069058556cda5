"""A store: bytes under keys, in an S3 bucket, a folder or memory.

With `dasier.bucket`, `dasier.writer` and `dasier.foreign` the only module that knows obstore. One primitive carries all of DASIER's consistency:
`Store.create` writes a key only if it is absent, so that exactly one of several racing
writers wins.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    GenericError,
)
from obstore.store import LocalStore, MemoryStore, S3Store

from dasier.bucket import PATIENCE, open_bucket, pauses
from dasier.errors import SettingsInvalid
from dasier.foreign import translated
from dasier.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from obstore import ObjectMeta
    from obstore.store import ObjectStore

    from dasier.bucket import Patience

Result = TypeVar("Result")

LARGE_BYTES = 256 * 1024
"""What is larger is uploaded patiently: how long that takes is for the line to say, not for the store."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a listing tells of a key."""

    key: str
    size_bytes: int
    written: datetime


class Store:
    """Bytes under keys, with create-if-absent.

    Every method raises `StoreUnavailable` if the store does not answer in time and
    `StoreDenied` if it refuses us.
    """

    def __init__(
        self,
        backend: ObjectStore,
        *,
        url: str,
        uploads: Callable[[], ObjectStore] | None = None,
        signs_for: ObjectStore | None = None,
        retry_s: float = 0.0,
    ) -> None:
        self._backend = backend
        self._uploads: Callable[[], ObjectStore] = cache(uploads) if uploads else lambda: backend
        self._signs_for = signs_for or backend
        self._retry_s = retry_s
        self.url = url
        self._is_bucket = isinstance(backend, S3Store)

    def get(self, key: str) -> bytes | None:
        """Give the bytes under a key, or None if there are none."""
        with translated(f"reading {key}"):
            try:
                return bytes(obstore.get(self._backend, key).bytes())
            except FileNotFoundError:
                return None

    def get_sized(self, key: str, size_bytes: int) -> bytes | int | None:
        """Give the bytes under a key if there are as many as expected, else how many; None if there are none.

        What has another size is not read: it may be larger than memory.
        """
        with translated(f"reading {key}"):
            try:
                found = obstore.get(self._backend, key)
            except FileNotFoundError:
                return None
            return bytes(found.bytes()) if found.meta["size"] == size_bytes else int(found.meta["size"])

    def get_range(self, key: str, start: int, end: int) -> bytes | None:
        """Give the bytes from one place to another, or to the end if that is before; None if there are none."""
        with translated(f"reading {key}"):
            try:
                return bytes(obstore.get_range(self._backend, key, start=start, end=end))
            except FileNotFoundError:
                return None

    def size(self, key: str) -> int | None:
        """Give how many bytes a key holds; None if it is not there."""
        with translated(f"looking at {key}"):
            try:
                return int(obstore.head(self._backend, key)["size"])
            except FileNotFoundError:
                return None

    def create(self, key: str, content: bytes) -> bool:
        """Write a key if it is absent, and say whether these bytes are now what it holds.

        A write that succeeded although its answer was lost is found again by its content: give
        bytes that no other writer would write (a random id in them) where that matters.
        """
        with translated(f"writing {key}"):
            return self._persistently(lambda: self._create(key, content))

    def _create(self, key: str, content: bytes) -> bool:
        """Try once to write a key.

        Raises
        ------
        _Unsure
            If the store did not say whether it was written, and it is not there now. To try again
            is safe: it is written if absent, and what was written after all has this content.
        """
        backend = self._uploads() if len(content) > LARGE_BYTES else self._backend
        why = "somebody is writing it"
        try:
            obstore.put(backend, key, content, mode="create", use_multipart=False)
        except AlreadyExistsError:
            # S3 answers 409 to one of two who write at once, before the other has written: look who it was.
            pass
        except GenericError as error:
            if not self._is_bucket:
                raise
            why = str(error).partition("\n")[0]
        else:
            return True
        found = self.get(key)
        if found is None:
            raise _Unsure(why)
        return found == content

    def writer(self, key: str) -> Writer:
        """Give what writes a key piece by piece, of any size; whoever writes last wins, so it is for drafts and copies."""
        return Writer(self._uploads(), key)

    def settle(self, draft: str, key: str) -> bool:
        """Give what a draft holds another key, if that is absent; say whether it was. The draft is gone."""
        with translated(f"writing {key}"):
            try:
                obstore.rename(self._backend, draft, key, overwrite=False)
            except AlreadyExistsError:
                obstore.delete(self._backend, draft)
                return False
            return True

    def signed(self, method: Literal["GET", "PUT"], key: str, *, valid_s: float) -> str | None:
        """Give an address that lets whoever has it do just this to a bucket, for a while; None where there is none."""
        if not isinstance(self._signs_for, S3Store):
            return None
        with translated(f"signing for {key}"):
            return str(obstore.sign(self._signs_for, method, key, timedelta(seconds=valid_s)))

    def exists(self, key: str) -> bool:
        """Say whether a key holds anything."""
        with translated(f"looking at {key}"):
            try:
                obstore.head(self._backend, key)
            except FileNotFoundError:
                return False
            return True

    def keys(
        self, prefix: str, *, written_before: datetime | None = None, written_since: datetime | None = None
    ) -> Iterator[str]:
        """Give every key below a prefix (that was last written before or since a time), in no particular order."""
        with translated(f"listing {prefix}"):
            for item in self._listed(prefix, None):
                written = item["last_modified"]
                if (written_before is None or written < written_before) and (
                    written_since is None or written >= written_since
                ):
                    yield item["path"]

    def entries(self, prefix: str, *, after: str | None = None) -> Iterator[Entry]:
        """Give what is below a prefix (and sorts after a key), in no particular order."""
        with translated(f"listing {prefix}"):
            for item in self._listed(prefix, after):
                yield Entry(item["path"], item["size"], item["last_modified"])

    def written(self, prefix: str) -> list[tuple[datetime, str]]:
        """Give every key below a prefix and when the store wrote it by its own clock, the first that was written first."""
        return sorted((entry.written, entry.key) for entry in self.entries(prefix))

    def _listed(self, prefix: str, after: str | None) -> Iterator[ObjectMeta]:
        """Give what is below a prefix, going on after the last that was seen when a listing is cut off.

        obstore does so with an object, but not with a listing.
        """
        left, seen = pauses(self._retry_s), after
        while True:
            try:
                for chunk in obstore.list(self._backend, prefix, offset=seen, chunk_size=1_000):
                    for item in chunk:
                        seen = item["path"]
                        yield item
            except GenericError:
                if (pause_s := next(left, None)) is None:
                    raise
                time.sleep(pause_s)
            else:
                return

    def first(self, prefix: str, *, wanted: Callable[[str], object] = str) -> str | None:
        """Give the key below a prefix that sorts first of those that are wanted, or None; on S3 one request as a rule."""
        keys = filter(wanted, self.keys(prefix))
        return next(keys, None) if self._is_bucket else min(keys, default=None)

    def folders(self, prefix: str) -> list[str]:
        """Give the names of what stands directly below a prefix, sorted."""
        with translated(f"listing {prefix}"):
            found = self._persistently(lambda: obstore.list_with_delimiter(self._backend, prefix))
        return sorted(path.rstrip("/").rpartition("/")[2] for path in found["common_prefixes"])

    def delete(self, key: str) -> None:
        """Remove a key, if it is there: for `dasier gc` alone."""
        # What is gone already is an error to a folder, and none to a bucket.
        with translated(f"removing {key}"), suppress(FileNotFoundError):
            obstore.delete(self._backend, key)

    def _persistently(self, act: Callable[[], Result]) -> Result:
        """Do what may be done again until it is done, or the time is over."""
        for pause_s in pauses(self._retry_s):
            with suppress(GenericError):
                return act()
            time.sleep(pause_s)
        return act()


class _Unsure(GenericError):
    """Nobody can say (yet) whether something was written."""


def open_store(
    url: str,
    *,
    environment: dict[str, str] | os._Environ[str] = os.environ,
    patience: Patience = PATIENCE,
    seen_at: str | None = None,
) -> Store:
    """Give the store at ``s3://bucket/prefix``, ``file:///folder`` or ``memory://``.

    Parameters
    ----------
    seen_at : str, optional
        The address of S3 for those whom a signed link is given to, if it is another one than for us.

    Raises
    ------
    SettingsInvalid
        If the URL is of another form.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "file" and rest.startswith("/"):
        return Store(_folder(Path(rest)), url=url)
    if scheme == "memory":
        return Store(MemoryStore(), url=url)
    if scheme == "s3" and rest.partition("/")[0]:
        bucket, _, prefix = rest.partition("/")
        at = bucket, prefix.strip("/"), environment
        theirs = {**environment, "AWS_ENDPOINT_URL_S3": seen_at} if seen_at else None
        return Store(
            # A time for the whole request would refuse what is large where the line is slow; silence is no progress.
            open_bucket(*at, patience, read_timeout=timedelta(seconds=patience.silence_s)),
            url=url,
            # While a body goes up nothing comes back, and that is no silence.
            uploads=lambda: open_bucket(*at, patience),
            signs_for=open_bucket(bucket, at[1], theirs, patience) if theirs else None,
            retry_s=patience.retry_s,
        )
    raise SettingsInvalid(
        [f"DASIER_REGISTRY is {url!r}: give file:///folder (three slashes) or s3://bucket/prefix"]
    )


def _folder(path: Path) -> LocalStore:
    with translated(f"opening the folder {path}"):
        return LocalStore(path, mkdir=True, automatic_cleanup=False)
