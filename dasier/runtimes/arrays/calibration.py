"""Probabilities that were calibrated, and lines between points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.runtimes.arrays.answers import Answer, check_places, classes_in, expit, finite, softmax, two_sides

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dasier.runtimes.arrays.container import Node

    Numbers = NDArray[np.float64]


_ABOVE_ZERO = 1e-12
"""What scikit-learn adds to a probability whose logarithm it takes."""


def _line(xs: Numbers, ys: Numbers, *, clip: bool, raises: bool) -> Callable[[Numbers], Numbers]:
    def between(x: Numbers) -> Numbers:
        if len(xs) == 1:
            return np.full(len(x), ys[0])
        if clip:
            x = np.clip(x, xs[0], xs[-1])
        elif raises and ((x < xs[0]) | (x > xs[-1])).any():
            message = "A value is outside of the range that was fitted."
            raise ValueError(message)
        return np.interp(x, xs, ys, left=np.nan, right=np.nan)

    return between


def isotonic(node: Node, _parts: Any) -> Callable[[Numbers], Answer]:
    """Read the answer off a line that never falls: isotonic regression."""
    outside = node.values["outside"]
    line = _line(node.arrays["x"], node.arrays["y"], clip=outside == "clip", raises=outside == "raise")
    return lambda x: Answer(line(finite(x)[:, 0]))


def calibrated(node: Node, parts: Sequence[Callable[[Any], Answer]]) -> Callable[[Any], Answer]:
    """Average the calibrated probabilities of parts."""
    n_classes = classes_in(node)
    one_by_one = [_Calibrator(node, position, n_classes) for position in range(len(parts))]

    def answer(x: Any) -> Answer:
        shares: Any = 0
        for part, calibrator in zip(parts, one_by_one, strict=True):
            shares = shares + calibrator.shares(part(x))
        shares = shares / len(parts)
        return Answer(shares.argmax(axis=1), shares)

    return answer


class _Calibrator:
    """What stands behind one part."""

    def __init__(self, node: Node, position: int, n_classes: int) -> None:
        self._n_classes, self._asked = n_classes, node.values["asked"][position]
        self._method = node.values["method"]
        arrays = node.arrays
        self._places: list[int] = []
        if self._method != "temperature":
            check_places(arrays[f"places{position}"], n_classes)
            self._places = arrays[f"places{position}"].tolist()
        if self._method == "isotonic":
            self._lines = [
                _line(arrays[f"x{position}_{i}"], arrays[f"y{position}_{i}"], clip=True, raises=False)
                for i in range(len(self._places))
            ]
        else:
            self._slopes, self._shifts = arrays[f"slopes{position}"], arrays[f"shifts{position}"]

    def shares(self, found: Answer) -> Numbers:
        """Give calibrated probabilities, shape (n, n_classes)."""
        numbers: Any = found.scores if self._asked == "scores" else found.probabilities
        if self._method == "temperature":
            shares = self._tempered(numbers)
        else:
            if self._n_classes == 2 and self._asked != "scores":
                numbers = numbers[:, 1]
            shares = self._each(numbers.reshape(len(found.answer), -1))
        shares[(shares > 1.0) & (shares <= 1.0 + 1e-5)] = 1.0
        return shares

    def _each(self, numbers: Numbers) -> Numbers:
        shares = np.zeros((len(numbers), self._n_classes))
        for i, place in enumerate(self._places):
            column = numbers[:, i]
            if self._method == "isotonic":
                shares[:, place] = self._lines[i](column)
            else:
                shares[:, place] = expit(-(self._slopes[i] * column + self._shifts[i]))
        if self._n_classes == 2:
            shares[:, 0] = 1.0 - shares[:, 1]
            return shares
        sums = shares.sum(axis=1, keepdims=True)
        found: Numbers = np.full_like(shares, 1 / self._n_classes)
        np.divide(shares, sums, out=found, where=sums != 0)
        return found

    def _tempered(self, numbers: Numbers) -> Numbers:
        if self._asked != "scores":
            numbers = two_sides(numbers[:, 1:]) if self._n_classes == 2 else numbers
            numbers = np.log(numbers + _ABOVE_ZERO)
        elif numbers.ndim == 1:
            numbers = np.stack([-numbers, numbers], axis=1)
        return softmax(self._slopes[0] * numbers)


KINDS: dict[str, Callable[[Node, Sequence[Any]], Callable[[Any], Answer]]] = {
    "isotonic": isotonic,
    "calibrated": calibrated,
}
