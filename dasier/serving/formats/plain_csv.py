"""Read the numbers of CSV tables that hold nothing unusual, many in one call.

Plain decimals are written in CSV as in JSON, and a JSON parser reads them some fifty times faster than a loop that
looks at each cell. So the cells become one JSON array, in which an empty text stands for the end of each line. What is
read here is exactly what `table_csv` reads cell by cell; whatever that would read otherwise, or point at, is left to it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dasier.rows import floats
from dasier.schema import normalised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dasier.schema import Schema

LONGEST_CELL = 131_072
MOST_COLUMNS = 10_000

_BOM = b"\xef\xbb\xbf"
_PLAIN = b"0123456789+-.e, \n"
_SEMICOLONS = bytes.maketrans(b";,", b",x")
"""Where cells stand between semicolons, a comma is in one, and makes it no number."""
_LONG_EXPONENT = re.compile(rb"e[+-]?\d{5}")


def plain_matrix(body: bytes, schema: Schema) -> NDArray[np.float64] | None:
    """Give the cells of a body in schema order, shape (n, n_columns), a null as NaN.

    None where a column is no float or integer, where the header is not the schema's columns, and where there is
    anything but plain decimals: whoever reads cell by cell then finds out what it is.
    """
    body = body.removeprefix(_BOM)
    header, _, cells = (body.replace(b"\r\n", b"\n") if b"\r" in body else body).partition(b"\n")
    cells = cells.removesuffix(b"\n")
    names, separator = _header(header)
    positions = places(names, schema)
    if (
        positions is None
        or _has_gaps(cells)
        or not all(c.kind in {"float", "integer"} for c in schema.columns)
    ):
        return None
    if separator != b",":
        cells = cells.translate(_SEMICOLONS)
    width, n_rows = len(names), cells.count(b"\n") + 1
    flat = _decimals(cells)
    if flat is None or len(flat) != n_rows * (width + 1) - 1:
        return None
    del flat[
        width :: width + 1
    ]  # what stands where lines should end; an end that stands elsewhere is no number
    try:
        matrix = floats(flat).reshape(n_rows, width)
    except ValueError:
        return None
    return matrix if positions == sorted(positions) else np.ascontiguousarray(matrix[:, positions])


def plain_column(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """Give a column's cells as numbers, an empty one as NaN; None if there is anything but plain decimals."""
    flat = _decimals(",".join(cells).encode())
    return floats(flat) if flat is not None and len(flat) == len(cells) else None


def places(names: Sequence[str], schema: Schema) -> list[int] | None:
    """Give where each of the schema's columns stands in a header; None unless each is there once, and no other."""
    known = {name if name in schema.by_name else normalised(name): at for at, name in enumerate(names)}
    if len(names) != len(schema.columns) or known.keys() != schema.by_name.keys():
        return None
    return [known[name] for name in schema.names]


def _header(line: bytes) -> tuple[list[str], bytes]:
    """Give the names in a header, none if it has to be read with more care, and the separator."""
    separator = b";" if line.count(b";") > line.count(b",") else b","
    names: list[str] = []
    if len(line) <= LONGEST_CELL and b'"' not in line and b"\r" not in line:
        with suppress(UnicodeDecodeError):
            names = line.decode().split(separator.decode())
    return (names if len(names) <= MOST_COLUMNS else []), separator


def _has_gaps(cells: bytes) -> bool:
    """Say whether there is nothing, a blank line at an end, or a line as long as no cell may be."""
    if not cells or cells.startswith(b"\n") or cells.endswith(b"\n"):
        return True
    step = LONGEST_CELL // 2
    return any(cells.find(b"\n", at, at + step) < 0 for at in range(0, len(cells) - step, step))


def _decimals(cells: bytes) -> list[Any] | None:
    """Give cells as numbers, an empty one as None, the end of a line as an empty text; None if there is anything else.

    Two things are other numbers to JSON's parser than to ours: a negative zero without a fraction, which is an
    integer there, and an exponent of five digits and more, which is none here.
    """
    if cells.translate(None, _PLAIN) or (b"e" in cells and _LONG_EXPONENT.search(cells)):
        return None
    if b"-" in cells and cells.count(b"-0") != cells.count(b"-0.") + cells.count(b"e-0"):
        return None
    document = b"".join((b"[", cells.replace(b"\n", b',"",'), b"]"))
    try:
        found: list[Any] = orjson.loads(document)
    except orjson.JSONDecodeError:
        return _with_nulls(document)
    return found


def _with_nulls(document: bytes) -> list[Any] | None:
    """Give what a JSON array holds, None where there is nothing between commas; None if it is not to be read so."""
    if b'"",,""' in document:
        return None  # a blank line is no row of one null
    between = b"".join((b",", memoryview(document)[1:-1], b","))
    filled = between.replace(b",,", b",null,").replace(b",,", b",null,")
    try:
        found: list[Any] = orjson.loads(b"".join((b"[", memoryview(filled)[1:-1], b"]")))
    except orjson.JSONDecodeError:
        return None
    return found
