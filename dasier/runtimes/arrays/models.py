"""Last steps: what a model answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dasier.runtimes.arrays.trees import Trees

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dasier.runtimes.arrays.container import Node

    Numbers = NDArray[np.float64]


class Answer(NamedTuple):
    """What a last step gives for n rows.

    Attributes
    ----------
    answer : ndarray, shape (n,)
        Positions of classes; a regression's values; clusters; 1 or -1 of an anomaly detector.
    probabilities : ndarray, shape (n, n_classes), or None
    scores : ndarray, shape (n,), or None
    """

    answer: NDArray[Any]
    probabilities: Numbers | None = None
    scores: Numbers | None = None


# --- from raw numbers, shape (n, n_outputs), to an answer ------------------------------------------


def _expit(raw: Numbers) -> Numbers:
    expit: Numbers = 1.0 / (1.0 + np.exp(-raw))
    return expit


def _softmax(raw: Numbers) -> Numbers:
    shares: Numbers = np.exp(raw - raw.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def _two_sides(second: Numbers) -> Numbers:
    """Give the probabilities of two classes from the second's, shape (n, 1)."""
    return np.concatenate([1.0 - second, second], axis=1)


def _value(raw: Numbers) -> Answer:
    return Answer(raw[:, 0])


def _exponential(raw: Numbers) -> Answer:
    return Answer(np.exp(raw[:, 0]))


def _sign(raw: Numbers) -> Answer:
    """Give the second of two classes above 0, without probabilities."""
    return Answer((raw[:, 0] > 0).astype(np.intp))


def _largest(raw: Numbers) -> Answer:
    return Answer(raw.argmax(axis=1))


def _logistic(raw: Numbers) -> Answer:
    """Give the second of two classes above 0."""
    return Answer((raw[:, 0] > 0).astype(np.intp), _two_sides(_expit(raw)))


def _logistic_above_half(raw: Numbers) -> Answer:
    """Give the second of two classes where its probability is above one half, as networks do."""
    second = _expit(raw)
    return Answer((second[:, 0] > 0.5).astype(np.intp), _two_sides(second))


def _logistic_from_zero(raw: Numbers) -> Answer:
    """Give the second of two classes from 0 on, as gradient boosting does."""
    return Answer((raw[:, 0] >= 0).astype(np.intp), _two_sides(_expit(raw)))


def _logistic_most(raw: Numbers) -> Answer:
    """Give the likelier of two classes, the first where both are alike, as histogram-based boosting does."""
    probabilities = _two_sides(_expit(raw))
    return Answer(probabilities.argmax(axis=1), probabilities)


def _doubled(raw: Numbers) -> Answer:
    """Give the second of two classes from 0 on, of a loss whose link has the factor 2."""
    return Answer((raw[:, 0] >= 0).astype(np.intp), _two_sides(_expit(2.0 * raw)))


def _multinomial(raw: Numbers) -> Answer:
    return Answer(raw.argmax(axis=1), _softmax(raw))


def _multinomial_most(raw: Numbers) -> Answer:
    """Give the likeliest class, of the probabilities and not of what they are made of."""
    probabilities = _softmax(raw)
    return Answer(probabilities.argmax(axis=1), probabilities)


def _one_against_all(raw: Numbers) -> Answer:
    each = _expit(raw)
    total = each.sum(axis=1, keepdims=True)
    each = np.where(total == 0, 1.0, each)
    return Answer(raw.argmax(axis=1), each / each.sum(axis=1, keepdims=True))


def _shares(raw: Numbers) -> Answer:
    """Give the likeliest class of what are probabilities already."""
    return Answer(raw.argmax(axis=1), raw)


ENDS: dict[str, Callable[[Numbers], Answer]] = {
    "value": _value,
    "exponential": _exponential,
    "sign": _sign,
    "largest": _largest,
    "logistic": _logistic,
    "logistic_above_half": _logistic_above_half,
    "logistic_from_zero": _logistic_from_zero,
    "logistic_most": _logistic_most,
    "doubled": _doubled,
    "multinomial": _multinomial,
    "multinomial_most": _multinomial_most,
    "one_against_all": _one_against_all,
    "shares": _shares,
}
"""How an answer is made of raw numbers."""


# --- models -----------------------------------------------------------------------------------------


def _finite(x: Numbers) -> Numbers:
    """Refuse, as scikit-learn does, what is not finite."""
    if not np.isfinite(x).all():
        message = "Input X contains NaN or infinity."
        raise ValueError(message)
    return x


def linear(node: Node, _parts: Any) -> Callable[[Numbers], Answer]:
    """Multiply and add."""
    weights, intercept, end = node.arrays["weights"].T, node.arrays["intercept"], ENDS[node.values["end"]]
    return lambda x: end(_finite(x) @ weights + intercept)


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
        x = _finite(x)
        for weights, intercept in layers[:-1]:
            x = bend(x @ weights + intercept)
        weights, intercept = layers[-1]
        return end(x @ weights + intercept)

    return answer


_ACTIVATIONS: dict[str, Callable[[Numbers], Numbers]] = {
    "identity": lambda x: x,
    "logistic": _expit,
    "relu": lambda x: np.maximum(x, 0.0),
    "tanh": np.tanh,
}


def centres(node: Node, _parts: Any) -> Callable[[Numbers], Answer]:
    """Give the nearest centre: k-means."""
    points = node.arrays["centres"]
    sizes = np.einsum("ij,ij->i", points, points)
    return lambda x: Answer((sizes - 2.0 * (_finite(x) @ points.T)).argmin(axis=1))


KINDS: dict[str, Callable[[Node, Sequence[Any]], Callable[[Numbers], Answer]]] = {
    "linear": linear,
    "trees": trees,
    "isolation": isolation,
    "network": network,
    "centres": centres,
}
