"""Answer a block of rows: the good ones together, and of each bad one everything that is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

import numpy as np

from dasier.errors import MalformedBody, RowsRefused
from dasier.jobs import splitting
from dasier.jobs.writing import Refusal, Results, warned
from dasier.rows import MAX_VIOLATIONS, pointer_in
from dasier.serving.formats.table_csv import read_csv
from dasier.serving.predicting import MOST_BLAMED, predict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dasier.errors import InvalidRequest
    from dasier.jobs.splitting import Block
    from dasier.rows import Rows
    from dasier.schema import Schema
    from dasier.serving.loading import Loaded

_POINTER = pointer_in("#")
_ROWLESS = frozenset({"unknown_column", "duplicate_column", "missing", "more", "malformed_csv"})
"""What is said of a table as a whole."""


@dataclass(slots=True)
class Answered:
    """What came of a block.

    Attributes
    ----------
    rows : int
        How many it has.
    lines : list of bytes
        Results, in order.
    refusals : list of Refusal
    """

    rows: int = 0
    lines: list[bytes] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def refused(self) -> int:
        """How many rows were not answered."""
        return len({refusal.row for refusal in self.refusals})

    @property
    def refused_lines(self) -> bytes:
        """Every fault, in the order of the rows."""
        return b"".join(refusal.line() for refusal in sorted(self.refusals))


def check_header(header: bytes, schema: Schema) -> None:
    """Refuse a table whose columns are not the model's.

    Raises
    ------
    MalformedBody, RowsRefused
    """
    try:
        read_csv(header, schema)
    except RowsRefused as error:
        if {violation.code for violation in error.violations} != {"no_rows"}:
            raise


class Answering:
    """Answers the blocks of one table.

    Parameters
    ----------
    loaded : Loaded
    results : Results
    header : bytes
        The table's first line.
    """

    def __init__(self, loaded: Loaded, results: Results, header: bytes = b"") -> None:
        self._loaded, self._results, self._header = loaded, results, header
        self._separator = splitting.separator_of(header)

    def block(self, block: Block, first: int) -> Answered:
        """Give what comes of a block, whose first row has a number."""
        found = Answered()
        if block.endless:
            found.rows = 1
            found.refusals.append(Refusal(first, "", "malformed_csv", "This row is too long to be read."))
            return found
        try:
            rows, _ = read_csv(self._header + block.content, self._loaded.manifest.schema)
        except (MalformedBody, RowsRefused):
            lines = splitting.rows(block.content, self._separator)
            found.rows = len(lines)
            if lines:
                self._read(lines, np.arange(first, first + len(lines)), found)
            return found
        found.rows = len(rows)
        self.rows(rows, np.arange(first, first + len(rows)), found)
        return found

    def rows(self, rows: Rows, numbers: NDArray[np.intp], found: Answered) -> None:
        """Answer rows that fit the schema."""
        self._predict(rows, numbers, warned(rows.warnings, numbers), found)

    def _read(self, lines: Sequence[bytes], numbers: NDArray[np.intp], found: Answered) -> None:
        """Answer the lines that can be, and note what is wrong with the others."""
        try:
            rows, _ = read_csv(self._header + b"".join(map(_ended, lines)), self._loaded.manifest.schema)
        except (MalformedBody, RowsRefused) as error:
            faults = _faults(error, numbers)
            if faults is None and len(lines) == 1:
                faults = {0: [_unreadable(lines[0], error, int(numbers[0]))]}
            if faults is None:
                self._halves(lines, numbers, found)
                return
            found.refusals += [refusal for several in faults.values() for refusal in several]
            kept = [at for at in range(len(lines)) if at not in faults]
            if kept:
                self._read([lines[at] for at in kept], numbers[kept], found)
            return
        if len(rows) == len(lines):
            self.rows(rows, numbers, found)
        elif len(lines) == 1:  # a quote that opens nothing where a row begins is not what it seems
            found.refusals.append(
                Refusal(int(numbers[0]), "", "malformed_csv", "This row cannot be told apart.")
            )
        else:
            self._halves(lines, numbers, found)

    def _halves(self, lines: Sequence[bytes], numbers: NDArray[np.intp], found: Answered) -> None:
        half = len(lines) // 2
        self._read(lines[:half], numbers[:half], found)
        self._read(lines[half:], numbers[half:], found)

    def _predict(
        self, rows: Rows, numbers: NDArray[np.intp], warnings: Mapping[int, bytes], found: Answered
    ) -> None:
        try:
            outputs = predict(self._loaded, rows, _POINTER)
        except RowsRefused as error:
            faults = _faults(error, numbers)
            if faults is None or MOST_BLAMED <= len(faults) < len(rows):  # perhaps not all were told
                half = len(rows) // 2
                self._predict(rows.take(slice(0, half)), numbers[:half], warnings, found)
                self._predict(rows.take(slice(half, None)), numbers[half:], warnings, found)
                return
            found.refusals += [refusal for several in faults.values() for refusal in several]
            kept = np.array([at for at in range(len(rows)) if at not in faults], dtype=np.intp)
            if len(kept):
                self._predict(rows.take(kept), numbers[kept], warnings, found)
            return
        found.lines.append(self._results.lines(numbers, outputs, warnings))


def _faults(error: InvalidRequest, numbers: NDArray[np.intp]) -> dict[int, list[Refusal]] | None:
    """Give what is wrong with each row; None if not all of it is said, or of which row is not."""
    if len(error.violations) >= MAX_VIOLATIONS:
        return None
    found: dict[int, list[Refusal]] = {}
    for violation in error.violations:
        _, _, place = violation.pointer.partition("/")
        row, _, column = place.partition("/")
        if violation.code in _ROWLESS or not row.isdecimal() or int(row) >= len(numbers):
            return None
        at = int(row)
        named = unquote(column).replace("~1", "/").replace("~0", "~")
        found.setdefault(at, []).append(Refusal(int(numbers[at]), named, violation.code, violation.detail))
    return found or None


def _unreadable(line: bytes, error: InvalidRequest, number: int) -> Refusal:
    """Say why a line cannot be read at all."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return Refusal(number, "", "malformed_csv", "This row is not UTF-8.")
    if "\0" in text:
        return Refusal(number, "", "malformed_csv", "This row holds a NUL character.")
    said = error.violations[0].detail if error.violations else str(error)
    return Refusal(number, "", "malformed_csv", said.replace("The body", "This row"))


def _ended(line: bytes) -> bytes:
    """Give a line with a break at its end, so that another can follow it."""
    return line if line.endswith((b"\n", b"\r")) else line + b"\n"
