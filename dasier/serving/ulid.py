"""Ids that sort by time: ULID, 48 bits of milliseconds and 80 random bits in Crockford's base 32."""

from __future__ import annotations

import os
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)


def ulid() -> str:
    """Give a new id of 26 characters.

    Source: https://github.com/ulid/spec
    """
    number = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10))
    return "".join(_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10))
