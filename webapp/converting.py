"""A table as people have it, written as a batch job reads it: the model's own columns, commas, decimal points, UTF-8.

Rows that cannot be read stay as they are, for the job to refuse them by number: what it tells of a row then holds for the
row of the visitor's own sheet. Rows pass through one by one, so that four megabytes of short ones need no more memory than that.
"""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, Any

from dasier.spreadsheets import neutral
from webapp.sheets import Line, Sheet, SheetRefused, streamed
from webapp.tables import Row, Table, rows_of, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dasier.client import ModelDescription


def converted(described: ModelDescription, text: str) -> bytes:
    """Give a text as the CSV of a job.

    Raises
    ------
    SheetRefused
        If it is no table, or lacks columns.
    """
    separator, lines = streamed(text)
    header = next(lines, None)
    if header is None:
        raise SheetRefused("empty")
    read = table(described, Sheet(header.cells, (), separator))
    if read.missing:
        raise SheetRefused("columns", read.missing)
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(field.column.name for field in read.fields)
    before = out.tell()
    writer.writerows(_cells(read, row) for row in rows_of(read, lines))
    if out.tell() == before:
        raise SheetRefused("no_rows")
    return out.getvalue().encode()


def plain(described: ModelDescription) -> str:
    """Give the columns' names and an example, as a batch job reads them."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(column.name for column in described.schema.columns)
    writer.writerow(neutral(_written(column.example)) for column in described.schema.columns)
    return out.getvalue()


def _cells(read: Table, row: Row) -> Iterator[str]:
    for field in read.fields:
        name = field.column.name
        yield _cell(row.line, read.places.get(name)) if name in row.errors else _written(row.values[name])
    if "" in row.errors:  # more cells than names: one more than the columns, and the job refuses the row
        yield "?"


def _cell(line: Line, place: int | None) -> str:
    return line.cells[place] if place is not None and place < len(line.cells) else ""


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)
