"""What a last step answers, and how raw numbers become that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

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
    scores : ndarray, shape (n,) or (n, n_classes), or None
        The decision function: of an anomaly detector, and of a classifier that has one, for what asks it.
    """

    answer: NDArray[Any]
    probabilities: Numbers | None = None
    scores: Numbers | None = None


def joined(parts: Sequence[Answer]) -> Answer:
    """Give the answers to some rows, and then those to others."""
    columns = zip(*parts, strict=True)
    return Answer._make(None if one[0] is None else np.concatenate(one) for one in columns)


_MOST_CLASSES = 10_000
_MOST_NUMBERS = 10_000_000
"""More than this are refused: what is computed for each class takes time and memory."""


def classes_in(node: Node, *, times: int = 1) -> int:
    """Give how many classes a node tells apart, when so many numbers are held for each of them.

    Raises
    ------
    ValueError
        If a blob claims more than any model has.
    """
    n_classes = int(node.values["n_classes"])
    if not 0 < n_classes <= _MOST_CLASSES or n_classes * times > _MOST_NUMBERS:
        message = "there are too many classes"
        raise ValueError(message)
    return n_classes


def check_places(places: NDArray[Any], below: int) -> None:
    """Refuse positions that lead out of what they are positions of.

    Raises
    ------
    ValueError
    """
    if places.dtype.kind != "i" or (places.size and (places.min() < 0 or places.max() >= below)):
        message = "a position leads out of its array"
        raise ValueError(message)


# --- from raw numbers, shape (n, n_outputs), to an answer ------------------------------------------


def expit(raw: Numbers) -> Numbers:
    share: Numbers = 1.0 / (1.0 + np.exp(-raw))
    return share


def softmax(raw: Numbers) -> Numbers:
    shares: Numbers = np.exp(raw - raw.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def two_sides(second: Numbers) -> Numbers:
    """Give the probabilities of two classes from the second's, shape (n, 1)."""
    return np.concatenate([1.0 - second, second], axis=1)


def _value(raw: Numbers) -> Answer:
    return Answer(raw[:, 0])


def _exponential(raw: Numbers) -> Answer:
    return Answer(np.exp(raw[:, 0]))


def _sign(raw: Numbers) -> Answer:
    """Give the second of two classes above 0, without probabilities."""
    return Answer((raw[:, 0] > 0).astype(np.intp), scores=raw[:, 0])


def _largest(raw: Numbers) -> Answer:
    return Answer(raw.argmax(axis=1), scores=raw)


def _logistic(raw: Numbers) -> Answer:
    """Give the second of two classes above 0."""
    return Answer((raw[:, 0] > 0).astype(np.intp), two_sides(expit(raw)), raw[:, 0])


def _logistic_above_half(raw: Numbers) -> Answer:
    """Give the second of two classes where its probability is above one half, as networks do."""
    second = expit(raw)
    return Answer((second[:, 0] > 0.5).astype(np.intp), two_sides(second))


def _logistic_from_zero(raw: Numbers) -> Answer:
    """Give the second of two classes from 0 on, as gradient boosting does."""
    return Answer((raw[:, 0] >= 0).astype(np.intp), two_sides(expit(raw)), raw[:, 0])


def _logistic_most(raw: Numbers) -> Answer:
    """Give the likelier of two classes, the first where both are alike, as histogram-based boosting does."""
    probabilities = two_sides(expit(raw))
    return Answer(probabilities.argmax(axis=1), probabilities, raw[:, 0])


def _doubled(raw: Numbers) -> Answer:
    """Give the second of two classes from 0 on, of a loss whose link has the factor 2."""
    return Answer((raw[:, 0] >= 0).astype(np.intp), two_sides(expit(2.0 * raw)), raw[:, 0])


def _multinomial(raw: Numbers) -> Answer:
    return Answer(raw.argmax(axis=1), softmax(raw), raw)


def _multinomial_most(raw: Numbers) -> Answer:
    """Give the likeliest class, of the probabilities and not of what they are made of."""
    probabilities = softmax(raw)
    return Answer(probabilities.argmax(axis=1), probabilities, raw)


def _one_against_all(raw: Numbers) -> Answer:
    each = expit(raw)
    total = each.sum(axis=1, keepdims=True)
    each = np.where(total == 0, 1.0, each)
    return Answer(raw.argmax(axis=1), each / each.sum(axis=1, keepdims=True), raw)


def _joint(raw: Numbers) -> Answer:
    """Give the likeliest class of logarithms of joint probabilities, as naive Bayes does."""
    most = raw.max(axis=1, keepdims=True)
    evidence = np.log(np.exp(raw - most).sum(axis=1, keepdims=True)) + most
    return Answer(raw.argmax(axis=1), np.exp(raw - evidence))


def _discriminants_of_two(raw: Numbers) -> Answer:
    """Give the likelier of two classes; how much more so is the decision function."""
    return Answer(raw.argmax(axis=1), softmax(raw), raw[:, 1] - raw[:, 0])


def _inside(raw: Numbers) -> Answer:
    """Give 1 from 0 on, else -1, of an anomaly detector."""
    return Answer(np.where(raw[:, 0] >= 0, 1, -1), scores=raw[:, 0])


def _inside_strictly(raw: Numbers) -> Answer:
    """Give 1 above 0, else -1, as libsvm does."""
    return Answer(np.where(raw[:, 0] > 0, 1, -1), scores=raw[:, 0])


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
    "joint": _joint,
    "discriminants_of_two": _discriminants_of_two,
    "inside": _inside,
    "inside_strictly": _inside_strictly,
    "shares": _shares,
}
"""How an answer is made of raw numbers."""


def finite(x: Numbers) -> Numbers:
    """Refuse, as scikit-learn does, what is not finite."""
    if not np.isfinite(x).all():
        message = "Input X contains NaN or infinity."
        raise ValueError(message)
    return x
