"""Transformations of numbers, with scikit-learn's operations in scikit-learn's order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.runtimes.arrays.answers import finite

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dasier.runtimes.arrays.container import Node

    Transform = Callable[[NDArray[np.float64]], NDArray[np.float64]]

FUNCTIONS = frozenset(
    {
        "abs",
        "absolute",
        "cbrt",
        "cos",
        "exp",
        "expm1",
        "log",
        "log10",
        "log1p",
        "log2",
        "sin",
        "sqrt",
        "square",
        "tanh",
    }
)
"""The functions of numpy that a node may name."""


_NOTHING = 10 * np.finfo(np.float64).eps
"""What scikit-learn takes for a norm of 0."""


def centred(node: Node, _parts: Any) -> Transform:
    """Subtract, then divide; either may be missing. Standard, robust and maximum-absolute scalers."""
    centre, scale = node.arrays.get("centre"), node.arrays.get("scale")
    if centre is None:
        return (lambda x: x) if scale is None else (lambda x: x / scale)
    if scale is None:
        return lambda x: x - centre
    return lambda x: (x - centre) / scale


def stretched(node: Node, _parts: Any) -> Transform:
    """Multiply, then add, then clip if asked to. The minimum-maximum scaler."""
    scale, offset = node.arrays["scale"], node.arrays["offset"]
    if node.values["clip"] is None:
        return lambda x: x * scale + offset
    low, high = node.values["clip"]
    return lambda x: np.clip(x * scale + offset, low, high)


def spread(node: Node, _parts: Any) -> Transform:
    """Multiply, then add; either may be missing. What undoes the standard scaler."""
    centre, scale = node.arrays.get("centre", 0.0), node.arrays.get("scale", 1.0)
    return lambda x: x * scale + centre


def binarised(node: Node, _parts: Any) -> Transform:
    """Give 1 above a threshold, else 0."""
    threshold = float(node.values["threshold"])
    return lambda x: (finite(x) > threshold).astype(np.float64)


def normalised(node: Node, _parts: Any) -> Transform:
    """Divide each row by its norm."""
    norm = node.values["norm"]

    def transform(x: NDArray[np.float64]) -> NDArray[np.float64]:
        if norm == "l1":
            sizes = np.abs(x).sum(axis=1)
        elif norm == "l2":
            sizes = np.sqrt(np.einsum("ij,ij->i", x, x))
        else:
            sizes = np.abs(x).max(axis=1)
        return x / np.where(sizes < _NOTHING, 1.0, sizes)[:, np.newaxis]

    return transform


def function(node: Node, _parts: Any) -> Transform:
    """Apply a function of numpy, of those that are listed."""
    name = node.values["name"]
    if name not in FUNCTIONS:
        message = f"no function {name[:60]}"
        raise ValueError(message)
    found: Transform = getattr(np, name)
    return found


def selected(node: Node, _parts: Any) -> Transform:
    """Keep some columns."""
    kept = node.arrays["kept"]
    return lambda x: x[:, kept]


def projected(node: Node, _parts: Any) -> Transform:
    """Project onto components. Principal components, truncated singular values."""
    components, shift = node.arrays["components"], node.arrays.get("shift")
    scale = node.arrays.get("scale")

    def transform(x: NDArray[np.float64]) -> NDArray[np.float64]:
        projections: NDArray[np.float64] = x @ components.T
        if shift is not None:
            projections -= shift
        if scale is not None:
            projections /= scale
        return projections

    return transform


KINDS = {
    "centred": centred,
    "stretched": stretched,
    "spread": spread,
    "binarised": binarised,
    "normalised": normalised,
    "function": function,
    "selected": selected,
    "projected": projected,
}
