"""The input of a job, read a chunk at a time while the chunk before is worked on."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

from dasier.errors import StoreUnavailable

if TYPE_CHECKING:
    from types import TracebackType

    from dasier.store import Store

CHUNK_BYTES = 8 * 1024 * 1024
_KEPT = 3
"""Two chunks that a block lies in, and the one that is on its way."""


class Source:
    """Gives any part of an object; cheap for who reads on from where they were.

    Each chunk is a request of its own, so that none lasts longer than the store has patience for.

    Parameters
    ----------
    store : Store
    key : str
    size_bytes : int
    """

    def __init__(self, store: Store, key: str, size_bytes: int, *, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._store, self._key, self.size_bytes = store, key, size_bytes
        self._chunk_bytes = chunk_bytes
        self._chunks: OrderedDict[int, Future[bytes]] = OrderedDict()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="source")

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Forget what is on its way."""
        self._pool.shutdown(cancel_futures=True)

    def read(self, start: int, end: int) -> bytes:
        """Give the bytes from one place to another.

        Raises
        ------
        StoreUnavailable
        """
        if start >= end:
            return b""
        first, last = start // self._chunk_bytes, (end - 1) // self._chunk_bytes
        parts = [self._chunk(number).result() for number in range(first, last + 1)]
        if (last + 1) * self._chunk_bytes < self.size_bytes:
            self._chunk(last + 1)
        offset = first * self._chunk_bytes
        return b"".join(parts)[start - offset : end - offset]

    def _chunk(self, number: int) -> Future[bytes]:
        found = self._chunks.get(number)
        if found is None:
            found = self._chunks[number] = self._pool.submit(self._load, number)
            while len(self._chunks) > _KEPT:
                self._chunks.popitem(last=False)
        return found

    def _load(self, number: int) -> bytes:
        start = number * self._chunk_bytes
        content = self._store.get_range(self._key, start, min(start + self._chunk_bytes, self.size_bytes))
        if content is None:
            raise StoreUnavailable(f"reading {self._key}", "it is gone")
        return content
