"""Keep the memory of a server with many threads small."""

from __future__ import annotations

import ctypes
import os

_SETTING = "MALLOC_ARENA_MAX"
_HEAPS = 2
_M_ARENA_MAX = -8
"""In `malloc.h` of glibc."""


def few_heaps() -> None:
    """Have threads share two heaps of the C library, in this process and in those that it starts.

    glibc gives threads heaps of their own, eight for each core, and each keeps the most that it ever held. Who sets
    `MALLOC_ARENA_MAX` decides for themselves. It has to come before the first thread, and does nothing where the C library is another.
    """
    if _SETTING in os.environ:
        return
    os.environ[_SETTING] = str(_HEAPS)
    try:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _HEAPS)
    except (AttributeError, OSError):
        return  # neither musl nor macOS knows it
