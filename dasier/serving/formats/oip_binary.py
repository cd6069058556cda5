"""The binary tensor data extension of the Open Inference Protocol.

The body is JSON, then the tensors' bytes one after the other, little-endian, row-major; a header
says where the JSON ends. A string is four bytes of length, then UTF-8. Source: Triton's
``docs/protocol/extension_binary_data.md``.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.errors import MalformedBody, Violation

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEADER = "inference-header-content-length"
MEDIA_TYPE = "application/octet-stream"

_LENGTH = struct.Struct("<I")


def split(body: bytes, header: str | None) -> tuple[bytes, memoryview]:
    """Give the JSON and the tensors' bytes of a body; without the header it is JSON alone.

    Raises
    ------
    MalformedBody
        If the header is not a length that the body has.
    """
    if header is None:
        return body, memoryview(b"")
    text = header.strip()
    # Ten digits hold every length that a body can have; more would only be slow to read.
    length = int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 else -1
    if not 0 < length <= len(body):
        why = "The header Inference-Header-Content-Length is not the length of the JSON in this body."
        raise MalformedBody(why, [Violation("#", "wrong_length", why)])
    return body[:length], memoryview(body)[length:]


def strings(raw: memoryview, count: int) -> NDArray[np.object_] | str:
    """Give the strings of a BYTES tensor, shape (count,), or what is wrong with it."""
    # Each takes four bytes at least: checked before room for `count` of them is made.
    if len(raw) < 4 * count:
        return "The binary data is shorter than its shape says."
    found: list[str] = []
    at = 0
    for _ in range(count):
        if len(raw) - at < 4:
            return "The binary data is shorter than its shape says."
        (length,) = _LENGTH.unpack_from(raw, at)
        at += 4
        if length > len(raw) - at:
            return "A string's length is over what is left of the binary data."
        try:
            found.append(str(raw[at : at + length], "utf-8"))
        except UnicodeDecodeError:
            return "A string is not UTF-8."
        at += length
    if at != len(raw):
        return "The binary data is longer than its shape says."
    cells = np.empty(count, dtype=object)
    cells[:] = found
    return cells


def numbers(raw: memoryview, count: int, dtype: np.dtype[Any]) -> NDArray[Any] | str:
    """Give the numbers of a tensor, shape (count,), or what is wrong with it."""
    if len(raw) != count * dtype.itemsize:
        return f"The binary data has {len(raw)} bytes; its shape and datatype say {count * dtype.itemsize}."
    return np.frombuffer(raw, dtype=dtype)


def encoded(cells: NDArray[Any], dtype: np.dtype[Any] | None) -> bytes:
    """Give a tensor's bytes; BYTES where there is no dtype."""
    if dtype is not None:
        return cells.astype(dtype).tobytes()
    texts = [str(cell).encode() for cell in cells.ravel().tolist()]
    return b"".join(part for text in texts for part in (_LENGTH.pack(len(text)), text))
