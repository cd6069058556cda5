"""The search for nearest neighbours among points that a node holds.

Where more points are equally far than there is room for, scikit-learn keeps those that its heap happens to hold, which
depends on the order in which it visits them. For such rows, and for them alone, the search is done over again
in its order (`_Replay`), so that the same neighbours are found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dasier.runtimes.arrays.answers import finite
from dasier.runtimes.arrays.distances import blocks, reduced, rooted, squared_by_product

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dasier.runtimes.arrays.container import Node

    Numbers = NDArray[np.float64]
    Places = NDArray[np.intp]


class Points:
    """The training rows of a node, and how far others are from them."""

    def __init__(self, node: Node) -> None:
        self.points = node.arrays["points"]
        self.columns = np.ascontiguousarray(self.points.T)
        self.p = float(node.values["p"] or np.inf)
        self.by_product = bool(node.values["by_product"])
        self.sizes = np.vecdot(self.points, self.points)

    def far(self, x: Numbers) -> Numbers:
        """Give what rows are ranked by, shape (n, n_points)."""
        if self.by_product:
            return squared_by_product(x, self.points, self.sizes)
        return reduced(x, self.columns, self.p)


class Nearest:
    """The search for k neighbours.

    Parameters
    ----------
    node : Node
        ``values``: ``k``, ``p`` (None for infinity), ``by_product``, ``replayed`` (else numpy's partition decides ties). ``arrays``: ``points``, and of a tree of boxes
        ``order``, ``nodes`` (first, last, whether a leaf) and ``boxes``.
    """

    def __init__(self, node: Node) -> None:
        self._points, self._k = Points(node), int(node.values["k"])
        if not 0 < self._k <= len(self._points.points):
            message = "there are fewer points than neighbours"
            raise ValueError(message)
        self._replay = _Replay(node, self._points.p, self._k) if node.values["replayed"] else None

    def find(self, x: Numbers) -> tuple[Numbers, Places]:
        """Give the distances of each row's neighbours and their places, the nearest first, shapes (n, k)."""
        x = finite(x)
        parts = [self._block(x[rows]) for rows in blocks(len(x), len(self._points.points))]
        if len(parts) == 1:
            return parts[0]
        empty = np.empty((0, self._k))
        return (
            np.concatenate([empty, *[distances for distances, _ in parts]]),
            np.concatenate([empty.astype(np.intp), *[found for _, found in parts]]),
        )

    def _block(self, x: Numbers) -> tuple[Numbers, Places]:
        far = self._points.far(x)
        if self._k == far.shape[1]:
            found = np.broadcast_to(np.arange(self._k), far.shape)
        else:
            found = np.argpartition(far, self._k - 1, axis=1)[:, : self._k]
            if self._replay is not None:
                farthest = np.take_along_axis(far, found, axis=1).max(axis=1)
                n_near = np.count_nonzero(far <= farthest[:, np.newaxis], axis=1)
                for row in np.flatnonzero(n_near > self._k):
                    found[row] = self._replay.found(x[row], far[row])
        order = np.argsort(np.take_along_axis(far, found, axis=1), axis=1, kind="stable")
        found = np.take_along_axis(found, order, axis=1)
        return rooted(np.take_along_axis(far, found, axis=1), self._points.p), found


class _Replay:
    """scikit-learn's search for the neighbours of one row, in its order."""

    def __init__(self, node: Node, p: float, k: int) -> None:
        n_points = len(node.arrays["points"])
        self._p, self._k = p, k
        self._order = node.arrays["order"].tolist() if "order" in node.arrays else list(range(n_points))
        self._nodes: list[list[int]] = node.arrays["nodes"].tolist() if "nodes" in node.arrays else []
        self._boxes = node.arrays.get("boxes")
        inside = sorted(self._order) == list(range(n_points)) and all(
            0 <= first <= last <= n_points and (leaf or 2 * place + 2 < len(self._nodes))
            for place, (first, last, leaf) in enumerate(self._nodes)
        )
        # No point is in two leaves: a row would visit it again and again.
        inside = inside and sum(last - first for first, last, leaf in self._nodes if leaf) <= n_points
        if self._boxes is not None:
            inside = inside and self._boxes.shape == (2, len(self._nodes), node.arrays["points"].shape[1])
        if not inside:
            message = "the tree of points is not whole"
            raise ValueError(message)

    def found(self, x: Numbers, far: Numbers) -> list[int]:
        """Give the places of the neighbours, in no order."""
        heap = _Heap(self._k)
        ranked = far.tolist()
        for first, last in self._visits(x, heap):
            for place in self._order[first:last]:
                if ranked[place] < heap.far[0]:
                    heap.push(ranked[place], place)
        return heap.places

    def _visits(self, x: Numbers, heap: _Heap) -> Iterator[tuple[int, int]]:
        """Give the parts of the order that are visited, the nearer box first."""
        if self._boxes is None:
            yield 0, len(self._order)
            return
        nearest = self._nearest_corners(x).tolist()
        pending = [0]
        while pending:
            node = pending.pop()
            if nearest[node] > heap.far[0]:
                continue
            first, last, leaf = self._nodes[node]
            if leaf:
                yield first, last
            else:
                near, far = 2 * node + 1, 2 * node + 2
                pending += [far, near] if nearest[near] <= nearest[far] else [near, far]

    def _nearest_corners(self, x: Numbers) -> Numbers:
        """Give how far each box is at least, but for the root."""
        low, high = self._boxes  # type: ignore[misc]
        sums = np.zeros(len(low))
        for position, cell in enumerate(x):
            outside = np.maximum(low[:, position] - cell, 0.0) + np.maximum(cell - high[:, position], 0.0)
            if self._p == np.inf:
                np.maximum(sums, outside, out=sums)
            else:
                sums += outside**self._p
        return sums


class _Heap:
    """The nearest so far, the farthest of them on top."""

    def __init__(self, k: int) -> None:
        self.far, self.places = [np.inf] * k, [0] * k

    def push(self, far: float, place: int) -> None:
        """Put one in the place of the farthest."""
        at, size = 0, len(self.far)
        while (child := 2 * at + 1) < size:
            if child + 1 < size and self.far[child] < self.far[child + 1]:
                child += 1
            if far >= self.far[child]:
                break
            self.far[at], self.places[at] = self.far[child], self.places[child]
            at = child
        self.far[at], self.places[at] = far, place
