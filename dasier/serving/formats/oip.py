"""Open Inference Protocol v2: requests become rows.

Source: https://github.com/open-inference/open-inference-protocol (``inference_rest.md``), with the
binary tensor data extension (`oip_binary`). An input is a column, found by its name, or all columns at once
in one matrix of numbers. What tensors say of themselves is checked first (400); then whether they fit the
schema (422).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.errors import MalformedBody, RowsRefused, UnsupportedMediaType, Violation
from dasier.rows import MAX_VIOLATIONS, Rows, from_arrays
from dasier.schema import NUMBER_KINDS, normalised
from dasier.serving.formats import oip_binary
from dasier.serving.formats.oip_outputs import Wanted, wanted_outputs
from dasier.serving.formats.oip_tensors import Tensor, read_tensors
from dasier.serving.json_body import read_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dasier.manifest import Manifest
    from dasier.rows import Pointer
    from dasier.schema import Column, Schema
    from dasier.serving.exchange import Request

MEDIA_TYPES = ("application/json", oip_binary.MEDIA_TYPE)

_FITTING: dict[str, str] = {
    "float": "a tensor of FP or INT",
    "integer": "a tensor of INT, or of FP with whole values",
    "boolean": "a tensor of BOOL, or of 0 and 1",
    "category": "a tensor of BYTES",
    "text": "a tensor of BYTES",
}


@dataclass(frozen=True, slots=True)
class Inference:
    """What a request asks for.

    Attributes
    ----------
    id : str or None
        The caller's own; echoed.
    rows : Rows
    pointer : callable
        Where a cell stands in the request.
    wanted : tuple of Wanted
    """

    id: str | None
    rows: Rows
    pointer: Pointer
    wanted: tuple[Wanted, ...]


def read(request: Request, manifest: Manifest) -> Inference:
    """Give what a request asks of a version.

    Clients that send binary tensors name no content type, or octets: both are read.

    Raises
    ------
    UnsupportedMediaType, MalformedBody, RowsRefused
    """
    media_type = request.media_type
    if media_type and media_type not in MEDIA_TYPES and not media_type.endswith("+json"):
        raise UnsupportedMediaType(MEDIA_TYPES)
    head, tail = oip_binary.split(request.body, request.headers.get(oip_binary.HEADER))
    document = read_json(head)
    _check_envelope(document)
    wanted = wanted_outputs(document, manifest)
    tensors = read_tensors(document["inputs"], tail)
    rows, pointer = _rows(tensors, manifest.schema)
    return Inference(document.get("id"), rows, pointer, wanted)


def _check_envelope(document: Any) -> None:
    """Refuse what is not a request; keys of later protocol versions are ignored."""
    if not isinstance(document, dict):
        why = "A request is an object with inputs."
        raise MalformedBody(why, [Violation("#", "wrong_shape", why)])
    faults = []
    if not isinstance(document.get("id"), str | None):
        faults.append(Violation("#/id", "wrong_type", "An id is a string."))
    if not isinstance(document.get("parameters"), dict | None):
        faults.append(Violation("#/parameters", "wrong_type", "Parameters are an object."))
    if not isinstance(document.get("inputs"), list) or not document["inputs"]:
        faults.append(Violation("#/inputs", "wrong_type", "Inputs are an array of at least one tensor."))
    if faults:
        raise MalformedBody("The body is no request of the Open Inference Protocol.", faults)


def _rows(tensors: list[Tensor], schema: Schema) -> tuple[Rows, Pointer]:
    if len(tensors) == 1 and _is_matrix(tensors[0], schema):
        return _from_matrix(tensors[0], schema)
    return _from_columns(tensors, schema)


def _is_matrix(tensor: Tensor, schema: Schema) -> bool:
    """Whether a tensor holds all columns; its name then says nothing, but a column's name means that column."""
    if len(tensor.shape) != 2 or not schema.numeric:
        return False
    only = len(schema.columns) == 1 and normalised(tensor.name) not in schema.by_name
    return tensor.shape[1] > 1 or only


