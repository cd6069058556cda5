"""Classes and groups as distributions: naive Bayes, discriminants, mixtures, the ellipse of what is usual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.runtimes.arrays.answers import ENDS, Answer, finite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dasier.runtimes.arrays.container import Node

    Numbers = NDArray[np.float64]


def normal(node: Node, _parts: Any) -> Callable[[Numbers], Answer]:
    """Give each class a normal distribution a column: Gaussian naive Bayes."""
    means, variances, priors = node.arrays["means"], node.arrays["variances"], node.arrays["priors"]
    logs = [np.log(prior) for prior in priors]
    constants = [-0.5 * np.sum(np.log(2.0 * np.pi * variance)) for variance in variances]
    end = ENDS["joint"]

    def answer(x: Numbers) -> Answer:
        x = finite(x)
        classes = zip(means, variances, logs, constants, strict=True)
        joint = [
            log + (constant - 0.5 * (((x - mean) ** 2) / variance).sum(axis=1))
            for mean, variance, log, constant in classes
        ]
        return end(np.stack(joint, axis=1))

    return answer


def categorical(node: Node, _parts: Any) -> Callable[[Numbers], Answer]:
    """Give each class a share of each category: categorical naive Bayes. Categories are whole numbers from 0 on."""
    tables = [node.arrays[f"logs{i}"] for i in range(int(node.values["width"]))]
    priors, end = node.arrays["priors"], ENDS["joint"]
    counts = np.array([table.shape[1] for table in tables])

    def answer(x: Numbers) -> Answer:
        codes = finite(x).astype(np.intp)
        if (codes < 0).any() or (codes >= counts).any():
            message = "There is a category that training did not see."
            raise ValueError(message)
        joint = np.zeros((len(x), len(priors)))
        for position, table in enumerate(tables):
            joint += table[:, codes[:, position]].T
        return end(joint + priors)

    return answer


def gaussians(node: Node, _parts: Any) -> Callable[[Numbers], Answer]:
    """Give each class or group a normal distribution with its own covariance: quadratic discriminants, mixtures."""
    means, offsets = node.arrays["means"], node.arrays["offsets"]
    whitening = [node.arrays[f"whitening{i}"] for i in range(len(means))]
    end = ENDS[node.values["end"]]

    def answer(x: Numbers) -> Answer:
        x = finite(x)
        far = [(((x - mean) @ white) ** 2).sum(axis=1) for mean, white in zip(means, whitening, strict=True)]
        return end(-0.5 * np.stack(far, axis=1) + offsets)

    return answer


def ellipse(node: Node, _parts: Any) -> Callable[[Numbers], Answer]:
    """Tell the rows outside of an ellipse: the elliptic envelope."""
    centre, precision, offset = node.arrays["centre"], node.arrays["precision"], float(node.values["offset"])

    def answer(x: Numbers) -> Answer:
        apart = finite(x) - centre
        scores = -((apart @ precision) * apart).sum(axis=1) - offset
        return Answer(np.where(scores >= 0, 1, -1), scores=scores)

    return answer


KINDS: dict[str, Callable[[Node, Sequence[Any]], Callable[[Numbers], Answer]]] = {
    "normal": normal,
    "categorical": categorical,
    "gaussians": gaussians,
    "ellipse": ellipse,
}
