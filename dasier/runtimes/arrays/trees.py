"""Trees of every kind, side by side in arrays.

All nodes of all trees are numbered together, siblings next to each other, so that a step down is
``child[node] + (column[feature[node]] > threshold[node])``; a leaf is its own child, behind a threshold that
nothing exceeds. What else decides in scikit-learn is made a column of its own beforehand, and the walk knows
nothing of it:

- a null goes left in the column as it stands (null = −∞), right in its copy (null = +∞);
- a categorical split is a column of 0 (left) and 1 (right).

Few rows walk down all trees at once. Many rows are asked by every split of small trees
(`dasier.runtimes.arrays.tree_masks`); larger trees deal them out at each split, which touches a row as often as it is
deep, not as often as the deepest leaf is. Which is cheapest depends on the number of rows and of leaves (the
reference forest's masks overtook the walk at about 1,000 rows; dealing did between 2,000 and 5,000).

The values of the leaves are added in the order of the trees, as scikit-learn adds them: the sums are equal to the bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dasier.runtimes.arrays.tree_masks import TreeMasks, are_small

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dasier.runtimes.arrays.container import Node

_FEW_ROWS = 3_000
"""Up to so many rows walk together; more are dealt out."""

_FEW_ROWS_OF_SMALL_TREES = 1_000
"""Up to so many rows walk together where trees are small; more are asked by every split."""

_FEW_PAIRS = 64
"""Where so few rows are left below a split, they are put aside, to walk on together with others."""

_PAIRS_AT_ONCE = 20_000
"""Pairs of a row and a tree that walk together: their arrays stay in a processor's cache."""

_UNKNOWN_CODE = 256


