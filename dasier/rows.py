"""Rows that fit a schema, held the way a runtime wants them.

Every wire format ends here, so that a rule is written once and a row gets the same treatment
whichever way it came. Reading has two speeds: rows of the expected shape and types become
arrays in a few numpy calls; as soon as something is unexpected they are read again column by
column, which finds *every* violation and its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from dasier.errors import RowsRefused, Violation
from dasier.schema import Column, Schema, composed, normalised

if TYPE_CHECKING:
    from numpy.typing import NDArray

Pointer = Callable[[int | None, str | None], str]
"""Where a cell stands in the request: of (row, column), either of them None for "all"."""

MAX_VIOLATIONS = 1_000
"""How many violations are spelled out; a request with more is refused all the same."""

_MOST_HINTS = 20
"""How many unknown columns are compared with those that there are."""

_EXACT_INTEGERS = 2.0**53
"""Beyond it float64 no longer tells neighbouring integers apart (IEEE 754)."""

_NUMBER_TYPES = frozenset({float, int})
_NULLABLE_NUMBER_TYPES = frozenset({float, int, type(None)})


@dataclass(frozen=True, slots=True)
class RowWarning:
    """Something that a caller should know about a row that was answered."""

    row: int
    column: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Rows:
    """n validated rows.

    Attributes
    ----------
    schema : Schema
    numbers : ndarray of float64, shape (n, n_number_columns)
        The float, integer and boolean columns in schema order; a null is NaN, booleans are 0 and 1.
    texts : ndarray of object, shape (n, n_text_columns)
        The category and text columns in schema order; a null is NaN, as pandas gives it.
    warnings : tuple of RowWarning
    """

    schema: Schema
    numbers: NDArray[np.float64]
    texts: NDArray[np.object_]
    warnings: tuple[RowWarning, ...] = field(default=())

    def __len__(self) -> int:
        """Give n."""
        return len(self.numbers) if self.numbers.shape[1] else len(self.texts)

    def matrix(self) -> NDArray[Any]:
        """Give all columns in schema order: float64 (n, d) if all are numbers, else object (n, d)."""
        if self.schema.numeric:
            return self.numbers
        matrix = np.empty((len(self), len(self.schema.columns)), dtype=object)
        for position, column in enumerate(self.schema.columns):
            matrix[:, position] = self.column(column.name)
        return matrix

    def column(self, name: str) -> NDArray[Any]:
        """Give one column, shape (n,): float64 for numbers, object for strings."""
        is_number, position = _plan(self.schema).places[name]
        return self.numbers[:, position] if is_number else self.texts[:, position]

    def take(self, indices: Sequence[int] | NDArray[np.intp] | slice) -> Rows:
        """Give some of the rows, without their warnings."""
        return Rows(self.schema, self.numbers[indices], self.texts[indices])

    def records(self) -> list[dict[str, Any]]:
        """Give rows as objects of JSON types: None for a null, int and bool where the column is one."""
        lists = {column.name: self.json_column(column) for column in self.schema.columns}
        return [dict(zip(lists, cells, strict=True)) for cells in zip(*lists.values(), strict=True)]

    def json_column(self, column: Column) -> list[Any]:
        """Give one column's cells as JSON types: None for a null, int and bool where the column is one."""
        cells = self.column(column.name).tolist()
        cast: Callable[[Any], Any] = {"integer": int, "boolean": bool}.get(column.kind, lambda cell: cell)
        return [None if cell != cell else cast(cell) for cell in cells]  # noqa: PLR0124 (only NaN differs from itself)


def concatenate(parts: Sequence[Rows]) -> Rows:
    """Give the rows of several parts of one schema, one after the other."""
    return Rows(
        parts[0].schema,
        np.concatenate([part.numbers for part in parts]),
        np.concatenate([part.texts for part in parts]),
    )


# --- three layouts -------------------------------------------------------------------------------


