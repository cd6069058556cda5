"""Gaussian processes: Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.runtimes.arrays.answers import Answer, two_sides
from dasier.runtimes.arrays.distances import blocks
from dasier.runtimes.arrays.support_vectors import sums_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dasier.runtimes.arrays.container import Node
    from dasier.runtimes.arrays.kernels import Kernel

    Numbers = NDArray[np.float64]

_BENT = np.array([0.41, 0.4, 0.37, 0.44, 0.39])[:, np.newaxis]
_SHARES = np.array([-1854.8214151, 3516.89893646, 221.29346712, 128.12323805, -2010.49422654])[:, np.newaxis]
"""The logistic function as a sum of error functions, as scikit-learn has it (Williams and Barber, 1998)."""

_error_function = np.frompyfunc(math.erf, 1, 1)


def process(node: Node, parts: Sequence[Kernel]) -> Callable[[Numbers], Answer]:
    """Tell which of two classes, by a process whose sign decides: Laplace's approximation, algorithm 3.2."""
    sums, (alike,) = sums_of(node, parts), parts
    points, whitening = node.arrays["points"], node.arrays["whitening"]

    def variance(x: Numbers) -> Numbers:
        white = alike(x, points) @ whitening.T
        own = np.array([alike(row, row)[0, 0] for row in x[:, np.newaxis]])
        own -= np.einsum("ij,ij->i", white, white)
        return own

    def answer(x: Numbers) -> Answer:
        latent = sums(x)[:, 0]
        spread = np.concatenate([np.empty(0), *[variance(x[rows]) for rows in blocks(len(x), len(points))]])
        return Answer((latent > 0).astype(np.intp), two_sides(_squashed(latent, spread)[:, np.newaxis]))

    return answer


def _squashed(latent: Numbers, variance: Numbers) -> Numbers:
    """Give the mean of the logistic function of what is normally distributed."""
    alpha, gamma = 1 / (2 * variance), _BENT * latent
    bent = _error_function(gamma * np.sqrt(alpha / (alpha + _BENT**2))).astype(np.float64)
    integrals = np.sqrt(np.pi / alpha) * bent / (2 * np.sqrt(variance * 2 * np.pi))
    found: Numbers = (_SHARES * integrals).sum(axis=0) + 0.5 * _SHARES.sum()
    return found


KINDS: dict[str, Callable[[Node, Sequence[Any]], Callable[[Numbers], Answer]]] = {"process": process}
