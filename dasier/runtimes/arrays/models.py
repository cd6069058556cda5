"""Last steps: linear models, trees, networks, centres, constants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.runtimes.arrays.answers import ENDS, Answer, expit, finite
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
    """Give the nearest centre: k-means."""
    points = node.arrays["centres"]
    sizes = np.einsum("ij,ij->i", points, points)
    return lambda x: Answer((sizes - 2.0 * (finite(x) @ points.T)).argmin(axis=1))


KINDS: dict[str, Callable[[Node, Sequence[Any]], Callable[[Numbers], Answer]]] = {
    "linear": linear,
    "trees": trees,
    "isolation": isolation,
    "network": network,
    "centres": centres,
}
