"""Small trees over many rows: every split asks every row, and what it rules out is a bit of each leaf.

A row that goes right at a split cannot end in a leaf below that split's left side. With the leaves of a tree numbered from
left to right, those are consecutive; the leaf where a row ends is the first that no split rules out (the idea of
QuickScorer: Lucchese and others, 2015). Rows stand next to each other here, eight leaves in a byte, so that a
split is three passes over bytes whatever way the rows go. That pays for as few leaves as `MOST_LEAVES`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_LEAVES = 64
"""Trees with more are quicker dealt out split by split: see `dasier.runtimes.arrays.trees`."""

_ROWS_AT_ONCE = 10_000
"""Rows whose bytes and numbers stay in a processor's cache."""

_FIRST_FREE = np.array(
    [next((bit for bit in range(8) if not byte >> bit & 1), 8) for byte in range(256)], np.uint8
)
"""By byte: the first bit that is not set."""


class _Split(NamedTuple):
    """A split: the column that it looks at, and per byte of leaves which of them are on its left."""

    feature: int
    threshold: np.floating
    left: tuple[tuple[int, np.uint8], ...]


class _Tree(NamedTuple):
    splits: list[_Split]
    leaves: NDArray[np.intp]


class TreeMasks:
    """The trees of an ensemble, each with few leaves.

    Parameters
    ----------
    feature, threshold, child, roots
        As `dasier.runtimes.arrays.trees.Trees` has them.
    values : ndarray, shape (n_nodes, n_values)
    single : bool
        Whether the columns hold numbers of float32: they are then compared as such.
    """

    def __init__(  # noqa: PLR0913 (what a tree is)
        self,
        feature: NDArray[np.intp],
        threshold: NDArray[np.float64],
        child: NDArray[np.intp],
        roots: NDArray[np.intp],
        values: NDArray[np.float64],
        *,
        single: bool,
    ) -> None:
        self._dtype: type[np.floating] = np.float32 if single else np.float64
        bounds = rounded_down(threshold) if single else threshold
        self._values = values
        children, features = child.tolist(), feature.tolist()
        self._trees = [_read(features, bounds, children, root) for root in roots.tolist()]

    def add(self, columns: NDArray[np.float64], sums: NDArray[np.float64]) -> None:
        """Add the values of each row's leaves, tree by tree.

        Parameters
        ----------
        columns : shape (n, n_columns)
        sums : shape (n, n_outputs)
        """
        for start in range(0, len(columns), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            self._add(np.ascontiguousarray(columns[rows].T, dtype=self._dtype), sums[rows])

    def _add(self, by_column: NDArray[np.floating], sums: NDArray[np.float64]) -> None:
        totals = np.ascontiguousarray(sums.T)
        n_outputs, n_values = len(totals), self._values.shape[1]
        for position, tree in enumerate(self._trees):
            found = _leaf(tree, by_column)
            outputs = range(n_outputs) if n_values == n_outputs else (position % n_outputs,)
            for place, output in enumerate(outputs):
                totals[output] += self._values[tree.leaves, place].take(found)
        sums[:] = totals.T


def _leaf(tree: _Tree, by_column: NDArray[np.floating]) -> NDArray[np.intp]:
    """Give the number of the leaf where each row ends, from left to right."""
    n_bytes, n_rows = -(-len(tree.leaves) // 8), by_column.shape[1]
    ruled_out = np.zeros((n_bytes, n_rows), dtype=np.uint8)
    goes_right, bits = np.empty(n_rows, dtype=bool), np.empty(n_rows, dtype=np.uint8)
    ones = goes_right.view(np.uint8)
    for split in tree.splits:
        np.greater(by_column[split.feature], split.threshold, out=goes_right)
        for byte, left in split.left:
            np.multiply(ones, left, out=bits)
            ruled_out[byte] |= bits
    found = _FIRST_FREE.take(ruled_out[-1])
    for byte in range(n_bytes - 2, -1, -1):
        found += 8
        free = _FIRST_FREE.take(ruled_out[byte])
        np.copyto(found, free, where=free < 8)
    places: NDArray[np.intp] = found.astype(np.intp)
    return places


def rounded_down(threshold: NDArray[np.float64]) -> NDArray[np.float32]:
    """Give the largest number of float32 that is not above each: whatever is of float32 exceeds both or none.

    >>> rounded_down(np.array([0.1, 0.25, -0.1])).astype(float) <= np.array([0.1, 0.25, -0.1])
    array([ True,  True,  True])
    """
    with np.errstate(over="ignore"):
        single = threshold.astype(np.float32)
    above = single.astype(np.float64) > threshold
    single[above] = np.nextafter(single[above], np.float32(-np.inf))
    return single


def _read(feature: list[int], bounds: NDArray[np.floating], child: list[int], root: int) -> _Tree:
    """Give the leaves below a root, from left to right, and to each split those on its left."""
    order, pending = [], [root]
    while pending:
        node = pending.pop()
        order.append(node)
        left = child[node]
        if left != node:
            pending += [left + 1, left]
    leaves = [node for node in order if child[node] == node]
    number = {node: position for position, node in enumerate(leaves)}
    first, stop = dict(number), {node: position + 1 for node, position in number.items()}
    for node in reversed(order):  # children before their parents
        if node not in number:
            left = child[node]
            first[node], stop[node] = first[left], stop[left + 1]
    splits = [
        _Split(feature[node], bounds[node], _bytes(first[node], stop[child[node]]))
        for node in order
        if node not in number
    ]
    return _Tree(splits, np.array(leaves, dtype=np.intp))


def _bytes(first: int, stop: int) -> tuple[tuple[int, np.uint8], ...]:
    """Give the bytes in which bits from one on are set up to another."""
    bits = (1 << stop) - (1 << first)
    spread = ((byte, bits >> 8 * byte & 255) for byte in range(first // 8, -(-stop // 8)))
    return tuple((byte, np.uint8(part)) for byte, part in spread if part)


def are_small(child: NDArray[np.intp], roots: NDArray[np.intp]) -> bool:
    """Say whether no tree has more leaves than pay here."""
    leaves = np.zeros(len(roots), dtype=np.intp)
    level, tree = roots, np.arange(len(roots))
    while len(level):
        is_leaf = child[level] == level
        np.add.at(leaves, tree[is_leaf], 1)
        left, tree = child[level[~is_leaf]], np.repeat(tree[~is_leaf], 2)
        level = np.stack([left, left + 1], axis=1).ravel()
    return bool(leaves.max(initial=0) <= MOST_LEAVES)
