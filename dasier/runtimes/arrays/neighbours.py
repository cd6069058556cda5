"""What the training rows next to a row say of it: classes, values, whether it stands alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dasier.runtimes.arrays.answers import Answer, check_places, classes_in, finite
from dasier.runtimes.arrays.distances import blocks, rooted
from dasier.runtimes.arrays.nearest import Nearest, Points

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dasier.runtimes.arrays.container import Node

    Numbers = NDArray[np.float64]
    Places = NDArray[np.intp]


def _weights(distances: Numbers) -> Numbers:
    """Give the inverse of each distance; where some are 0, 1 for those and 0 for the others."""
    weights = 1.0 / distances
    endless = np.isinf(weights)
    some = endless.any(axis=1)
    weights[some] = endless[some]
    return weights


def _of_class(labels: Places, n_classes: int, weights: Numbers) -> Numbers:
    counts = [(weights * (labels == position)).sum(axis=1) for position in range(n_classes)]
    return np.stack(counts, axis=1)


def _of_points(node: Node, name: str) -> NDArray[Any]:
    """Give an array that has something to say of each point."""
    found = node.arrays[name]
    if found.shape != node.arrays["points"].shape[:1]:
        message = f"the {name} and the points do not fit"
        raise ValueError(message)
    return found


def _labels(node: Node, n_classes: int) -> NDArray[Any]:
    labels = _of_points(node, "labels")
    check_places(labels, n_classes)
    return labels


def nearest_classes(node: Node, _parts: Any) -> Callable[[Numbers], Answer]:
    """Let the neighbours vote."""
    nearest, n_classes = Nearest(node), classes_in(node)
    labels = _labels(node, n_classes)
    by_distance = bool(node.values["by_distance"])

    def answer(x: Numbers) -> Answer:
        distances, found = nearest.find(x)
        weights = _weights(distances) if by_distance else np.ones_like(distances)
        votes = _of_class(labels.take(found), n_classes, weights)
        return Answer(votes.argmax(axis=1), votes / votes.sum(axis=1, keepdims=True))

    return answer


def nearest_values(node: Node, _parts: Any) -> Callable[[Numbers], Answer]:
    """Give the mean of the neighbours."""
    nearest, by_distance = Nearest(node), bool(node.values["by_distance"])
    targets = _of_points(node, "targets").reshape(-1, 1)

    def answer(x: Numbers) -> Answer:
        distances, found = nearest.find(x)
        if not by_distance:
            return Answer(targets[found].mean(axis=1)[:, 0])
        weights = _weights(distances)
        return Answer((targets[found, 0] * weights).sum(axis=1) / weights.sum(axis=1))

    return answer


def local_outliers(node: Node, _parts: Any) -> Callable[[Numbers], Answer]:
    """Compare how crowded it is about a row and about its neighbours: Breunig and others, "LOF" (2000)."""
    nearest, reach, density = Nearest(node), _of_points(node, "reach"), _of_points(node, "density")
    offset = float(node.values["offset"])

    def answer(x: Numbers) -> Answer:
        distances, found = nearest.find(x)
        own = 1.0 / (np.maximum(distances, reach.take(found)).mean(axis=1) + 1e-10)
        scores = -(density.take(found) / own[:, np.newaxis]).mean(axis=1) - offset
        return Answer(np.where(scores < 0, -1, 1), scores=scores)

    return answer


class _Around(NamedTuple):
    """The points within the radius: whether each is, and what it weighs."""

    within: NDArray[np.bool_]
    weights: Numbers


class _Radius:
    def __init__(self, node: Node) -> None:
        self._points, self._radius = Points(node), float(node.values["radius"])
        self._by_distance = bool(node.values["by_distance"])

    def around(self, x: Numbers) -> _Around:
        points = self._points
        far = points.far(x)
        p = points.p
        within = far <= (self._radius if p in (1, np.inf) else self._radius**p)
        if not self._by_distance:
            return _Around(within, within.astype(np.float64))
        distances = np.where(within, rooted(far, p), np.inf)
        return _Around(within, _weights(distances))


def classes_around(node: Node, _parts: Any) -> Callable[[Numbers], Answer]:
    """Let all points within a radius vote."""
    radius, n_classes = _Radius(node), classes_in(node)
    labels = _labels(node, n_classes)
    if node.values["lonely"] is not None:
        check_places(np.array([node.values["lonely"]]), n_classes)
    lonely, n_points = node.values["lonely"], len(node.arrays["points"])

    def block(x: Numbers) -> Numbers:
        found = radius.around(x)
        votes = _of_class(np.broadcast_to(labels, found.within.shape), n_classes, found.weights)
        alone = ~found.within.any(axis=1)
        if alone.any():
            if lonely is None:
                message = "No neighbors found for some rows."
                raise ValueError(message)
            votes[alone] = 0.0
            votes[alone, int(lonely)] = 1.0
        votes /= votes.sum(axis=1, keepdims=True)
        return votes

    def answer(x: Numbers) -> Answer:
        x = finite(x)
        shares = np.concatenate(
            [np.empty((0, n_classes)), *[block(x[rows]) for rows in blocks(len(x), n_points)]]
        )
        return Answer(shares.argmax(axis=1), shares)

    return answer


def values_around(node: Node, _parts: Any) -> Callable[[Numbers], Answer]:
    """Give the mean of all points within a radius, not a number where there is none."""
    radius, targets = _Radius(node), _of_points(node, "targets")

    def block(x: Numbers) -> Numbers:
        found = radius.around(x)
        means: Numbers = (found.weights @ targets) / found.weights.sum(axis=1)
        means[~found.within.any(axis=1)] = np.nan
        return means

    def answer(x: Numbers) -> Answer:
        x = finite(x)
        return Answer(
            np.concatenate([np.empty(0), *[block(x[rows]) for rows in blocks(len(x), len(targets))]])
        )

    return answer


KINDS: dict[str, Callable[[Node, Sequence[Any]], Callable[[Numbers], Answer]]] = {
    "nearest_classes": nearest_classes,
    "nearest_values": nearest_values,
    "local_outliers": local_outliers,
    "classes_around": classes_around,
    "values_around": values_around,
}