def _from_matrix(tensor: Tensor, schema: Schema) -> tuple[Rows, Pointer]:
    width = len(schema.columns)
    if tensor.shape[1] != width:
        detail = f"The model takes {width} columns; the shape says {tensor.shape[1]}."
        raise MalformedBody(
            "The tensor does not have the model's columns.",
            [Violation(f"{tensor.place}/shape", "wrong_shape", detail)],
        )
    unfit = [column for column in schema.columns if not _fits(tensor, column)]
    if unfit:
        detail = f"Of these columns {len(unfit)} take no {tensor.datatype}."
        raise RowsRefused([Violation(f"{tensor.place}/datatype", "wrong_type", detail)])
    numbers = tensor.cells.reshape(tensor.shape)
    positions = {name: position for position, name in enumerate(schema.names)}

    def pointer(row: int | None, column: str | None) -> str:
        if row is None:
            return tensor.place
        return tensor.pointer(row, 0 if column is None else positions[column])

    _check_booleans(numbers, schema, pointer)
    texts = np.empty((len(numbers), 0), dtype=object)
    return from_arrays(schema, numbers, texts, pointer), pointer


def _from_columns(tensors: list[Tensor], schema: Schema) -> tuple[Rows, Pointer]:
    found = _named(tensors, schema)
    n_rows = tensors[0].shape[0]
    numbers = np.empty((n_rows, len(schema.number_columns)))
    for position, column in enumerate(schema.number_columns):
        numbers[:, position] = found[column.name].cells
    texts = np.empty((n_rows, len(schema.text_columns)), dtype=object)
    for position, column in enumerate(schema.text_columns):
        texts[:, position] = found[column.name].cells

    def pointer(row: int | None, column: str | None) -> str:
        tensor = tensors[0] if column is None else found[column]
        return tensor.place if row is None else tensor.pointer(row)

    _check_booleans(numbers, schema, pointer)
    return from_arrays(schema, numbers, texts, pointer), pointer


def _named(tensors: list[Tensor], schema: Schema) -> dict[str, Tensor]:
    """Give the tensor of each column.

    Raises
    ------
    MalformedBody
        If the tensors' shapes are not those of columns of one length.
    RowsRefused
        If a column is missing, unknown, given twice, or of a datatype that it does not take.
    """
    n_rows = max(tensor.shape[0] for tensor in tensors)
    lying = [
        Violation(f"{tensor.place}/shape", "wrong_shape", f"A column's shape is [{n_rows}] or [{n_rows}, 1].")
        for tensor in tensors
        if tensor.width != 1 or tensor.shape[0] != n_rows
    ]
    if lying:
        raise MalformedBody("The inputs are not columns of one length.", lying)
    faults: list[Violation] = []
    found: dict[str, Tensor] = {}
    for tensor in tensors:
        name = tensor.name if tensor.name in schema.by_name else normalised(tensor.name)
        column = schema.by_name.get(name)
        if column is None:
            faults.append(
                Violation(f"{tensor.place}/name", "unknown_column", "The model has no such column.")
            )
        elif name in found:
            faults.append(
                Violation(f"{tensor.place}/name", "duplicate_column", "This column is given twice.")
            )
        elif not _fits(tensor, column):
            detail = f"This column takes {_FITTING[column.kind]}."
            faults.append(Violation(f"{tensor.place}/datatype", "wrong_type", detail))
            found[name] = tensor
        else:
            found[name] = tensor
    faults.extend(
        Violation("#/inputs", "missing", f"The column {name!r} is missing.")
        for name in schema.names
        if name not in found
    )
    if faults:
        raise RowsRefused(faults[:MAX_VIOLATIONS])
    return found


def _fits(tensor: Tensor, column: Column) -> bool:
    if column.kind not in NUMBER_KINDS:
        return tensor.datatype == "BYTES"
    if tensor.datatype == "BOOL":
        return column.kind == "boolean"
    return tensor.datatype != "BYTES"


def _check_booleans(numbers: NDArray[np.float64], schema: Schema, pointer: Pointer) -> None:
    """Refuse numbers other than 0 and 1 in columns of booleans."""
    faults: list[Violation] = []
    for position, column in enumerate(schema.number_columns):
        if column.kind == "boolean":
            cells = numbers[:, position]
            wrong = np.flatnonzero((cells != 0) & (cells != 1) & ~np.isnan(cells))
            detail = "This column takes true or false, 1 or 0."
            faults.extend(
                Violation(pointer(row, column.name), "wrong_type", detail) for row in wrong.tolist()
            )
    if faults:
        raise RowsRefused(faults[:MAX_VIOLATIONS])
