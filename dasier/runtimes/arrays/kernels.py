"""Kernels: how alike rows and points are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.runtimes.arrays.distances import reduced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dasier.runtimes.arrays.container import Node

    Numbers = NDArray[np.float64]
    Kernel = Callable[[Numbers, Numbers], Numbers]
    """Of rows, shape (n, d), and points, shape (n_points, d), gives the shape (n, n_points)."""


def _linear(_node: Node, _parts: Any) -> Kernel:
    return lambda x, points: x @ points.T


def _polynomial(node: Node, _parts: Any) -> Kernel:
    gamma, added, degree = (float(node.values[name]) for name in ("gamma", "added", "degree"))
    return lambda x, points: (gamma * (x @ points.T) + added) ** degree


def _sigmoid(node: Node, _parts: Any) -> Kernel:
    gamma, added = float(node.values["gamma"]), float(node.values["added"])
    return lambda x, points: np.tanh(gamma * (x @ points.T) + added)


def _radial(node: Node, _parts: Any) -> Kernel:
    gamma = float(node.values["gamma"])
    return lambda x, points: np.exp(-gamma * reduced(x, points.T, 2))


def _laplacian(node: Node, _parts: Any) -> Kernel:
    gamma = float(node.values["gamma"])
    return lambda x, points: np.exp(-gamma * reduced(x, points.T, 1))


def _scaled_radial(node: Node, _parts: Any) -> Kernel:
    """Give a Gaussian process's kernel of squares, each column with its own length or all with the same."""
    length = node.arrays["length"]
    return lambda x, points: np.exp(-0.5 * reduced(x / length, (points / length).T, 2))


def _matern(node: Node, _parts: Any) -> Kernel:
    length, smoothness = node.arrays["length"], float(node.values["smoothness"])
    factor = float(np.sqrt(2 * smoothness))

    def alike(x: Numbers, points: Numbers) -> Numbers:
        scaled = factor * np.sqrt(reduced(x / length, (points / length).T, 2))
        grown = {0.5: 1.0, 1.5: 1.0 + scaled, 2.5: 1.0 + scaled + scaled**2 / 3.0}[smoothness]
        found: Numbers = grown * np.exp(-scaled)
        return found

    return alike


def _rational(node: Node, _parts: Any) -> Kernel:
    alpha, length = float(node.values["alpha"]), float(node.values["length"])
    return lambda x, points: (1.0 + reduced(x, points.T, 2) / (2.0 * alpha * length**2)) ** -alpha


def _dots(node: Node, _parts: Any) -> Kernel:
    added = float(node.values["added"])
    return lambda x, points: x @ points.T + added


def _constant(node: Node, _parts: Any) -> Kernel:
    value = float(node.values["value"])
    return lambda x, points: np.full((len(x), len(points)), value)


def _sum(_node: Node, parts: Sequence[Kernel]) -> Kernel:
    first, second = parts
    return lambda x, points: first(x, points) + second(x, points)


def _product(_node: Node, parts: Sequence[Kernel]) -> Kernel:
    first, second = parts
    return lambda x, points: first(x, points) * second(x, points)


KINDS: dict[str, Callable[[Node, Sequence[Any]], Kernel]] = {
    "kernel_linear": _linear,
    "kernel_polynomial": _polynomial,
    "kernel_sigmoid": _sigmoid,
    "kernel_radial": _radial,
    "kernel_laplacian": _laplacian,
    "kernel_scaled_radial": _scaled_radial,
    "kernel_matern": _matern,
    "kernel_rational": _rational,
    "kernel_dots": _dots,
    "kernel_constant": _constant,
    "kernel_sum": _sum,
    "kernel_product": _product,
}
