"""Rows on their way out: what a caller has, as the JSON that the API reads.

A DataFrame is recognised by what it can do, so neither pandas nor polars is imported here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from dasier.errors import RowsRefused, Violation

NULL_TYPE_NAMES = frozenset({"NAType", "NaTType", "MaskedConstant"})
"""How pandas calls its own nulls, which cannot be compared without raising, and numpy its own, which unwraps to 0."""


def instances(rows: object) -> list[dict[str, Any]]:
    """Give the rows as plain dictionaries of JSON values, nulls for every kind of missing.

    Parameters
    ----------
    rows : iterable of mappings, or DataFrame
        One mapping a row, column name to value. A pandas or polars DataFrame is read by its columns.

    Raises
    ------
    RowsRefused
        A cell is no JSON value: not finite, or of a type such as a date; every one is listed with its pointer.
    TypeError
        What is given is no rows.

    Examples
    --------
    >>> instances([{"age": float("nan"), "name": "Ada"}])
    [{'age': None, 'name': 'Ada'}]
    """
    cleaned = [
        {str(column): plain(value) for column, value in _mapping(row).items()} for row in _records(rows)
    ]
    wrong = [
        Violation(pointer(index, column), *what)
        for index, row in enumerate(cleaned)
        for column, value in row.items()
        if (what := _wrong(value)) is not None
    ]
    if wrong:
        raise RowsRefused(wrong)
    return cleaned


def _wrong(value: Any) -> tuple[str, str] | None:
    """Give the code and the sentence for what is no JSON value."""
    if isinstance(value, float) and not math.isfinite(value):
        return "not_finite", "Expected a finite number."
    if value is not None and not isinstance(value, bool | int | float | str):
        return "wrong_type", f"Expected a number, a text, true, false or null, not {type(value).__name__}."
    return None


def plain(value: Any) -> Any:
    """Give a value as a JSON type: numpy's scalars unwrapped, NaN, NaT and NA as None."""
    if value is None or type(value).__name__ in NULL_TYPE_NAMES:
        return None
    if isinstance(value, bool | int | str) and type(value) in {bool, int, str}:
        return value
    item = getattr(value, "item", None)
    unwrapped = item() if callable(item) and getattr(value, "size", 1) == 1 else value
    return None if isinstance(unwrapped, float) and math.isnan(unwrapped) else unwrapped


def pointer(row: int, column: str) -> str:
    """Give the JSON pointer of one cell, as a URI fragment.

    >>> pointer(3, "a/b")
    '#/instances/3/a~1b'
    """
    return f"#/instances/{row}/{column.replace('~', '~0').replace('/', '~1')}"


def _records(rows: Any) -> Iterable[Any]:
    if isinstance(rows, Mapping | str | bytes) or not isinstance(rows, Iterable):
        msg = "rows is a list of dictionaries or a DataFrame; put one row in a list"
        raise TypeError(msg)
    if callable(polars := getattr(rows, "to_dicts", None)):
        return list(polars())
    if callable(pandas := getattr(rows, "to_dict", None)) and hasattr(rows, "columns"):
        return list(pandas(orient="records"))
    return list(rows)


def _mapping(row: Any) -> Mapping[str, Any]:
    if isinstance(row, Mapping):
        return row
    msg = f"each row is a dictionary of column to value, not {type(row).__name__}"
    raise TypeError(msg)
