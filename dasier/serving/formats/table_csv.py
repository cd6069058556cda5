"""Tables in CSV (RFC 4180): a header row, a comma or semicolon between cells, UTF-8."""

from __future__ import annotations

import csv
import io
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.errors import MalformedBody, Violation
from dasier.rows import MAX_VIOLATIONS, Pointer, Rows, from_arrays, from_table, pointer_in
from dasier.schema import Column, Schema, normalised
from dasier.serving.formats.plain_csv import (
    LONGEST_CELL,
    MOST_COLUMNS,
    places,
    plain_column,
    plain_matrix,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_BLOCK = 10_000
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_TRUE, _FALSE = frozenset({"true", "1", "yes"}), frozenset({"false", "0", "no"})


def read_csv(body: bytes, schema: Schema) -> tuple[Rows, Pointer]:
    """Give validated rows of a CSV body, and how to point into it: ``#/<row>/<column>``, rows from 0.

    An empty cell is a null. Numbers have a decimal point; booleans are true or false, 1 or 0.

    Raises
    ------
    MalformedBody
        If it is not UTF-8, has no header, or a line that cannot be told apart into cells.
    RowsRefused
        If rows do not fit the schema.
    """
    pointer = pointer_in("#")
    numbers = plain_matrix(body, schema)
    if numbers is not None:
        return from_arrays(schema, numbers, np.empty((len(numbers), 0), dtype=object), pointer), pointer
    header, lines = read_cells(body)
    arrays = _arrays(header, lines, schema)
    if arrays is not None:
        return from_arrays(schema, *arrays, pointer), pointer
    return read_cell_by_cell(header, lines, schema, pointer), pointer


def read_cell_by_cell(header: list[str], lines: list[list[str]], schema: Schema, pointer: Pointer) -> Rows:
    """Give validated rows, or every fault with its place.

    Raises
    ------
    RowsRefused
        If rows do not fit the schema.
    """
    known = schema.by_name
    columns = [known.get(name) or known.get(normalised(name)) for name in header]
    readers = [None if column is None else reader(column) for column in columns]
    data = [
        [cell if read is None else read(cell) for read, cell in zip(readers, line, strict=True)]
        for line in lines
    ]
    return from_table(schema, header, data, pointer)


def _arrays(
    header: list[str], lines: list[list[str]], schema: Schema
) -> tuple[NDArray[np.float64], NDArray[np.object_]] | None:
    """Give the numbers and the texts of lines, column by column; None if a cell or a column has a fault."""
    positions = places(header, schema)
    if positions is None or not lines:
        return None
    found = list(zip(*lines, strict=True))
    columns = {column.name: found[at] for column, at in zip(schema.columns, positions, strict=True)}
    numbers = np.empty((len(lines), len(schema.number_columns)))
    for position, column in enumerate(schema.number_columns):
        cells = columns[column.name]
        read = None if column.kind == "boolean" else plain_column(cells)
        if read is None:
            values = list(map(reader(column), cells))
            if str in map(type, values):
                return None
            read = np.array(values, dtype=np.float64)
        numbers[:, position] = read
    texts = np.empty((len(lines), len(schema.text_columns)), dtype=object)
    for position, column in enumerate(schema.text_columns):
        texts[:, position] = [cell or np.nan for cell in columns[column.name]]
    return numbers, texts


def read_cells(body: bytes) -> tuple[list[str], list[list[str]]]:
    """Give the header and the lines of a CSV body as they stand, each of as many cells.

    Raises
    ------
    MalformedBody
        If it is not UTF-8, has no header, or a line that cannot be told apart into cells.
    """
    header, lines = _split(_text(body))
    ragged = [i for i, line in enumerate(lines) if len(line) != len(header)]
    if ragged:
        raise MalformedBody(
            f"{len(ragged)} lines do not have the {len(header)} cells of the header.",
            [
                Violation(f"#/{i}", "wrong_length", f"This row has {len(lines[i])} cells.")
                for i in ragged[:MAX_VIOLATIONS]
            ],
        )
    return header, lines


def _text(body: bytes) -> str:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _malformed(f"The body is not UTF-8: byte {error.start} cannot be read.") from error
    if "\0" in text:
        raise _malformed("The body holds a NUL character.")
    return text


def _split(text: str) -> tuple[list[str], list[list[str]]]:
    first = text.partition("\n")[0]
    separator = ";" if first.count(";") > first.count(",") else ","
    try:
        csv.field_size_limit(LONGEST_CELL)
        rows = _rows(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise _malformed(f"The body is not CSV: {error}.") from error
    if not rows:
        raise _malformed("The body is empty; the first line is a header with the columns' names.")
    if len(rows[0]) > MOST_COLUMNS:
        raise _malformed(f"The header has more than {MOST_COLUMNS} columns.")
    return rows[0], rows[1:]


def _rows(lines: Iterator[list[str]]) -> list[list[str]]:
    """Give the lines that are not blank, up to where it is clear that this is no table: millions of them take long."""
    rows: list[list[str]] = []
    while block := list(islice(lines, _BLOCK)):
        rows += filter(None, block)
        if rows and sum(len(row) != len(rows[0]) for row in block if row) > _BLOCK / 2:
            break
    return rows


def _malformed(why: str) -> MalformedBody:
    return MalformedBody(why, [Violation("#", "malformed_csv", why)])


def reader(column: Column) -> Any:
    """Give what turns a cell into the column's type; what it cannot turn stays text, and is refused as such."""
    if column.kind == "boolean":
        return _boolean
    if column.is_number:
        return _number
    return lambda cell: cell or None


def _number(cell: str) -> float | str | None:
    text = cell.strip()
    if not text:
        return None
    return float(text) if _NUMBER.fullmatch(text) else text


def _boolean(cell: str) -> bool | str | None:
    word = cell.strip().lower()
    if not word:
        return None
    return True if word in _TRUE else False if word in _FALSE else cell
