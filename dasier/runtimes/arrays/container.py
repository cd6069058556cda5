r"""Nodes with their arrays in one blob, without pickle.

========  ======================================================================================
16 bytes  `MAGIC`, with the format's number
8 bytes   the header's length, little-endian
header    JSON: the root node; of each array its dtype, its shape and where it starts
zeros     up to a multiple of 64, where the arrays' part begins
arrays    one after the other, each at a multiple of 64 of that part, little-endian, in C order
========  ======================================================================================

What the header claims is held against the bytes that there are before any array is made, and arrays are
views of the blob: they take no memory beyond it, whatever a header says. No two arrays share a byte, so that what
is made of each of them is never more than a few times the blob. A later form gets another number, which older readers refuse.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.errors import DocumentInvalid, FormatUnknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

FORMAT = 1
MAGIC = b"DASIER arrays"
_START = 24
_ALIGNMENT = 64
_MOST_NODES = 100_000
_DTYPES = {"f8": "<f8", "i8": "<i8", "i4": "<i4", "u1": "|u1"}
"""What an array may be of."""


@dataclass(frozen=True, slots=True)
class Node:
    """A step of a model.

    Attributes
    ----------
    kind : str
        What evaluates it (`dasier.runtimes.arrays.evaluators`).
    values : mapping
        JSON types.
    arrays : mapping from str to ndarray
    parts : sequence of Node
        The steps inside it, in order.
    """

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    parts: tuple[Node, ...] = ()


def pack(root: Node) -> bytes:
    """Give the bytes that `unpack` reads: the same for the same node."""
    pieces: list[bytes] = []
    size = 0

    def told(node: Node) -> dict[str, Any]:
        nonlocal size
        arrays = {}
        for name, array in node.arrays.items():
            dtype = f"{array.dtype.kind}{array.dtype.itemsize}"
            content = np.ascontiguousarray(array, dtype=_DTYPES[dtype]).tobytes()
            arrays[name] = [dtype, list(array.shape), size]
            pieces.append(content.ljust(_aligned(len(content)), b"\0"))
            size += len(pieces[-1])
        return {
            "kind": node.kind,
            "values": dict(node.values),
            "arrays": arrays,
            "parts": [told(part) for part in node.parts],
        }

    header = json.dumps(told(root), allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    start = MAGIC + f"{FORMAT:3d}".encode() + len(header).to_bytes(8, "little") + header
    return start.ljust(_aligned(len(start)), b"\0") + b"".join(pieces)


def unpack(blob: bytes) -> Node:
    """Give the root node.

    Raises
    ------
    FormatUnknown
        If a later release of DASIER wrote it.
    DocumentInvalid
        If it is anything else, or claims more than the blob holds.
    """
    if not blob.startswith(MAGIC):
        raise DocumentInvalid("blob of arrays")
    version = blob[len(MAGIC) : 16]
    if version != f"{FORMAT:3d}".encode():
        raise FormatUnknown(f"arrays {version.decode(errors='replace').strip()}", known=FORMAT)
    stop = _START + int.from_bytes(blob[16:_START], "little")
    if stop > len(blob):
        raise DocumentInvalid("blob of arrays")
    try:
        return _Reader(blob, _aligned(stop)).node(json.loads(blob[_START:stop]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DocumentInvalid("blob of arrays") from error


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


class _Reader:
    def __init__(self, blob: bytes, start: int) -> None:
        self._blob, self._start, self._nodes, self._used = blob, start, 0, 0

    def node(self, told: Any) -> Node:
        self._nodes += 1
        if self._nodes > _MOST_NODES or type(told["kind"]) is not str:
            raise ValueError
        return Node(
            told["kind"],
            dict(told["values"]),
            {name: self._array(*claimed) for name, claimed in told["arrays"].items()},
            tuple(self.node(part) for part in told["parts"]),
        )

    def _array(self, dtype: str, shape: list[int], offset: int) -> NDArray[Any]:
        kind = np.dtype(_DTYPES[dtype])
        # No side of an array is longer than the blob: one of nothing could claim any length.
        if any(type(size) is not int or not 0 <= size <= len(self._blob) for size in shape):
            raise ValueError
        count = math.prod(shape)  # Python's integers do not overflow
        at = self._start + self._used
        if offset != self._used or at + count * kind.itemsize > len(self._blob):
            raise ValueError
        self._used += _aligned(count * kind.itemsize)
        if not count:
            return np.empty(shape, kind)
        return np.frombuffer(self._blob, kind, count, at).reshape(shape)
