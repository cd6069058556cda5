"""Results and refusals as CSV: numbers as JSON writes them, and no cell that a spreadsheet would run."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dasier.spreadsheets import neutral

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from dasier.rows import RowWarning
    from dasier.runtimes import Outputs
    from dasier.schema import Output

REFUSED_HEADER = b"row,column,code,reason\n"

_SPECIAL = re.compile(r'[",\r\n]')


@dataclass(frozen=True, slots=True, order=True)
class Refusal:
    """One thing that is wrong with a row, and where; `column` is empty if it is the row."""

    row: int
    column: str
    code: str
    reason: str

    def line(self) -> bytes:
        """Give its line."""
        return b",".join([b"%d" % self.row, cell(self.column), cell(self.code), cell(self.reason)]) + b"\n"


def cell(value: object) -> bytes:
    """Give a cell, quoted where it must be.

    >>> cell("a, b"), cell("=1+1"), cell(-3.5), cell(True)
    (b'"a, b"', b"'=1+1", b'-3.5', b'true')
    """
    if not isinstance(value, str):
        return orjson.dumps(value)
    text = neutral(value)
    if _SPECIAL.search(text):
        text = '"' + text.replace('"', '""') + '"'
    return text.encode(errors="replace")


class Results:
    """Writes what a model answers.

    Parameters
    ----------
    output : Output
        What the model gives.
    probabilities : bool
        Whether to write one for each class.
    """

    def __init__(self, output: Output, *, probabilities: bool) -> None:
        self._output, self._probabilities = output, probabilities
        self._labels: dict[Any, bytes] = {}

    def header(self) -> bytes:
        """Give the names of the columns, in a line."""
        names = ["row", "prediction"]
        if self._output.task == "classification" and self._probabilities:
            names += [f"probability_{key}" for key in self._output.class_keys]
        if self._output.task == "anomaly_detection":
            names.append("score")
        return b",".join(map(cell, [*names, "warnings"])) + b"\n"

    def lines(self, numbers: NDArray[np.intp], outputs: Outputs, warnings: Mapping[int, bytes]) -> bytes:
        """Give a line for each row.

        Parameters
        ----------
        numbers : ndarray of int, shape (n,)
            Which rows of the input were answered.
        warnings : mapping of row to cell
        """
        columns: list[Iterable[bytes]] = [_split(numbers), self._predictions(outputs.predictions)]
        if outputs.probabilities is not None and self._probabilities:
            columns.append(
                orjson.dumps(np.ascontiguousarray(outputs.probabilities), option=_NUMPY)[2:-2].split(b"],[")
            )
        if outputs.scores is not None:
            columns.append(_split(outputs.scores))
        columns.append(
            [warnings.get(row, b"") for row in numbers.tolist()] if warnings else [b""] * len(numbers)
        )
        return b"\n".join(map(b",".join, zip(*columns, strict=True))) + b"\n"

    def _predictions(self, predictions: NDArray[Any]) -> Iterable[bytes]:
        if predictions.dtype.kind == "f":
            return _split(predictions)
        labels, known = predictions.tolist(), self._labels
        known |= {label: cell(label) for label in set(labels).difference(known)}
        return [known[label] for label in labels]


def warned(warnings: Sequence[RowWarning], numbers: NDArray[np.intp]) -> dict[int, bytes]:
    """Give what is to be known of rows, a cell each: ``column code; column code``."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for warning in warnings:
        found[int(numbers[warning.row])].append(f"{warning.column} {warning.code}")
    return {row: cell("; ".join(texts)) for row, texts in found.items()}


_NUMPY = orjson.OPT_SERIALIZE_NUMPY


def _split(numbers: NDArray[Any]) -> list[bytes]:
    return orjson.dumps(np.ascontiguousarray(numbers), option=_NUMPY)[1:-1].split(b",")