def from_records(schema: Schema, records: Sequence[Any], pointer: Pointer) -> Rows:
    """Give validated rows from objects, one a row.

    Raises
    ------
    RowsRefused
        Listing every violation.
    """
    quick = _quick(schema, records)
    if quick is not None:
        return _checked(schema, *quick, pointer=pointer, faults=_Faults(pointer))
    faults = _Faults(pointer)
    columns: dict[str, list[Any]] = {name: [_ABSENT] * len(records) for name in schema.names}
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
    faults = _Faults(pointer)
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
        nothing = [_ABSENT] * width
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
    faults = _Faults(pointer)
    places = _header(schema, list(columns), faults)
    found = {name: columns[as_sent] for name, as_sent in places.items()}
    longest = max((len(cells) for cells in found.values() if isinstance(cells, list)), default=0)
    for name, cells in found.items():
        if not isinstance(cells, list):
            faults.add(None, name, "wrong_type", "A column is a list of values, one a row.")
            found[name] = [_ABSENT] * longest
        elif len(cells) != longest:
            short = f"The columns have up to {longest} rows; this one has fewer."
            faults.add(None, name, "wrong_length", short)
            found[name] = [*cells, *[_ABSENT] * (longest - len(cells))]
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
    return _checked(schema, numbers, texts, pointer=pointer, faults=_Faults(pointer))


def pointer_in(prefix: str, *, by_column: bool = False) -> Pointer:
    """Give pointers below a place in the document, e.g. ``#/instances``.

    >>> pointer_in("#/instances")(3, "a/b")
    '#/instances/3/a~1b'
    >>> pointer_in("#/inputs", by_column=True)(3, "age")
    '#/inputs/age/3'
    """

    def pointer(row: int | None, column: str | None) -> str:
        steps = [None if row is None else str(row), None if column is None else column]
        if by_column:
            steps.reverse()
        return "/".join([prefix, *(pointer_step(step) for step in steps if step is not None)])

    return pointer


def pointer_step(step: str) -> str:
    """Give one step of a JSON pointer in a URI fragment (RFC 6901 §6), at most 200 characters of it."""
    return quote(
        step[:200].replace("~", "~0").replace("/", "~1"), safe="~ ()[]<>$,;:=+*'!@&?", errors="replace"
    )


# --- reading -------------------------------------------------------------------------------------

_ABSENT: Any = type("_Absent", (), {"__repr__": lambda _: "absent"})()


class _Faults:
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


def _quick(schema: Schema, records: Sequence[Any]) -> tuple[NDArray[np.float64], NDArray[np.object_]] | None:
    """Give arrays of rows whose keys and types are the expected ones, else None."""
    plan = _plan(schema)
    get_numbers, get_texts = plan.get_numbers, plan.get_texts
    width = len(schema.columns)
    try:
        numbers = [get_numbers(record) for record in records]
        texts = [get_texts(record) for record in records]
        expected = (
            not plan.has_booleans
            and all(len(record) == width for record in records)
            and set(map(type, chain.from_iterable(numbers))) <= _NULLABLE_NUMBER_TYPES
            and set(map(type, chain.from_iterable(texts))) <= {str}
        )
        number_array = np.array(numbers if expected else [], dtype=np.float64)
    except (KeyError, TypeError, IndexError, OverflowError):
        return None
    if not expected:
        return None
    text_array = np.array(texts, dtype=object)
    shape = len(records), len(schema.number_columns)
    return number_array.reshape(shape), text_array.reshape(len(records), len(schema.text_columns))


