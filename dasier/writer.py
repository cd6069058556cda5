"""Write one key of a store piece by piece, whatever its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import obstore

from dasier.foreign import translated

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_WRITTEN_BYTES = 8 * 1024 * 1024
"""What is written piece by piece goes up in parts of so many: S3 takes no smaller ones than 5 MiB, and 10,000 of them."""


class Writer:
    """Writes one key; until it is closed, nobody sees anything of it."""

    def __init__(self, backend: ObjectStore, key: str) -> None:
        self._key = key
        with translated(f"writing {key}"):
            self._file = obstore.open_writer(backend, key, buffer_size=_WRITTEN_BYTES, max_concurrency=2)

    def write(self, content: bytes) -> None:
        """Take the next piece."""
        with translated(f"writing {self._key}"):
            self._file.write(content)

    def close(self) -> None:
        """Let it be seen. Who gives up does not call this."""
        with translated(f"writing {self._key}"):
            self._file.close()
