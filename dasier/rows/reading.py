"""Read the three layouts in which rows are sent: records, a table of arrays, and columns.

Reading has two speeds: rows of the expected shape and types become arrays in a few numpy calls; as
soon as something is unexpected they are read again column by column, which finds *every*
violation and its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.rows.cells import (
    ABSENT,
    NULLABLE_NUMBER_TYPES,
    NULLABLE_TEXT_TYPES,
    read_numbers,
    read_texts,
)
from dasier.rows.faults import Faults
from dasier.rows.floats import floats
from dasier.rows.judging import checked
from dasier.rows.plan import plan_of
from dasier.schema import Schema, normalised

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dasier.rows.held import Rows
    from dasier.rows.pointers import Pointer

_NO_TEXTS = np.empty(0, dtype=object)

_MOST_HINTS = 20
"""How many unknown columns are compared with those that there are."""


def from_records(schema: Schema, records: Sequence[Any], pointer: Pointer) -> Rows:
    """Give validated rows from objects, one a row.

    Raises
    ------
    RowsRefused
        Listing every violation.
    """
    quick = _quick(schema, records)
    if quick is not None:
        return checked(schema, *quick, pointer=pointer, faults=Faults(pointer))
    faults = Faults(pointer)
    columns: dict[str, list[Any]] = {name: [ABSENT] * len(records) for name in schema.names}
    for index, record in enumerate(records):
        if not isinstance(record, Mapping):
            faults.add(index, None, "wrong_type", "A row is an object: column names and their values.")
            continue
        for name, cell in _named(schema, record, index, faults).items():
            columns[name][index] = cell
    return _read_columns(schema, columns, len(records), pointer, faults)


def from_table(schema: Schema, names: Sequence[str] | None, data: Sequence[Any], pointer: Pointer) -> Rows:
    """Give validated rows from arrays, one a row.

    Parameters
    ----------
    names
        The columns' names in the order of the cells; None for the schema's order.
    data
        One sequence of cells a row.

    Raises
    ------
    RowsRefused
        Listing every violation.
    """
    faults = Faults(pointer)
    quick = _quick_table(schema, data) if names is None or tuple(names) == schema.names else None
    if quick is not None:
        return checked(schema, quick, np.empty((len(data), 0), dtype=object), pointer=pointer, faults=faults)
    places = dict(zip(schema.names, schema.names, strict=True))
    width = len(schema.names)
    if names is not None:
        places = _header(schema, names, faults)
        width = len(names)
    ragged = [
        index for index, row in enumerate(data) if not isinstance(row, list | tuple) or len(row) != width
    ]
    for index in ragged:
        faults.add(index, None, "wrong_length", f"A row has {width} cells, one a column.")
    if ragged:
        nothing = [ABSENT] * width
        broken = set(ragged)
        data = [nothing if index in broken else row for index, row in enumerate(data)]
    order = {as_sent: at for at, as_sent in enumerate(names if names is not None else schema.names)}
    positions = {name: order[as_sent] for name, as_sent in places.items()}
    columns = {name: [row[position] for row in data] for name, position in positions.items()}
    return _read_columns(schema, columns, len(data), pointer, faults)


def from_columns(schema: Schema, columns: Mapping[str, Any], pointer: Pointer) -> Rows:
    """Give validated rows from lists, one a column.

    Raises
    ------
    RowsRefused
        Listing every violation.
    """
    faults = Faults(pointer)
    places = _header(schema, list(columns), faults)
    found = {name: columns[as_sent] for name, as_sent in places.items()}
    longest = max((len(cells) for cells in found.values() if isinstance(cells, list)), default=0)
    for name, cells in found.items():
        if not isinstance(cells, list):
            faults.add(None, name, "wrong_type", "A column is a list of values, one a row.")
            found[name] = [ABSENT] * longest
        elif len(cells) != longest:
            short = f"The columns have up to {longest} rows; this one has fewer."
            faults.add(None, name, "wrong_length", short)
            found[name] = [*cells, *[ABSENT] * (longest - len(cells))]
    return _read_columns(schema, found, longest, pointer, faults)


def from_arrays(
    schema: Schema, numbers: NDArray[np.float64], texts: NDArray[np.object_], pointer: Pointer
) -> Rows:
    """Give validated rows from arrays that already have the types that `Rows` holds.

    Raises
    ------
    RowsRefused
        Listing every violation.
    """
    return checked(schema, numbers, texts, pointer=pointer, faults=Faults(pointer))


def _quick(schema: Schema, records: Sequence[Any]) -> tuple[NDArray[np.float64], NDArray[np.object_]] | None:
    """Give arrays of rows whose keys and types are the expected ones, else None."""
    plan = plan_of(schema)
    width = len(schema.columns)
    try:
        if plan.has_booleans or not all(len(record) == width for record in records):
            return None
        numbers = _array(map(plan.get_numbers, records), NULLABLE_NUMBER_TYPES)
        texts = _array(map(plan.get_texts, records), NULLABLE_TEXT_TYPES) if plan.text_names else _NO_TEXTS
    except (KeyError, TypeError, IndexError, OverflowError):
        return None
    if numbers is None or texts is None:
        return None
    n_rows = len(records)
    return numbers.reshape(n_rows, len(plan.number_names)), texts.reshape(n_rows, len(plan.text_names))


def _quick_table(schema: Schema, data: Sequence[Any]) -> NDArray[np.float64] | None:
    """Give the numbers of arrays in schema order whose lengths and types are the expected ones, else None."""
    width = len(schema.columns)
    if not schema.numeric or plan_of(schema).has_booleans or not data:
        return None
    if not set(map(type, data)) <= {list, tuple} or set(map(len, data)) != {width}:
        return None
    try:
        numbers = _array(data, NULLABLE_NUMBER_TYPES)
    except OverflowError:
        return None
    return None if numbers is None else numbers.reshape(len(data), width)


def _array(rows: Iterable[Iterable[Any]], types: frozenset[type]) -> NDArray[Any] | None:
    """Give the cells of rows, one after the other, as float64 or as object; None if one is of another type."""
    cells = list(chain.from_iterable(rows))
    found = set(map(type, cells))
    if not found <= types:
        return None
    if types is NULLABLE_NUMBER_TYPES:
        return floats(cells)
    texts = np.empty(len(cells), dtype=object)
    texts[:] = cells if found == {str} else [np.nan if cell is None else cell for cell in cells]
    return texts


def _named(schema: Schema, record: Mapping[Any, Any], index: int, faults: Faults) -> dict[str, Any]:
    """Give a record's cells under the schema's spelling of their names."""
    cells: dict[str, Any] = {}
    for key, cell in record.items():
        name = key if key in schema.by_name else normalised(key)
        if name not in schema.by_name:
            faults.add(index, key, "unknown_column", _unknown(schema, name, faults))
        elif name in cells:
            faults.add(index, key, "duplicate_column", "This column is given twice.")
        else:
            cells[name] = cell
    return cells


def _header(schema: Schema, names: Sequence[str], faults: Faults) -> dict[str, str]:
    """Give the schema's names with the names as they were sent."""
    places: dict[str, str] = {}
    for as_sent in names:
        name = as_sent if as_sent in schema.by_name else normalised(as_sent)
        if name not in schema.by_name:
            faults.add(None, as_sent, "unknown_column", _unknown(schema, name, faults))
        elif name in places:
            faults.add(None, as_sent, "duplicate_column", "This column is given twice.")
        else:
            places[name] = as_sent
    for name in schema.names:
        if name not in places:
            faults.add(None, name, "missing", "This column is missing.")
    return places


def _unknown(schema: Schema, name: str, faults: Faults) -> str:
    # Looking for what is meant takes a millisecond; a request may hold a hundred thousand names.
    close = get_close_matches(name[:200], schema.names, n=1) if faults.count < _MOST_HINTS else ()
    hint = f" Perhaps {close[0]!r} is meant." if close else ""
    return f"The model has no such column.{hint}"


def _read_columns(
    schema: Schema, columns: Mapping[str, list[Any]], n_rows: int, pointer: Pointer, faults: Faults
) -> Rows:
    nothing = [ABSENT] * n_rows
    numbers = np.full((n_rows, len(schema.number_columns)), np.nan)
    texts = np.full((n_rows, len(schema.text_columns)), np.nan, dtype=object)
    for position, column in enumerate(schema.number_columns):
        numbers[:, position] = read_numbers(column, columns.get(column.name, nothing), faults)
    for position, column in enumerate(schema.text_columns):
        texts[:, position] = read_texts(column, columns.get(column.name, nothing), faults)
    return checked(schema, numbers, texts, pointer=pointer, faults=faults)
