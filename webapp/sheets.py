"""A table as people have it, from a file or the clipboard: which encoding, which separator, which cells.

Nothing is guessed from a file's name. What cannot be a table is refused by name, before anything large is built.
"""

from __future__ import annotations

import codecs
import csv
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_TEXT = 512 * 1024
"""Characters: a page holds its results for the download, and must stay under 300 kB compressed."""
MAX_BYTES = 2 * MAX_TEXT + 64 * 1024
"""Excel's UTF-16 takes two bytes a character; the rest is what a form adds."""
PASSED_ON_BYTES = 4 * 1024 * 1024
"""Of a file that goes on to a batch job: Lambda takes 6 MB, of which base64 leaves 4.5."""
MAX_ROWS = 5_000
MAX_COLUMNS = 2_000
SEPARATORS = ("\t", ";", ",", "|")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How .xlsx and .ods, and .xls, begin."""


class SheetRefused(ValueError):
    """What came is no table, or too much of one; `code` says why, and `labels` which columns it lacks."""

    def __init__(self, code: str, labels: tuple[str, ...] = ()) -> None:
        self.code, self.labels = code, labels
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of cells, and the number of the line that a spreadsheet shows beside it."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A header, the rows under it, and what separated the cells."""

    header: tuple[str, ...]
    lines: tuple[Line, ...]
    separator: str


def decoded(content: bytes) -> str:
    """Give the text of a file: UTF-8, UTF-16 with or without a mark, else what Windows writes in western Europe.

    Raises
    ------
    SheetRefused
    """
    if content.startswith(_WORKBOOKS):
        raise SheetRefused("workbook")
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    encoding = encoding or _unmarked(content[:512])
    for candidate in [encoding] if encoding else ["utf-8", "cp1252"]:
        try:
            return content.decode(candidate)
        except UnicodeDecodeError:
            continue
    raise SheetRefused("encoding")


def _unmarked(start: bytes) -> str | None:
    """Give UTF-16 without a mark: every second byte of western text is zero, the odd ones if it is little-endian."""
    half = len(start) // 2
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if half and max(even, odd) > 0.7 * half and min(even, odd) < 0.1 * half:
        return "utf-16-le" if odd > even else "utf-16-be"
    return None


def read(text: str) -> Sheet:
    """Give the cells of a text; rows that are empty are left out, and keep their number.

    Raises
    ------
    SheetRefused
    """
    if len(text) > MAX_TEXT:
        raise SheetRefused("too_long")
    separator, found = streamed(text)
    lines = tuple(islice(found, MAX_ROWS + 2))
    if len(lines) > MAX_ROWS + 1:
        raise SheetRefused("too_many_rows")
    if len(lines) < 2:
        raise SheetRefused("no_rows" if lines else "empty")
    return Sheet(lines[0].cells, lines[1:], separator)


def streamed(text: str) -> tuple[str, Iterator[Line]]:
    """Give what separates the cells of a text, and its lines one after the other; those that are empty are left out.

    Raises
    ------
    SheetRefused
        Also while the lines are read.
    """
    if "\0" in text:
        raise SheetRefused("nul")
    text = text.removeprefix("\ufeff")
    separator = _separator(text.lstrip("\r\n"))
    return separator, (line for line in _lines(text, separator) if any(cell.strip() for cell in line.cells))


def _lines(text: str, separator: str) -> Iterator[Line]:
    rows = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    try:
        for cells in rows:
            number += 1
            if len(cells) > MAX_COLUMNS:
                raise SheetRefused("too_wide")
            yield Line(number, tuple(cells))
    except csv.Error as error:  # a cell over csv.field_size_limit(), or a quote that is never closed
        raise SheetRefused("not_csv") from error


def _separator(text: str) -> str:
    """Give what separates the cells of the first line, outside quotes; a comma if nothing does."""
    first = text.splitlines()[0] if text else ""
    bare = "".join(first.split('"')[::2])
    return max(reversed(SEPARATORS), key=bare.count) if any(map(bare.count, SEPARATORS)) else ","
