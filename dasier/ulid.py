"""Ids that sort by time: ULID, 48 bits of milliseconds and 80 random bits in Crockford's base 32."""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, datetime

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)
_SHIFTS = tuple(range(120, -1, -10))


def ulid() -> str:
    """Give a new id of 26 characters.

    Source: https://github.com/ulid/spec
    """
    number = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10))
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


def since(when: datetime) -> str:
    """Give the ten characters that the ids begin with which are made at a time; later ids sort after them.

    >>> since(datetime(2016, 7, 30, 23, 54, 10, 259000, UTC))
    '01ARZ3NDEK'
    """
    number = round(when.timestamp() * 1000)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(45, -1, -5))


_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def time_of(text: str) -> datetime | None:
    """Give when an id was made, to the millisecond; None if it is no id.

    >>> time_of("01ARZ3NDEKTSV4RRFFQ69G5FAV").isoformat(timespec="milliseconds")
    '2016-07-30T23:54:10.259+00:00'
    """
    if not _ULID.fullmatch(text):
        return None
    milliseconds = 0
    for letter in text[:10]:
        milliseconds = milliseconds * 32 + _ALPHABET.index(letter)
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError):  # after the year 9999
        return None
