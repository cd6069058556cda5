"""Distances between rows and points, computed as scikit-learn computes them: column after column, or as a product."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_PAIRS_AT_ONCE = 500_000
"""Pairs of a row and a point whose distances are held at once: 4 MB of them."""


def blocks(n_rows: int, n_points: int) -> Iterator[slice]:
    """Give slices of the rows, each with so few that its distances fit."""
    size = max(1, _PAIRS_AT_ONCE // max(1, n_points))
    return (slice(start, start + size) for start in range(0, n_rows, size))


def reduced(x: Numbers, columns: Numbers, p: float) -> Numbers:
    """Give sums of powers of differences, shape (n, n_points): the distance, but for its root.

    Parameters
    ----------
    x : shape (n, d)
    columns : shape (d, n_points)
        The points, a column a line.
    p : float
        Of Minkowski's distance; infinity for the largest difference.
    """
    sums = np.zeros((len(x), columns.shape[1]))
    for position, points in enumerate(columns):
        apart = x[:, position, np.newaxis] - points
        if p == 2:
            apart *= apart
        else:
            np.abs(apart, out=apart)
            if p not in (1, np.inf):
                apart **= p
        if p == np.inf:
            np.maximum(sums, apart, out=sums)
        else:
            sums += apart
    return sums


def rooted(sums: Numbers, p: float) -> Numbers:
    """Give the distances of reduced ones."""
    if p in (1, np.inf):
        return sums
    roots: Numbers = np.sqrt(sums) if p == 2 else sums ** (1.0 / p)
    return roots


def squared_by_product(x: Numbers, points: Numbers, sizes: Numbers) -> Numbers:
    """Give squared distances from products, shape (n, n_points): fast where there are many columns, and less exact.

    ``sizes`` are those of the points; BLAS sums them up, here and in scikit-learn, so that ties within a rounding error are the same.
    """
    squares = -2.0 * (x @ points.T)
    squares += np.vecdot(x, x)[:, np.newaxis]
    squares += sizes
    return np.maximum(squares, 0.0)
