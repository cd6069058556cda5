"""Violations as they are found, each with its place in the request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dasier.errors import RowsRefused, Violation

if TYPE_CHECKING:
    from dasier.rows.pointers import Pointer

MAX_VIOLATIONS = 1_000
"""How many violations are spelled out; a request with more is refused all the same."""


class Faults:
    """Violations as they are found; cells that have one are not judged a second time."""

    def __init__(self, pointer: Pointer) -> None:
        self.pointer = pointer
        self.found: list[Violation] = []
        self.count = 0
        self.cells: set[tuple[int | None, str | None]] = set()

    def add(self, row: int | None, column: str | None, code: str, detail: str) -> None:
        self.count += 1
        self.cells.add((row, column))
        if len(self.found) < MAX_VIOLATIONS:
            self.found.append(Violation(self.pointer(row, column), code, detail))

    def refusal(self) -> RowsRefused:
        if self.count > MAX_VIOLATIONS:
            more = self.count - MAX_VIOLATIONS
            self.found.append(Violation("#", "more", f"And {more} more problems of the same kinds."))
        return RowsRefused(self.found)
