"""A store: bytes under keys, in an S3 bucket, a folder or memory.

The only module that knows obstore. One primitive carries all of DASIER's consistency:
`Store.create` writes a key only if it is absent, so that exactly one of several racing
writers wins. Foreign errors are translated here, once.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import LocalStore, MemoryStore, S3Store

from dasier.errors import SettingsInvalid, StoreDenied, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from obstore.store import ObjectStore, S3Config

_TIMEOUT_S = 5
_RETRY_S = 10

_DENIALS = (
    *("PermissionDenied", "Permission denied", "ReadOnlyFilesystem", "Read-only file", "FileTooLarge"),
    *("StorageFull", "No space left", "QuotaExceeded", "quota exceeded", "File too large"),
)
"""How the system says, in obstore's words or its own, that a folder cannot be written."""


class Store:
    """Bytes under keys, with create-if-absent.

    Every method raises `StoreUnavailable` if the store does not answer in time and
    `StoreDenied` if it refuses us.
    """

    def __init__(self, backend: ObjectStore, *, url: str) -> None:
        self._backend = backend
        self.url = url
        self._lists_in_order = isinstance(backend, S3Store)

    def get(self, key: str) -> bytes | None:
        """Give the bytes under a key, or None if there are none."""
        with _translated(f"reading {key}"):
            try:
                return bytes(obstore.get(self._backend, key).bytes())
            except FileNotFoundError:
                return None

    def get_sized(self, key: str, size_bytes: int) -> bytes | int | None:
        """Give the bytes under a key if there are as many as expected, else how many; None if there are none.

        What has another size is not read: it may be larger than memory.
        """
        with _translated(f"reading {key}"):
            try:
                found = obstore.get(self._backend, key)
            except FileNotFoundError:
                return None
            return bytes(found.bytes()) if found.meta["size"] == size_bytes else int(found.meta["size"])

    def create(self, key: str, content: bytes) -> bool:
        """Write a key if it is absent, and say whether these bytes are now what it holds.

        A write that succeeded although its answer was lost is found again by its content: give
        bytes that no other writer would write (a random id in them) where that matters.
        """
        with _translated(f"writing {key}"):
            try:
                obstore.put(self._backend, key, content, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return self.get(key) == content
            return True

    def exists(self, key: str) -> bool:
        """Say whether a key holds anything."""
        with _translated(f"looking at {key}"):
            try:
                obstore.head(self._backend, key)
            except FileNotFoundError:
                return False
            return True

    def keys(
        self, prefix: str, *, written_before: datetime | None = None, written_since: datetime | None = None
    ) -> Iterator[str]:
        """Give every key below a prefix (that was last written before or since a time), in no particular order."""
        with _translated(f"listing {prefix}"):
            for chunk in obstore.list(self._backend, prefix, chunk_size=1_000):
                for item in chunk:
                    written = item["last_modified"]
                    if (written_before is None or written < written_before) and (
                        written_since is None or written >= written_since
                    ):
                        yield item["path"]

    def first(self, prefix: str) -> str | None:
        """Give the key below a prefix that sorts first, or None; on S3 one request."""
        keys = self.keys(prefix)
        return next(keys, None) if self._lists_in_order else min(keys, default=None)

    def folders(self, prefix: str) -> list[str]:
        """Give the names of what stands directly below a prefix, sorted."""
        with _translated(f"listing {prefix}"):
            found = obstore.list_with_delimiter(self._backend, prefix)["common_prefixes"]
        return sorted(path.rstrip("/").rpartition("/")[2] for path in found)

    def delete(self, key: str) -> None:
        """Remove a key: for `dasier gc` alone."""
        with _translated(f"removing {key}"):
            obstore.delete(self._backend, key)


def open_store(url: str, *, environment: dict[str, str] | os._Environ[str] = os.environ) -> Store:
    """Give the store at ``s3://bucket/prefix``, ``file:///folder`` or ``memory://``.

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
        return Store(_bucket(bucket, prefix.strip("/"), environment), url=url)
    raise SettingsInvalid(
        [f"DASIER_REGISTRY is {url!r}: give file:///folder (three slashes) or s3://bucket/prefix"]
    )


def _folder(path: Path) -> LocalStore:
    with _translated(f"opening the folder {path}"):
        return LocalStore(path, mkdir=True, automatic_cleanup=False)


def _bucket(bucket: str, prefix: str, environment: dict[str, str] | os._Environ[str]) -> S3Store:
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    options: S3Config = {
        "region": environment.get("AWS_REGION", environment.get("AWS_DEFAULT_REGION", "us-east-1"))
    }
    if endpoint:
        options["endpoint"] = endpoint
    # obstore would find them in the process's own environment; another one may be given.
    if key := environment.get("AWS_ACCESS_KEY_ID"):
        options["access_key_id"] = key
        options["secret_access_key"] = environment.get("AWS_SECRET_ACCESS_KEY", "")
        if token := environment.get("AWS_SESSION_TOKEN"):
            options["session_token"] = token
    return S3Store(
        bucket,
        prefix=prefix or None,
        config=options,
        client_options={
            "allow_http": bool(endpoint and endpoint.startswith("http://")),
            "timeout": timedelta(seconds=_TIMEOUT_S),
            "connect_timeout": timedelta(seconds=2),
        },
        retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=_RETRY_S)},
    )


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Turn what obstore and the operating system raise into our own errors."""
    try:
        yield
    except (PermissionDeniedError, UnauthenticatedError, PermissionError) as error:
        raise StoreDenied(doing, "no permission") from error
    except (BaseError, OSError) as error:
        reason = str(error).partition("\n")[0]
        if any(sign in str(error) for sign in _DENIALS):
            raise StoreDenied(doing, reason) from error
        raise StoreUnavailable(doing, reason) from error
