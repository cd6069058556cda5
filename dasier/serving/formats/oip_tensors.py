"""Input tensors of the Open Inference Protocol, each held to what it says of itself.

A shape is compared with the data's own length, in Python's integers, before anything of that
size is made: a shape cannot claim memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.errors import MalformedBody, Violation
from dasier.rows import MAX_VIOLATIONS
from dasier.serving.formats import oip_binary

if TYPE_CHECKING:
    from numpy.typing import NDArray

DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype("u1"),
    "UINT8": np.dtype("u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
"""How each datatype of numbers lies in binary data; BYTES has lengths instead."""

DATATYPES = (*DTYPES, "BYTES")

_BOUNDS: dict[str, tuple[int, int]] = {
    name: (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
    for name, dtype in DTYPES.items()
    if dtype.kind in "iu"
} | {"BOOL": (0, 1)}

_NUMBERS = frozenset({int, float, type(None)})
_MOST_DIMENSIONS = 2


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input that is what it says.

    Attributes
    ----------
    place : str
        Where it stands, e.g. ``#/inputs/0``.
    name, datatype : str
    shape : tuple of int
        (n,) or (n, d), n and d at least 1.
    cells : ndarray, shape (n * d,)
        float64 with NaN for a null; object, of str and NaN, for BYTES.
    nested : bool
        Whether the data was sent as an array a row.
    """

    place: str
    name: str
    datatype: str
    shape: tuple[int, ...]
    cells: NDArray[Any]
    nested: bool

    @property
    def width(self) -> int:
        """How many columns it holds."""
        return self.shape[1] if len(self.shape) == 2 else 1

    def pointer(self, row: int, position: int = 0) -> str:
        """Give where a cell stands in the request."""
        at = f"{row}/{position}" if self.nested else str(row * self.width + position)
        return f"{self.place}/data/{at}"


def read_tensors(items: list[Any], tail: memoryview) -> list[Tensor]:
    """Give every input of a request.

    Parameters
    ----------
    items
        The document's ``inputs``.
    tail
        The binary data of those inputs that have some, in their order.

    Raises
    ------
    MalformedBody
        Listing what is wrong with each of them.
    """
    faults: list[Violation] = []
    sizes = [_binary_size(item, f"#/inputs/{i}", faults) for i, item in enumerate(items)]
    if not faults and sum(size or 0 for size in sizes) != len(tail):
        detail = f"The inputs' binary_data_size are together not the {len(tail)} bytes after the JSON."
        faults.append(Violation("#/inputs", "wrong_length", detail))
    tensors: list[Tensor] = []
    at = 0
    for position, item in enumerate(items):
        if faults and not isinstance(item, dict):
            continue
        size = sizes[position]
        raw = None if size is None else tail[at : at + size]
        at += size or 0
        tensor = _read(item, f"#/inputs/{position}", raw, faults)
        if tensor is not None:
            tensors.append(tensor)
    if faults:
        raise MalformedBody("The inputs are not the tensors that they say.", faults[:MAX_VIOLATIONS])
    return tensors


def _binary_size(item: Any, place: str, faults: list[Violation]) -> int | None:
    if not isinstance(item, dict):
        faults.append(Violation(place, "wrong_type", "An input is an object: name, shape, datatype, data."))
        return None
    parameters = item.get("parameters")
    if parameters is not None and not isinstance(parameters, dict):
        faults.append(Violation(f"{place}/parameters", "wrong_type", "Parameters are an object."))
        return None
    size = (parameters or {}).get("binary_data_size")
    if size is not None and (type(size) is not int or size < 0):
        where = f"{place}/parameters/binary_data_size"
        faults.append(Violation(where, "wrong_type", "This is a number of bytes."))
        return None
    return size


def _read(item: dict[str, Any], place: str, raw: memoryview | None, faults: list[Violation]) -> Tensor | None:
    before = len(faults)
    name, datatype = item.get("name"), item.get("datatype")
    if not isinstance(name, str):
        faults.append(Violation(f"{place}/name", "wrong_type", "A name is a string."))
    if not isinstance(datatype, str) or datatype not in DATATYPES:
        detail = f"A datatype is one of {', '.join(DATATYPES)}."
        faults.append(Violation(f"{place}/datatype", "unknown_datatype", detail))
    shape = _shape(item.get("shape"), f"{place}/shape", faults)
    if raw is not None and "data" in item:
        faults.append(
            Violation(f"{place}/data", "wrong_shape", "The data comes as JSON or as binary, not both.")
        )
    if len(faults) > before or shape is None:
        return None
    if raw is not None:
        cells = _binary(raw, str(datatype), math.prod(shape), place, faults)
        return None if cells is None else Tensor(place, str(name), str(datatype), shape, cells, nested=False)
    flat, nested = _flat(item.get("data"), shape, place, faults)
    if flat is None:
        return None
    tensor = Tensor(place, str(name), str(datatype), shape, np.empty(0), nested)
    cells = _cells(tensor, flat, faults)
    return None if cells is None else Tensor(place, str(name), str(datatype), shape, cells, nested)


