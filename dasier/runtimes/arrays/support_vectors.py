"""Support vectors and other sums over training rows of how alike they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.runtimes.arrays.answers import ENDS, Answer, classes_in, expit, finite
from dasier.runtimes.arrays.distances import blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dasier.runtimes.arrays.container import Node
    from dasier.runtimes.arrays.kernels import Kernel

    Numbers = NDArray[np.float64]


def sums_of(node: Node, parts: Sequence[Kernel]) -> Callable[[Numbers], Numbers]:
    """Give what sums the points' weights up, by how alike they are: shape (n, n_outputs)."""
    (alike,) = parts
    points, weights, intercept = node.arrays["points"], node.arrays["weights"], node.arrays["intercept"]
    if len(points) != len(weights) or weights.shape[1:] != intercept.shape:
        message = "the points and their weights do not fit"
        raise ValueError(message)

    def sums(x: Numbers) -> Numbers:
        x = finite(x)
        found = [alike(x[rows], points) @ weights for rows in blocks(len(x), len(points))]
        whole = (
            np.concatenate(found) if len(found) > 1 else found[0] if found else np.empty((0, len(intercept)))
        )
        total: Numbers = np.add(whole, intercept)
        return total

    return sums


def alike(node: Node, parts: Sequence[Kernel]) -> Callable[[Numbers], Answer]:
    """End sums over points: support vector regression and detection, kernel ridge."""
    sums, end = sums_of(node, parts), ENDS[node.values["end"]]
    return lambda x: end(sums(x))


def between_classes(sums: Numbers, confidence: Numbers, n_classes: int) -> Numbers:
    """Give votes, and a third of a vote at most for confidence: scikit-learn's way from pairs of classes to each.

    Parameters
    ----------
    sums
        Whether the second of each pair of classes is meant: shape (n, n_pairs), pairs in lexicographic order.
    confidence
        How much so.
    """
    votes, confidences = np.zeros((2, len(sums), n_classes))
    pairs = ((i, j) for i in range(n_classes) for j in range(i + 1, n_classes))
    for place, (i, j) in enumerate(pairs):
        confidences[:, i] -= confidence[:, place]
        confidences[:, j] += confidence[:, place]
        votes[:, i] += sums[:, place] == 0
        votes[:, j] += sums[:, place] == 1
    found: Numbers = votes + confidences / (3 * (np.abs(confidences) + 1))
    return found


def support_vectors(node: Node, parts: Sequence[Kernel]) -> Callable[[Numbers], Answer]:
    """Let each pair of classes vote, as libsvm does; its probabilities are Platt's, coupled."""
    n_classes, break_ties = classes_in(node), bool(node.values["break_ties"])
    if len(node.arrays["intercept"]) != n_classes * (n_classes - 1) // 2:
        message = "there are not as many sums as pairs of classes"
        raise ValueError(message)
    one_against_one = bool(node.values["one_against_one"])
    sums, slopes, shifts = sums_of(node, parts), node.arrays.get("slopes"), node.arrays.get("shifts")
    first = np.array([i for i in range(n_classes) for _ in range(i + 1, n_classes)])
    second = np.array([j for i in range(n_classes) for j in range(i + 1, n_classes)])

    def answer(x: Numbers) -> Answer:
        pairs = sums(x)
        won = np.where(pairs > 0, first, second)
        votes = np.stack([(won == position).sum(axis=1) for position in range(n_classes)], axis=1)
        label = votes.argmax(axis=1)
        scores = -pairs
        if n_classes == 2:
            scores = scores[:, 0]
        elif not one_against_one:
            scores = between_classes((pairs < 0).astype(np.intp), -pairs, n_classes)
            if break_ties:
                label = scores.argmax(axis=1)
        if slopes is None or shifts is None:
            return Answer(label, scores=scores)
        shares = np.clip(expit(-(slopes * pairs + shifts)), 1e-7, 1 - 1e-7)
        coupled = [
            _coupled(shares[rows], first, second, n_classes) for rows in blocks(len(shares), n_classes**2)
        ]
        return Answer(label, np.concatenate([np.empty((0, n_classes)), *coupled]), scores)

    return answer


def _coupled(shares: Numbers, first: Any, second: Any, n_classes: int) -> Numbers:
    """Give probabilities from those between pairs: Wu, Lin and Weng (2004), second method, stopped where libsvm stops."""
    pairwise = np.zeros((len(shares), n_classes, n_classes))
    pairwise[:, first, second] = shares
    pairwise[:, second, first] = 1.0 - shares
    matrix = -np.swapaxes(pairwise, 1, 2) * pairwise
    every = np.arange(n_classes)
    matrix[:, every, every] = (pairwise**2).sum(axis=1)
    found = np.full((len(shares), n_classes), 1.0 / n_classes)
    pending = np.arange(len(shares))
    for _ in range(max(100, n_classes)):
        products = np.einsum("nij,nj->ni", matrix[pending], found[pending])
        whole = (found[pending] * products).sum(axis=1)
        going = np.abs(products - whole[:, np.newaxis]).max(axis=1) >= 0.005 / n_classes
        pending, products, whole = pending[going], products[going], whole[going]
        if not len(pending):
            break
        of, shares_of = matrix[pending], found[pending]
        for t in range(n_classes):
            step = (whole - products[:, t]) / of[:, t, t]
            shares_of[:, t] += step
            whole = (whole + step * (step * of[:, t, t] + 2 * products[:, t])) / (1 + step) / (1 + step)
            products = (products + step[:, np.newaxis] * of[:, t]) / (1 + step)[:, np.newaxis]
            shares_of /= (1 + step)[:, np.newaxis]
        found[pending] = shares_of
    return found


def propagated(node: Node, parts: Sequence[Kernel]) -> Callable[[Numbers], Answer]:
    """Give the classes of the rows that are alike: label propagation and spreading."""
    sums = sums_of(node, parts)

    def answer(x: Numbers) -> Answer:
        shares = sums(x)
        shares /= shares.sum(axis=1, keepdims=True)
        return Answer(shares.argmax(axis=1), shares)

    return answer


KINDS: dict[str, Callable[[Node, Sequence[Any]], Callable[[Numbers], Answer]]] = {
    "alike": alike,
    "support_vectors": support_vectors,
    "propagated": propagated,
}
