"""Cut a CSV file that is larger than memory into blocks of whole rows.

A row may hold line breaks, inside quotes, so where a row ends is known only from where one begins. A quote opens a cell
only where a cell begins, as `csv` reads it. One that nothing closes where a cell may end would swallow what follows, so
it counts as none, and the line that it stands in is refused alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BLOCK_BYTES = 8 * 1024 * 1024
"""How much is read at a time; a row that does not end in it is refused."""

MOST_ROWS = 250_000
"""In a block: what is made of short rows takes more memory than they do."""

MOST_CELL_BYTES = 512 * 1024
"""More than the 131,072 characters that a cell may have."""

_QUOTE = 0x22
_CELL = re.compile(rb'"(?>[^"]*(?:""[^"]*)*)"')


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that follow each other.

    Attributes
    ----------
    start, end : int
        Where in the file.
    content : bytes
    endless : bool
        It is one row, which was too long to be read; there is no content.
    """

    start: int
    end: int
    content: bytes
    endless: bool = False


def blocks(
    read: Callable[[int, int], bytes],
    start: int,
    stop: int,
    separator: bytes,
    *,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[Block]:
    """Give the rows between two places, each the beginning of a row, in blocks.

    From the same place the same file is cut in the same places, whoever cuts it.

    Parameters
    ----------
    read
        Gives the bytes from one place to another.
    """
    at = start
    while at < stop:
        content = read(at, min(at + block_bytes, stop))
        last = at + len(content) >= stop
        cut = _last_end(content, separator, last=last)
        if cut:
            yield Block(at, at + cut, content[:cut])
            at += cut
        else:
            end = _next_line(read, at, stop, block_bytes)
            yield Block(at, end, b"", endless=True)
            at = end


def rows(content: bytes, separator: bytes) -> list[bytes]:
    """Give the rows of a block, each with its line break; blank lines are none."""
    ends = list(_ends(content, separator, last=True))
    cut = [content[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    return [row for row in cut if row.strip(b"\r\n")]


def count(content: bytes, separator: bytes) -> int:
    """Give how many rows a block has."""
    plain = b'"' not in content and content.count(b"\r") == content.count(b"\r\n")
    if not plain or b"\n\n" in content or b"\n\r\n" in content or content.startswith((b"\n", b"\r\n")):
        return len(rows(content, separator))
    return content.count(b"\n") + (content[-1:] not in {b"", b"\n"})


def first_row(content: bytes) -> bytes:
    """Give the header with its line break, and blank lines before it; empty if it does not end."""
    for end in _ends(content, separator_of(content), last=False):
        if content[:end].removeprefix(b"\xef\xbb\xbf").strip(b"\r\n"):
            return content[:end]
    return b""


def separator_of(content: bytes) -> bytes:
    """Give what stands between cells, by the first line, as the reader of tables decides it."""
    line = content.partition(b"\n")[0]
    return b";" if line.count(b";") > line.count(b",") else b","


def _last_end(content: bytes, separator: bytes, *, last: bool) -> int:
    """Give where the last row that ends in a block does; 0 if none does."""
    if content.count(b"\n") + content.count(b"\r") <= MOST_ROWS:
        if last:
            return len(content)
        if b'"' not in content and (cut := content.rfind(b"\n")) >= 0:
            return cut + 1
    end = 0
    for end in islice(_ends(content, separator, last=last), MOST_ROWS):  # noqa: B007 (the last one is wanted)
        pass
    return end


def _ends(content: bytes, separator: bytes, *, last: bool) -> Iterator[int]:
    """Give where rows end; with `last` the end of the content is an end too."""
    search = _marks(separator).search
    at, size, end = 0, len(content), 0
    while (found := search(content, at)) is not None:
        start, at = found.span()
        if content[start] == _QUOTE:
            if found.lastgroup == "open" and not last and size - start <= MOST_CELL_BYTES:
                cell = _CELL.match(content, start)
                if cell is None or cell.end() == size:
                    return  # it may be closed in what follows
            if at - start > MOST_CELL_BYTES:
                at = start + 1
        elif at == size and content[start:at] == b"\r" and not last:
            return  # perhaps half a line break
        else:
            end = at
            yield at
    if last and end < size:
        yield size


@cache
def _marks(separator: bytes) -> re.Pattern[bytes]:
    """Give what finds quoted cells, other quotes where a cell begins, and line breaks."""
    around = b"[" + separator + rb"\r\n]"
    begins = rb"(?:\A|(?<=\A\xef\xbb\xbf)|(?<=" + around + b"))"
    cell = begins + b"(?P<cell>" + _CELL.pattern + b")(?=" + around + b")"
    return re.compile(cell + b"|" + begins + rb'(?P<open>")|\r\n|\n|\r')


def _next_line(read: Callable[[int, int], bytes], at: int, stop: int, block_bytes: int) -> int:
    """Give where the line ends that begins here, however long it is."""
    while at < stop:
        content = read(at, min(at + block_bytes, stop))
        found = content.find(b"\n")
        if found >= 0:
            return at + found + 1
        at += len(content)
    return stop
