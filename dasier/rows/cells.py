"""Read a column's cells one by one: every cell of a wrong type is found, with its place."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.rows.floats import floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dasier.rows.faults import Faults
    from dasier.schema import Column

ABSENT: Any = type("_Absent", (), {"__repr__": lambda _: "absent"})()

NULLABLE_NUMBER_TYPES: frozenset[type] = frozenset({float, int, type(None)})
NULLABLE_TEXT_TYPES: frozenset[type] = frozenset({str, type(None)})
_BOOLEAN_TYPES: frozenset[type] = frozenset({bool, type(None)})

_EXPECTED = {
    "float": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "category": "a string",
    "text": "a string",
}


def read_numbers(column: Column, cells: list[Any], faults: Faults) -> NDArray[np.float64]:
    expected = _BOOLEAN_TYPES if column.kind == "boolean" else NULLABLE_NUMBER_TYPES
    if set(map(type, cells)) <= expected:
        with suppress(OverflowError):
            return floats(cells)
    accepted = (bool,) if column.kind == "boolean" else (int, float)
    values = np.full(len(cells), np.nan)
    for index, cell in enumerate(cells):
        if cell is None:
            continue
        if cell is ABSENT:
            _missing(column, index, faults)
        elif not isinstance(cell, accepted) or (isinstance(cell, bool) and column.kind != "boolean"):
            faults.add(index, column.name, "wrong_type", _wrong_type(column, cell))
        else:
            try:
                values[index] = cell
            except OverflowError:
                faults.add(index, column.name, "not_finite", "This number is too large for a float64.")
    return values


def read_texts(column: Column, cells: list[Any], faults: Faults) -> list[Any]:
    types = set(map(type, cells))
    if types <= NULLABLE_TEXT_TYPES:
        return cells if types == {str} else [np.nan if cell is None else cell for cell in cells]
    values: list[Any] = []
    for index, cell in enumerate(cells):
        values.append(cell if isinstance(cell, str) else np.nan)
        if cell is ABSENT:
            _missing(column, index, faults)
        elif cell is not None and not isinstance(cell, str):
            faults.add(index, column.name, "wrong_type", _wrong_type(column, cell))
    return values


def _missing(column: Column, index: int, faults: Faults) -> None:
    # A row or a column that was reported whole has no cells that are missing one by one.
    if (index, None) not in faults.cells and (None, column.name) not in faults.cells:
        detail = "This column is missing."
        if column.nullable:
            detail += " Send null where there is no value."
        faults.add(index, column.name, "missing", detail)
    faults.cells.add((index, column.name))


def _wrong_type(column: Column, cell: object) -> str:
    found = {bool: "true or false", str: "a string", list: "an array", dict: "an object"}.get(
        type(cell), "a number"
    )
    advice = ""
    if column.kind in {"float", "integer"} and isinstance(cell, str):
        advice = " Write a number without quotes, with a decimal point."
    return f"This column takes {_EXPECTED[column.kind]}, not {found}.{advice}"
