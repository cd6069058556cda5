"""Where a cell stands in a request: JSON pointers as URI fragments (RFC 6901)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

Pointer = Callable[[int | None, str | None], str]
"""Where a cell stands in the request: of (row, column), either of them None for "all"."""


def pointer_in(prefix: str, *, by_column: bool = False) -> Pointer:
    """Give pointers below a place in the document, e.g. ``#/instances``.

    >>> pointer_in("#/instances")(3, "a/b")
    '#/instances/3/a~1b'
    >>> pointer_in("#/inputs", by_column=True)(3, "age")
    '#/inputs/age/3'
    """

    def pointer(row: int | None, column: str | None) -> str:
        steps = [None if row is None else str(row), None if column is None else column]
        if by_column:
            steps.reverse()
        return "/".join([prefix, *(pointer_step(step) for step in steps if step is not None)])

    return pointer


def pointer_step(step: str) -> str:
    """Give one step of a JSON pointer in a URI fragment (RFC 6901 §6), at most 200 characters of it."""
    return quote(
        step[:200].replace("~", "~0").replace("/", "~1"), safe="~ ()[]<>$,;:=+*'!@&?", errors="replace"
    )
