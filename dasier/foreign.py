"""What obstore and the operating system raise, as our own errors: translated once, where a store is asked."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from dasier.errors import StoreDenied, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

_DENIALS = (
    *("PermissionDenied", "Permission denied", "ReadOnlyFilesystem", "Read-only file", "FileTooLarge"),
    *("StorageFull", "No space left", "QuotaExceeded", "quota exceeded", "File too large"),
)
"""How the system says, in obstore's words or its own, that a folder cannot be written."""


@contextmanager
def translated(doing: str) -> Iterator[None]:
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
