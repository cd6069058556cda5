"""Models made of models: what their parts answer, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.runtimes.arrays.answers import Answer, check_places, classes_in, softmax, two_sides
from dasier.runtimes.arrays.support_vectors import between_classes
from dasier.runtimes.arrays.trees import Trees

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dasier.runtimes.arrays.container import Node

    Numbers = NDArray[np.float64]
    Part = Callable[[Any], Answer]


def _asked(found: Answer, what: str, codes: NDArray[Any] | None = None) -> NDArray[Any]:
    """Give what one model is asked by another, shape (n,) or (n, k)."""
    if what == "answer":
        return found.answer if codes is None else codes.take(found.answer)
    numbers = found.scores if what == "scores" else found.probabilities
    if numbers is None:
        message = f"a part has no {what[:60]}"
        raise ValueError(message)
    return numbers[:, 1] if what == "second" else numbers


def each(node: Node, parts: Sequence[Part]) -> Callable[[Any], Numbers]:
    """Put next to each other what each part says: its answer, its scores, all its probabilities, or the second."""
    asked = list(zip(parts, node.values["asked"], strict=True))
    codes = [node.arrays.get(f"codes{i}") for i in range(len(asked))]

    def transform(x: Any) -> Numbers:
        told = [_asked(part(x), what, code) for (part, what), code in zip(asked, codes, strict=True)]
        return np.concatenate([one.reshape(len(one), -1) for one in told], axis=1)

    return transform


def leaves(node: Node, _parts: Any) -> Callable[[Numbers], Numbers]:
    """Put next to each other what each of many trees says."""
    return Trees(node).sums


def averaged(node: Node, parts: Sequence[Part]) -> Callable[[Any], Answer]:
    """Average the probabilities of the parts, each over the classes that it knows; where one has none, it votes."""
    asked, n_classes = node.values["asked"], classes_in(node)
    weights = node.arrays.get("weights", np.ones(len(parts)))
    places = [node.arrays[f"places{i}"] for i in range(len(parts))]
    for one in places:
        check_places(one, n_classes)
    total = weights.sum()

    def answer(x: Any) -> Answer:
        shares = 0
        for part, what, place, weight in zip(parts, asked, places, weights, strict=True):
            found = part(x)
            own = np.zeros((len(found.answer), n_classes))
            if what == "answer":
                own[np.arange(len(own)), place.take(found.answer)] = 1.0
            else:
                own[:, place] = _asked(found, what)
            shares = shares + own * weight
        shares = shares / total
        return Answer(shares.argmax(axis=1), shares)

    return answer


def mean(node: Node, parts: Sequence[Callable[[Any], Numbers]]) -> Callable[[Any], Answer]:
    """Give the mean of what the parts say."""
    (told,) = parts
    weights = node.arrays.get("weights")
    return lambda x: Answer(np.average(told(x), axis=1, weights=weights))


def weighted_median(node: Node, parts: Sequence[Callable[[Any], Numbers]]) -> Callable[[Any], Answer]:
    """Give the weighted median of what the parts say: AdaBoost.R2, Drucker (1997)."""
    (told,) = parts
    weights = node.arrays["weights"]

    def answer(x: Any) -> Answer:
        values = told(x)
        order = np.argsort(values, axis=1)
        reached = np.cumsum(weights[order], axis=1)
        middle = (reached >= 0.5 * reached[:, -1:]).argmax(axis=1)
        every = np.arange(len(values))
        return Answer(values[every, order[every, middle]])

    return answer


def voted(node: Node, parts: Sequence[Callable[[Any], Numbers]]) -> Callable[[Any], Answer]:
    """Give the class with the most votes, the first of several."""
    (told,) = parts
    n_classes, weights = classes_in(node), node.arrays.get("weights")

    def answer(x: Any) -> Answer:
        codes = told(x)
        votes = [np.average(codes == position, axis=1, weights=weights) for position in range(n_classes)]
        return Answer(np.stack(votes, axis=1).argmax(axis=1))

    return answer


def boosted(node: Node, parts: Sequence[Callable[[Any], Numbers]]) -> Callable[[Any], Answer]:
    """Weigh the classes that the parts say, against all others: AdaBoost with SAMME, Zhu and others (2009)."""
    (told,) = parts
    weights = node.arrays["weights"]
    n_classes = classes_in(node, times=len(weights))
    against = -1 / (n_classes - 1) * weights
    total = weights.sum()

    def answer(x: Any) -> Answer:
        codes, every = told(x), np.arange(n_classes)
        votes: Numbers = np.zeros((len(codes), n_classes))
        for said, weight, other in zip(codes.T, weights, against, strict=True):
            votes += np.where(said[:, np.newaxis] == every, weight, other)
        votes /= total
        if n_classes > 2:
            return Answer(votes.argmax(axis=1), softmax(votes / (n_classes - 1)), votes)
        scores = (votes * np.array([-1.0, 1.0])).sum(axis=1)
        shares = softmax(np.stack([-scores, scores], axis=1) / 2)
        return Answer((scores > 0).astype(np.intp), shares, scores)

    return answer


def one_against_all(node: Node, parts: Sequence[Part]) -> Callable[[Any], Answer]:
    """Ask for each class whether it is that one."""
    asked, limit = node.values["asked"], float(node.values["limit"])
    has_probabilities = bool(node.values["probabilities"])

    def answer(x: Any) -> Answer:
        found = [part(x) for part in parts]
        scores = np.stack([_asked(one, what) for one, what in zip(found, asked, strict=True)], axis=1)
        shares = None
        if has_probabilities:
            shares = np.stack([_asked(one, "second") for one in found], axis=1)
            shares = two_sides(shares) if len(found) == 1 else shares
            sums = shares.sum(axis=1, keepdims=True)
            shares = np.divide(shares, sums, out=shares, where=sums != 0)
        if len(found) == 1:
            return Answer((scores[:, 0] > limit).astype(np.intp), shares, scores[:, 0])
        return Answer(scores.argmax(axis=1), shares, scores)

    return answer


def one_against_one(node: Node, parts: Sequence[Part]) -> Callable[[Any], Answer]:
    """Ask for each pair of classes which of the two it is."""
    asked, n_classes = node.values["asked"], classes_in(node)
    if len(parts) != n_classes * (n_classes - 1) // 2:
        message = "there are not as many parts as pairs of classes"
        raise ValueError(message)
    limit = float(node.values["limit"])

    def answer(x: Any) -> Answer:
        found = [part(x) for part in parts]
        meant = np.stack([one.answer for one in found], axis=1)
        confidence = np.stack([_asked(one, what) for one, what in zip(found, asked, strict=True)], axis=1)
        scores = between_classes(meant, confidence, n_classes)
        if n_classes == 2:
            return Answer((scores[:, 1] > limit).astype(np.intp), scores=scores[:, 1])
        return Answer(scores.argmax(axis=1), scores=scores)

    return answer


def over_threshold(node: Node, parts: Sequence[Part]) -> Callable[[Any], Answer]:
    """Give one of two classes from a threshold on that somebody chose."""
    (part,) = parts
    what, threshold, positive = (
        node.values["asked"],
        float(node.values["threshold"]),
        int(node.values["positive"]),
    )

    def answer(x: Any) -> Answer:
        found = part(x)
        numbers = _asked(found, what)
        side = numbers[:, positive] if what == "probabilities" else numbers if positive else -numbers
        label = np.where(side >= threshold, positive, 1 - positive)
        return Answer(label, found.probabilities, found.scores)

    return answer


def afterwards(_node: Node, parts: Sequence[Any]) -> Callable[[Any], Answer]:
    """Transform what a regression answers."""
    part, transform = parts
    return lambda x: Answer(transform(part(x).answer[:, np.newaxis])[:, 0])


KINDS: dict[str, Callable[[Node, Sequence[Any]], Callable[[Any], Any]]] = {
    "each": each,
    "leaves": leaves,
    "averaged": averaged,
    "mean": mean,
    "weighted_median": weighted_median,
    "voted": voted,
    "boosted": boosted,
    "one_against_all": one_against_all,
    "one_against_one": one_against_one,
    "over_threshold": over_threshold,
    "afterwards": afterwards,
}
