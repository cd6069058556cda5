"""Answer a block of rows: the good ones together, and of each bad one everything that is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

import numpy as np

from dasier.errors import MalformedBody, RowsRefused
from dasier.jobs import splitting
from dasier.jobs.writing import Refusal, Results, warned
from dasier.rows import MAX_VIOLATIONS, pointer_in
from dasier.serving.formats.table_csv import read_csv
from dasier.serving.predicting import MOST_BLAMED, predict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from dasier.errors import InvalidRequest
    from dasier.jobs.splitting import Block
    from dasier.rows import Rows
    from dasier.runtimes import Outputs
    from dasier.schema import Schema
    from dasier.serving.loading import Loaded

_POINTER = pointer_in("#")
MOST_FAULTS = 10
"""Told of a row: a wide table in a form of another country is wrong everywhere, and its faults are larger than it is."""

_ROWLESS = frozenset({"unknown_column", "duplicate_column", "missing", "more", "malformed_csv"})
"""What is said of a table as a whole."""


class Answer(NamedTuple):
    """Rows that the model answered together, their numbers in the table, and what it answered."""

    rows: Rows
    numbers: NDArray[np.intp]
    outputs: Outputs


@dataclass(slots=True)
class Answered:
    """What came of a block.

    Attributes
    ----------
    rows : int
        How many it has.
    lines : list of bytes
        Results, in order.
    answers : list of Answer
        The same as the model gave it.
    """

    rows: int = 0
    lines: list[bytes] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    _refusals: dict[int, bytes] = field(default_factory=dict)

    def refuse(self, refusals: Sequence[Refusal]) -> None:
        """Note what is wrong with one row: lines, not objects, since a block may hold nothing but faults."""
        told = sorted(refusals[:MOST_FAULTS])
        if more := len(refusals) - len(told):
            told.append(Refusal(refusals[0].row, "", "more", f"This row has {more} more faults."))
        self._refusals[refusals[0].row] = b"".join(refusal.line() for refusal in told)

    @property
    def refused(self) -> int:
        """How many rows were not answered."""
        return len(self._refusals)

    @property
    def refused_lines(self) -> bytes:
        """Every fault that is told, in the order of the rows."""
        return b"".join(self._refusals[row] for row in sorted(self._refusals))


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
        # Of so few rows every fault is told, so that where most are bad each is read three times, not by ever smaller halves.
        self._piece_rows = max(1, (MAX_VIOLATIONS - 1) // (len(loaded.manifest.schema.columns) + 1))

    def block(self, block: Block, first: int) -> Answered:
        """Give what comes of a block, whose first row has a number."""
        found = Answered()
        if block.endless:
            found.rows = 1
            found.refuse([Refusal(first, "", "malformed_csv", "This row is too long to be read.")])
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
        """Answer the lines that can be, together, and note what is wrong with the others."""
        kept = self._sorted_out(lines, numbers, found)
        if kept:
            good = [lines[at] for at in kept]
            self.rows(self._rows(good), numbers[kept], found)

    def _rows(self, lines: Iterable[bytes]) -> Rows:
        rows, _ = read_csv(self._header + b"".join(map(_ended, lines)), self._loaded.manifest.schema)
        return rows

    def _sorted_out(self, lines: Sequence[bytes], numbers: NDArray[np.intp], found: Answered) -> list[int]:
        """Give which of some lines can be answered; note what is wrong with the others."""
        try:
            rows = self._rows(lines)
        except (MalformedBody, RowsRefused) as error:
            faults = _faults(error, numbers)
            if faults is None and len(lines) == 1:
                faults = {0: [_unreadable(lines[0], error, int(numbers[0]))]}
            whole = isinstance(
                error, RowsRefused
            )  # who cannot tell cells apart says nothing of what is in them
        else:
            if len(rows) == len(lines):
                return list(range(len(lines)))
            # a quote that opens nothing where a row begins is not what it seems
            torn = Refusal(int(numbers[0]), "", "malformed_csv", "This row cannot be told apart.")
            faults, whole = ({0: [torn]} if len(lines) == 1 else None), True
        if faults is None:
            size = min(self._piece_rows, -(-len(lines) // 2))
            pieces = (range(start, min(start + size, len(lines))) for start in range(0, len(lines), size))
            return [at for piece in pieces for at in self._of(piece, lines, numbers, found)]
        for refusals in faults.values():
            found.refuse(refusals)
        kept = [at for at in range(len(lines)) if at not in faults]
        return kept if whole or not kept else self._of(kept, lines, numbers, found)

    def _of(
        self, places: Sequence[int], lines: Sequence[bytes], numbers: NDArray[np.intp], found: Answered
    ) -> list[int]:
        """Give which of the lines at some places can be answered."""
        kept = self._sorted_out([lines[at] for at in places], numbers[np.asarray(places)], found)
        return [places[at] for at in kept]

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
            for refusals in faults.values():
                found.refuse(refusals)
            kept = np.array([at for at in range(len(rows)) if at not in faults], dtype=np.intp)
            if len(kept):
                self._predict(rows.take(kept), numbers[kept], warnings, found)
            return
        found.answers.append(Answer(rows, numbers, outputs))
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