def _tuple_getter(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    if not names:
        return lambda _: ()
    if len(names) == 1:
        return lambda record, only=names[0]: (record[only],)  # type: ignore[misc]
    return itemgetter(*names)


def _named(schema: Schema, record: Mapping[Any, Any], index: int, faults: _Faults) -> dict[str, Any]:
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


def _header(schema: Schema, names: Sequence[str], faults: _Faults) -> dict[str, str]:
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


def _unknown(schema: Schema, name: str, faults: _Faults) -> str:
    # Looking for what is meant takes a millisecond; a request may hold a hundred thousand names.
    close = get_close_matches(name[:200], schema.names, n=1) if faults.count < _MOST_HINTS else ()
    hint = f" Perhaps {close[0]!r} is meant." if close else ""
    return f"The model has no such column.{hint}"


def _read_columns(
    schema: Schema, columns: Mapping[str, list[Any]], n_rows: int, pointer: Pointer, faults: _Faults
) -> Rows:
    nothing = [_ABSENT] * n_rows
    numbers = np.full((n_rows, len(schema.number_columns)), np.nan)
    texts = np.full((n_rows, len(schema.text_columns)), np.nan, dtype=object)
    for position, column in enumerate(schema.number_columns):
        numbers[:, position] = _read_numbers(column, columns.get(column.name, nothing), faults)
    for position, column in enumerate(schema.text_columns):
        texts[:, position] = _read_texts(column, columns.get(column.name, nothing), faults)
    return _checked(schema, numbers, texts, pointer=pointer, faults=faults)


_EXPECTED = {
    "float": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "category": "a string",
    "text": "a string",
}


def _read_numbers(column: Column, cells: list[Any], faults: _Faults) -> NDArray[np.float64]:
    types = set(map(type, cells))
    if column.kind != "boolean" and types <= _NUMBER_TYPES:
        try:
            return np.array(cells, dtype=np.float64)
        except OverflowError:
            pass
    accepted = (bool,) if column.kind == "boolean" else (int, float)
    values = np.full(len(cells), np.nan)
    for index, cell in enumerate(cells):
        if cell is None:
            continue
        if cell is _ABSENT:
            _missing(column, index, faults)
        elif not isinstance(cell, accepted) or (isinstance(cell, bool) and column.kind != "boolean"):
            faults.add(index, column.name, "wrong_type", _wrong_type(column, cell))
        else:
            try:
                values[index] = cell
            except OverflowError:
                faults.add(index, column.name, "not_finite", "This number is too large for a float64.")
    return values


def _read_texts(column: Column, cells: list[Any], faults: _Faults) -> list[Any]:
    if set(map(type, cells)) <= {str}:
        return cells
    values: list[Any] = []
    for index, cell in enumerate(cells):
        values.append(cell if isinstance(cell, str) else np.nan)
        if cell is _ABSENT:
            _missing(column, index, faults)
        elif cell is not None and not isinstance(cell, str):
            faults.add(index, column.name, "wrong_type", _wrong_type(column, cell))
    return values


def _missing(column: Column, index: int, faults: _Faults) -> None:
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


def _checked(
    schema: Schema,
    numbers: NDArray[np.float64],
    texts: NDArray[np.object_],
    *,
    pointer: Pointer,
    faults: _Faults,
) -> Rows:
    """Judge nulls, infinities and whole numbers; give the rows with their warnings."""
    n_rows = len(numbers) if schema.number_columns else len(texts)
    if n_rows == 0 and not faults.count:
        raise RowsRefused([Violation(pointer(None, None), "no_rows", "There are no rows to answer.")])
    plan = _plan(schema)
    outside = (numbers < plan.minima) | (numbers > plan.maxima)
    if plan.has_integers or plan.has_booleans or not np.isfinite(numbers).all():
        _judge_numbers(schema, numbers, faults)
    _judge_texts(schema, texts, faults)
    if faults.count:
        raise faults.refusal()
    texts, unseen = _recognised(plan, texts)
    return Rows(schema, numbers, texts, (*_outside(schema, outside), *unseen))


def _judge_numbers(schema: Schema, numbers: NDArray[np.float64], faults: _Faults) -> None:
    nulls = np.isnan(numbers)
    infinite = np.isinf(numbers)
    for position, column in enumerate(schema.number_columns):
        if not column.nullable:
            _judge_nulls(column, np.flatnonzero(nulls[:, position]), faults)
        for index in np.flatnonzero(infinite[:, position]).tolist():
            faults.add(index, column.name, "not_finite", "This number is not finite.")
        if column.kind == "boolean":
            cells = numbers[:, position]
            for index in np.flatnonzero((cells != 0) & (cells != 1) & np.isfinite(cells)).tolist():
                faults.add(index, column.name, "wrong_type", "This column takes true or false.")
        if column.kind == "integer":
            cells = numbers[:, position]
            with np.errstate(invalid="ignore"):
                broken = (cells != np.rint(cells)) | (np.abs(cells) > _EXACT_INTEGERS)
            for index in np.flatnonzero(broken & ~nulls[:, position] & ~infinite[:, position]).tolist():
                faults.add(
                    index, column.name, "not_integer", "This column takes a whole number of at most 2^53."
                )


def _judge_texts(schema: Schema, texts: NDArray[np.object_], faults: _Faults) -> None:
    for position, column in enumerate(schema.text_columns):
        if not column.nullable:
            nulls = [index for index, cell in enumerate(texts[:, position]) if not isinstance(cell, str)]
            _judge_nulls(column, nulls, faults)


def _judge_nulls(column: Column, indices: Sequence[int] | NDArray[np.intp], faults: _Faults) -> None:
    for index in map(int, indices):
        if faults.cells.isdisjoint({(index, column.name), (index, None)}):
            faults.add(index, column.name, "null", "This column takes no null: none was seen in training.")


def _outside(schema: Schema, outside: NDArray[np.bool_]) -> Iterator[RowWarning]:
    if outside.any():
        for index, position in np.argwhere(outside).tolist():
            column = schema.number_columns[position]
            unit = f" {column.unit}" if column.unit else ""
            detail = f"Training saw {column.minimum:g} to {column.maximum:g}{unit}; the answer is a guess outside it."
            yield RowWarning(index, column.name, "outside_training_range", detail)


def _recognised(plan: _Plan, texts: NDArray[np.object_]) -> tuple[NDArray[np.object_], list[RowWarning]]:
    """Give the texts with categories as training spelt them, and a warning for each that it never saw.

    Accents may be sent composed or not, and look the same (Unicode NFC and NFD). Only a category that is not
    known as it stands is looked up by its composed form, so that nothing is spent on the others.
    """
    warnings: list[RowWarning] = []
    for position, name, known in plan.categories:
        cells = texts[:, position].tolist()
        if not any(isinstance(cell, str) for cell in set(cells).difference(known)):
            continue
        spellings = {composed(category): category for category in known}
        spelt = [spellings.get(composed(c), c) if isinstance(c, str) and c not in known else c for c in cells]
        texts = texts.copy()
        texts[:, position] = spelt
        detail = "This category was not seen in training; the answer does not know it."
        warnings += [
            RowWarning(index, name, "unseen_category", detail)
            for index, cell in enumerate(spelt)
            if isinstance(cell, str) and cell not in known
        ]
    return texts, warnings


@dataclass(frozen=True, slots=True)
class _Plan:
    """What reading needs to know of a schema, worked out once."""

    places: dict[str, tuple[bool, int]]
    get_numbers: Callable[[Any], tuple[Any, ...]]
    get_texts: Callable[[Any], tuple[Any, ...]]
    minima: NDArray[np.float64]
    maxima: NDArray[np.float64]
    has_integers: bool
    has_booleans: bool
    categories: tuple[tuple[int, str, frozenset[str]], ...]


def _plan(schema: Schema) -> _Plan:
    known: _Plan | None = schema.__dict__.get("_plan")
    if known is None:
        numbers, texts = schema.number_columns, schema.text_columns
        places = {c.name: (True, i) for i, c in enumerate(numbers)}
        places |= {c.name: (False, i) for i, c in enumerate(texts)}
        unbounded = (-np.inf, np.inf)
        ranges = [
            unbounded
            if c.minimum is None or c.maximum is None or c.kind == "boolean"
            else (c.minimum, c.maximum)
            for c in numbers
        ]
        known = _Plan(
            places,
            _tuple_getter(tuple(c.name for c in numbers)),
            _tuple_getter(tuple(c.name for c in texts)),
            np.array([low for low, _ in ranges], dtype=np.float64),
            np.array([high for _, high in ranges], dtype=np.float64),
            any(c.kind == "integer" for c in numbers),
            any(c.kind == "boolean" for c in numbers),
            tuple((i, c.name, frozenset(c.categories)) for i, c in enumerate(texts) if c.kind == "category"),
        )
        schema.__dict__["_plan"] = known
    return known
