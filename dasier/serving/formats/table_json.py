"""Tables in JSON: the shapes in which clients send rows, read the same way everywhere.

``{"instances": […]}``, ``{"inputs": {…}}``, ``{"dataframe_split": {…}}``,
``{"dataframe_records": […]}``, and a bare array of records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dasier.errors import MalformedBody, Violation
from dasier.rows import Pointer, Rows, from_columns, from_records, from_table, pointer_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dasier.schema import Schema

FORMS = ("instances", "inputs", "dataframe_split", "dataframe_records")


def read_table(document: Any, schema: Schema, *, bare: bool = True) -> tuple[Rows, Pointer]:
    """Give validated rows of a document, and how to point into it.

    Parameters
    ----------
    document
        Parsed JSON.
    schema : Schema
    bare : bool
        Whether an array of records without anything around it is read.

    Raises
    ------
    MalformedBody
        If the document has none of the shapes, or several.
    RowsRefused
        If rows do not fit the schema.
    """
    if bare and isinstance(document, list):
        return _records(schema, document, "#")
    if not isinstance(document, dict):
        raise _unshaped("The document is not an object.")
    found = [form for form in FORMS if form in document]
    if len(found) != 1:
        raise _unshaped("It has none of them." if not found else f"It has {' and '.join(found)}.")
    form = found[0]
    extra = sorted(set(document) - {form, "parameters", "params"}) if len(document) > 1 else ()
    if extra:
        raise MalformedBody(
            f"Beside {form} there is something that is not read here.",
            [Violation(f"#/{key[:100]}", "unknown_key", "This key is not read here.") for key in extra],
        )
    content = document[form]
    if form == "dataframe_split":
        return _split(schema, content)
    if form == "inputs" and isinstance(content, dict):
        pointer = pointer_in("#/inputs", by_column=True)
        return from_columns(schema, content, pointer), pointer
    return _records(schema, content, f"#/{form}")


def _records(schema: Schema, content: Any, place: str) -> tuple[Rows, Pointer]:
    """Give rows that are objects, or arrays in schema order."""
    if not isinstance(content, list):
        raise _not_an_array(place)
    if content and all(isinstance(row, list) for row in content):
        pointer = _by_position(place, schema.names)
        return from_table(schema, None, content, pointer), pointer
    pointer = pointer_in(place)
    return from_records(schema, content, pointer), pointer


def _split(schema: Schema, content: Any) -> tuple[Rows, Pointer]:
    place = "#/dataframe_split"
    if not isinstance(content, dict):
        raise MalformedBody(
            "dataframe_split is not an object.",
            [Violation(place, "wrong_type", "This is an object with columns and data.")],
        )
    columns, data = content.get("columns"), content.get("data")
    if not isinstance(data, list):
        raise _not_an_array(f"{place}/data")
    if columns is not None and not (
        isinstance(columns, list) and all(isinstance(name, str) for name in columns)
    ):
        raise MalformedBody(
            "The columns of dataframe_split are not names.",
            [Violation(f"{place}/columns", "wrong_type", "This is an array of column names.")],
        )
    names = schema.names if columns is None else columns
    pointer = _by_position(f"{place}/data", names)
    return from_table(schema, columns, data, pointer), pointer


def _by_position(place: str, names: Sequence[str]) -> Pointer:
    """Give pointers to cells of arrays; what has no position is pointed to by its name."""
    positions = {name: str(position) for position, name in enumerate(names)}
    below = pointer_in(place)
    return lambda row, column: below(row, positions.get(column, column) if column is not None else None)


def _unshaped(why: str) -> MalformedBody:
    return MalformedBody(
        f"Send an object with exactly one of {', '.join(FORMS)}, or an array of records. {why}",
        [Violation("#", "wrong_shape", why)],
    )


def _not_an_array(place: str) -> MalformedBody:
    return MalformedBody(
        "The rows are not an array.", [Violation(place, "wrong_type", "This is an array of rows.")]
    )
