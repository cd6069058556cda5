"""Last steps: linear models, trees, networks, centres, constants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.runtimes.arrays.answers import ENDS, Answer, expit, finite
from dasier.runtimes.arrays.distances import reduced, squared_by_product
from dasier.runtimes.arrays.trees import Trees

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dasier.runtimes.arrays.container import Node

    Numbers = NDArray[np.float64]


def linear(node: Node, _parts: Any) -> Callable[[Numbers], Answer]:
    """Multiply and add."""
    weights, intercept, end = node.arrays["weights"].T, node.arrays["intercept"], ENDS[node.values["end"]]
    return lambda x: end(finite(x) @ weights + intercept)


def trees(node: Node, _parts: Any) -> Callable[[Numbers], Answer]:
    """Add up the leaves, and divide by the number of trees where it is a mean."""
    ensemble, end, divisor = Trees(node), ENDS[node.values["end"]], node.values["divisor"]
    if divisor == 1:
        return lambda x: end(ensemble.sums(x))
    return lambda x: end(ensemble.sums(x) / divisor)


def isolation(node: Node, _parts: Any) -> Callable[[Numbers], Answer]:
    """Tell the rows that few splits set apart: Liu, Ting and Zhou, "Isolation Forest" (2008)."""
    ensemble, denominator, offset = Trees(node), node.values["denominator"], node.values["offset"]

    def answer(x: Numbers) -> Answer:
        scores = -(2.0 ** -(ensemble.sums(x)[:, 0] / denominator)) - offset
        return Answer(np.where(scores < 0, -1, 1), scores=scores)

    return answer


def network(node: Node, _parts: Any) -> Callable[[Numbers], Answer]:
    """Send numbers through the layers of a perceptron."""
    layers = [
        (node.arrays[f"weights{i}"], node.arrays[f"intercept{i}"]) for i in range(int(node.values["layers"]))
    ]
    bend, end = _ACTIVATIONS[node.values["activation"]], ENDS[node.values["end"]]

    def answer(x: Numbers) -> Answer:
        x = finite(x)
        for weights, intercept in layers[:-1]:
            x = bend(x @ weights + intercept)
        weights, intercept = layers[-1]
        return end(x @ weights + intercept)

    return answer


_ACTIVATIONS: dict[str, Callable[[Numbers], Numbers]] = {
    "identity": lambda x: x,
    "logistic": expit,
    "relu": lambda x: np.maximum(x, 0.0),
    "tanh": np.tanh,
}


def centres(node: Node, _parts: Any) -> Callable[[Numbers], Answer]:
    """Give the nearest centre, or the group that it belongs to: k-means and its like."""
    points, labels = node.arrays["centres"], node.arrays.get("labels")
    sizes, whole = np.vecdot(points, points), bool(node.values.get("whole"))
    if labels is not None and len(labels) != len(points):
        message = "there are not as many labels as centres"
        raise ValueError(message)

    def answer(x: Numbers) -> Answer:
        x = finite(x)
        # A row's own size is the same to all centres, but what is added to something large is rounded.
        far = squared_by_product(x, points, sizes) if whole else sizes - 2.0 * (x @ points.T)
        nearest = far.argmin(axis=1)
        return Answer(nearest if labels is None else labels.take(nearest))

    return answer


def halved(node: Node, _parts: Any) -> Callable[[Numbers], Answer]:
    """Go to the nearer half of each half: bisecting k-means. A child stands behind its parent, so that this ends."""
    child, labels, points = node.arrays["child"], node.arrays["labels"], node.arrays["centres"]
    inside = (child == 0) | ((child > np.arange(len(child))) & (child + 1 < len(child)))
    if not (inside.all() and len(child) == len(labels) == len(points) > 0):
        message = "the halves are not whole"
        raise ValueError(message)
    sizes = np.einsum("ij,ij->i", points, points)

    def answer(x: Numbers) -> Answer:
        x = finite(x)
        half = np.zeros(len(x), dtype=np.intp)
        while (going := np.flatnonzero(child[half] > 0)).size:
            left = child[half[going]]
            far = [
                sizes[side] - 2.0 * np.einsum("ij,ij->i", x[going], points[side]) for side in (left, left + 1)
            ]
            half[going] = left + (far[1] < far[0])
        return Answer(labels[half])

    return answer


def centroids(node: Node, _parts: Any) -> Callable[[Numbers], Answer]:
    """Give the class whose centre is nearest, or likeliest where priors differ; probabilities count the spread."""
    points, spread, priors = node.arrays["centres"], node.arrays["spread"], node.arrays["priors"]
    scaled, logs, uniform = points / spread, 2.0 * np.log(priors), bool(node.values["uniform"])
    end = ENDS["discriminants_of_two" if len(points) == 2 else "multinomial"]

    def answer(x: Numbers) -> Answer:
        x = finite(x)
        found = end(logs - reduced(x / spread, scaled.T, 2))
        if not uniform:
            return found
        return found._replace(answer=reduced(x, points.T, 2).argmin(axis=1))

    return answer


def constant(node: Node, _parts: Any) -> Callable[[Any], Answer]:
    """Give every row the same."""
    raw, end = node.arrays["raw"], ENDS[node.values["end"]]
    return lambda x: end(np.tile(raw, (len(x[0] if isinstance(x, tuple) else x), 1)))


KINDS: dict[str, Callable[[Node, Sequence[Any]], Callable[[Numbers], Answer]]] = {
    "linear": linear,
    "trees": trees,
    "isolation": isolation,
    "network": network,
    "centres": centres,
    "halved": halved,
    "centroids": centroids,
    "constant": constant,
}