def _shape(shape: Any, place: str, faults: list[Violation]) -> tuple[int, ...] | None:
    if not isinstance(shape, list) or not all(type(size) is int for size in shape):
        faults.append(Violation(place, "wrong_type", "A shape is an array of whole numbers."))
    elif not 1 <= len(shape) <= _MOST_DIMENSIONS:
        faults.append(Violation(place, "wrong_shape", "A shape is [rows], or [rows, columns]."))
    elif min(shape) < 1:
        faults.append(Violation(place, "wrong_shape", "Every size of a shape is at least 1."))
    else:
        return tuple(shape)
    return None


def _binary(
    raw: memoryview, datatype: str, count: int, place: str, faults: list[Violation]
) -> NDArray[Any] | None:
    found = (
        oip_binary.strings(raw, count)
        if datatype == "BYTES"
        else oip_binary.numbers(raw, count, DTYPES[datatype])
    )
    if isinstance(found, str):
        faults.append(Violation(f"{place}/shape", "wrong_length", found))
        return None
    if datatype == "BOOL" and found.max() > 1:
        faults.append(Violation(place, "wrong_type", "A BOOL is a byte that is 0 or 1."))
        return None
    return found if datatype == "BYTES" else found.astype(np.float64)


def _flat(
    data: Any, shape: tuple[int, ...], place: str, faults: list[Violation]
) -> tuple[list[Any] | None, bool]:
    """Give data as one list, and whether it came as a list a row."""
    if not isinstance(data, list):
        faults.append(Violation(f"{place}/data", "wrong_type", "Data is an array."))
        return None, False
    nested = len(shape) == 2 and bool(data) and isinstance(data[0], list)
    if not nested:
        count = math.prod(shape)
        if len(data) != count:
            # A size beyond any body is not spelled out: 2^62 rows are no number to reason with.
            says = f"{count} values" if count < 10**9 else "more than any body holds"
            detail = f"The data has {len(data)} values; the shape says {says}."
            faults.append(Violation(f"{place}/shape", "wrong_length", detail))
            return None, False
        return data, False
    if len(data) != shape[0]:
        detail = f"The data has {len(data)} rows; the shape says otherwise."
        faults.append(Violation(f"{place}/shape", "wrong_length", detail))
        return None, True
    ragged = [i for i, row in enumerate(data) if not isinstance(row, list) or len(row) != shape[1]]
    faults.extend(
        Violation(f"{place}/data/{row}", "wrong_length", "This row is not as long as the shape says.")
        for row in ragged[:MAX_VIOLATIONS]
    )
    return (None if ragged else list(chain.from_iterable(data))), True


def _cells(tensor: Tensor, flat: list[Any], faults: list[Violation]) -> NDArray[Any] | None:
    """Give the values of JSON data in an array, if each is one of the datatype."""
    types = set(map(type, flat))
    return (
        _texts(tensor, flat, types, faults)
        if tensor.datatype == "BYTES"
        else _numbers(tensor, flat, types, faults)
    )


def _texts(tensor: Tensor, flat: list[Any], types: set[type], faults: list[Violation]) -> NDArray[Any] | None:
    if not types <= {str, type(None)}:
        wrong = [i for i, cell in enumerate(flat) if not isinstance(cell, str | None)]
        _wrong(tensor, wrong, "A value of BYTES is a string.", faults)
        return None
    cells = np.empty(len(flat), dtype=object)
    cells[:] = flat if types == {str} else [np.nan if cell is None else cell for cell in flat]
    return cells


def _numbers(
    tensor: Tensor, flat: list[Any], types: set[type], faults: list[Violation]
) -> NDArray[Any] | None:
    accepted = _NUMBERS | {bool} if tensor.datatype == "BOOL" else _NUMBERS
    if not types <= accepted:
        wrong = [i for i, cell in enumerate(flat) if type(cell) not in accepted]
        _wrong(tensor, wrong, f"This is no value of {tensor.datatype}.", faults)
        return None
    numbers = np.array(flat, dtype=np.float64)
    if tensor.datatype.startswith("FP"):
        return numbers
    low, high = _BOUNDS[tensor.datatype]
    if types == {int} and low <= min(flat) and max(flat) <= high:
        return numbers
    with np.errstate(invalid="ignore"):
        outside = (numbers < low) | (numbers > high) | (numbers != np.rint(numbers)) & ~np.isnan(numbers)
    if outside.any():
        wrong = np.flatnonzero(outside).tolist()
        _wrong(tensor, wrong, f"This is no value of {tensor.datatype}.", faults)
        return None
    return numbers


def _wrong(tensor: Tensor, wrong: list[int], detail: str, faults: list[Violation]) -> None:
    faults.extend(
        Violation(tensor.pointer(*divmod(index, tensor.width)), "wrong_type", detail)
        for index in wrong[:MAX_VIOLATIONS]
    )