class Trees:
    """An ensemble's trees.

    Parameters
    ----------
    node : Node
        ``values``: ``single`` (compare in float32, as scikit-learn's trees do), ``nulls`` (a null has its way; else
        it is refused), ``infinite`` (so does what float32 cannot hold), ``depth``. ``arrays``: ``feature``, ``threshold``, ``child``, ``roots``, ``values`` of shape
        (n_nodes, n_values), ``start`` of shape (n_outputs,); for categorical splits ``code_feature`` (n_splits,)
        and ``goes_right`` (n_splits, 257), the last for a null and any other code.
    """

    def __init__(self, node: Node) -> None:
        arrays = node.arrays
        self._feature = arrays["feature"].astype(np.intp)
        self._threshold = arrays["threshold"].astype(np.float64)
        self._child = arrays["child"].astype(np.intp)
        self._roots = arrays["roots"].astype(np.intp)
        self._values = arrays["values"].astype(np.float64)
        self._start = arrays["start"].astype(np.float64)
        self._depth = int(node.values["depth"])
        self._single, self._nulls = bool(node.values["single"]), bool(node.values["nulls"])
        self._infinite = bool(node.values.get("infinite"))
        self._largest = float(np.finfo(np.float32 if self._single else np.float64).max)
        self._code_feature = arrays.get("code_feature")
        self._goes_right = arrays.get("goes_right")
        self._check()
        self._last_feature = int(self._feature.max(initial=0))
        self._are_small = are_small(self._child, self._roots)
        self._masks: TreeMasks | None = None  # made when many rows come for the first time

    def _check(self) -> None:
        """Refuse numbers that would lead out of the arrays, or make a walk longer than there are nodes."""
        n_nodes = len(self._child)
        every = np.arange(n_nodes)
        parents = np.flatnonzero(self._child != every)
        # Each node has one parent, which stands before it: no way down meets itself, or another one.
        inside = (
            self._child.shape == every.shape
            and np.all(self._child >= every)
            and np.all(np.diff(self._child[parents]) >= 2)
            and self._child[parents].min(initial=n_nodes) > self._roots.max(initial=-1)
            and self._child[parents].max(initial=-1) + 1 < max(n_nodes, 1)
            and np.all(np.diff(self._roots) > 0)
        )
        inside = inside and (
            {n_nodes} == {len(self._feature), len(self._threshold), len(self._values)}
            and 0 <= self._depth <= n_nodes
            and self._roots.min(initial=0) >= 0
            and self._roots.max(initial=-1) < n_nodes
            and self._child.min(initial=0) >= 0
            and self._feature.min(initial=0) >= 0
            and np.all(self._child + np.isfinite(self._threshold) < n_nodes)
            and len(self._roots) * self._values.shape[1] % len(self._start) == 0
        )
        if self._code_feature is not None and self._goes_right is not None:
            inside = inside and self._goes_right.shape == (len(self._code_feature), _UNKNOWN_CODE + 1)
        if not inside:
            message = "the trees are not whole"
            raise ValueError(message)

    def sums(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the start plus the values of each row's leaves, shape (n, n_outputs)."""
        columns = self._columns(x)
        if (
            columns.shape[1] <= self._last_feature
        ):  # rows lie one behind the other: it would be the next one's cell
            message = "a split looks at a column that there is not"
            raise ValueError(message)
        if self._are_small and len(columns) > _FEW_ROWS_OF_SMALL_TREES:
            return self._masked_sums(columns)
        if len(columns) > _FEW_ROWS:
            return self._dealt_sums(columns)
        at_once = max(1, _PAIRS_AT_ONCE // len(self._roots))
        parts = [
            self._walked_sums(columns[start : start + at_once]) for start in range(0, len(columns), at_once)
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _columns(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give what the splits look at, shape (n, n_columns)."""
        if self._single:
            x = x.astype(np.float32).astype(np.float64)
            finite = np.isfinite(x)
            if not finite.all() and (not self._nulls or (not self._infinite and np.isinf(x).any())):
                message = "Input contains NaN, infinity or a value too large for dtype('float32')."
                raise ValueError(message)
        if not self._nulls:
            return x
        null = np.isnan(x)
        x = np.minimum(x, self._largest)  # a threshold of "all but nulls" is the largest number
        parts = [np.where(null, -np.inf, x), np.where(null, np.inf, x)]
        if self._code_feature is not None and self._goes_right is not None:
            codes = x[:, self._code_feature]
            known = (codes >= 0) & (codes < _UNKNOWN_CODE)
            codes = np.where(known, codes, _UNKNOWN_CODE).astype(np.intp)
            parts.append(self._goes_right[np.arange(len(self._goes_right)), codes])
        return np.concatenate(parts, axis=1)

    def _walked_sums(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Let every row walk down every tree, a level at a time."""
        n_rows, width = columns.shape
        leaf = self._walk(
            columns.ravel(),
            np.repeat(np.arange(0, n_rows * width, width), len(self._roots)),
            np.tile(self._roots, n_rows),
        )
        steps = np.empty(
            (n_rows, 1 + len(self._roots) * self._values.shape[1] // len(self._start), len(self._start))
        )
        steps[:, 0] = self._start
        steps[:, 1:] = self._values.take(leaf, axis=0).reshape(n_rows, -1, len(self._start))
        sums: NDArray[np.float64] = np.add.accumulate(steps, axis=1)[:, -1]
        return sums

    def _walk(
        self, cells: NDArray[np.float64], row: NDArray[np.intp], node: NDArray[np.intp]
    ) -> NDArray[np.intp]:
        """Give the leaf under each node, for the row that starts at a place of the cells."""
        feature, threshold, child = self._feature, self._threshold, self._child
        for _ in range(self._depth):
            right = cells.take(feature.take(node) + row) > threshold.take(node)
            node = child.take(node)
            node += right
        return node

    def _masked_sums(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Let every split ask all rows."""
        masks = self._masks
        if masks is None:
            nodes = (self._feature, self._threshold, self._child, self._roots, self._values)
            masks = self._masks = TreeMasks(*nodes, single=self._single)
        sums = np.tile(self._start, (len(columns), 1))
        masks.add(columns, sums)
        return sums

    def _dealt_sums(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Deal all rows out at each split, tree by tree."""
        n_rows, width = columns.shape
        by_column = np.ascontiguousarray(columns.T)
        cells = columns.ravel()
        sums = np.tile(self._start, (n_rows, 1))
        n_values, n_outputs = self._values.shape[1], len(self._start)
        everybody = np.arange(n_rows)
        leaf = np.empty(n_rows, dtype=np.intp)
        for position, root in enumerate(self._roots.tolist()):
            rows, nodes = self._deal(by_column, root, everybody, leaf)
            if len(rows):
                leaf[rows] = self._walk(cells, rows * width, nodes)
            if n_values == n_outputs:
                sums += self._values.take(leaf, axis=0)
            else:
                sums[:, position % n_outputs] += self._values[:, 0].take(leaf)
        return sums

    def _deal(
        self,
        by_column: NDArray[np.float64],
        root: int,
        everybody: NDArray[np.intp],
        leaf: NDArray[np.intp],
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Write down the leaf of every row; give the rows that were put aside, with the nodes where they are."""
        feature, threshold, child = self._feature, self._threshold, self._child
        pending = [(root, everybody)]
        aside: list[tuple[int, NDArray[np.intp]]] = []
        while pending:
            node, rows = pending.pop()
            left = int(child[node])
            if left == node:
                leaf[rows] = node
            elif len(rows) <= _FEW_PAIRS:
                if len(rows):
                    aside.append((node, rows))
            else:
                right = by_column[feature[node]].take(rows) > threshold[node]
                pending.append((left, rows[~right]))
                pending.append((left + 1, rows[right]))
        if not aside:
            return everybody[:0], everybody[:0]
        nodes = np.repeat([node for node, _ in aside], [len(rows) for _, rows in aside])
        return np.concatenate([rows for _, rows in aside]), nodes
