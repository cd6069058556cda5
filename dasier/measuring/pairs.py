"""Two models: the difference of a measure, and how sure it is, on the same rows or on rows of each one's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dasier.measuring.measures import CELLS_AT_ONCE, MANY_ROWS, RESAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from dasier.measuring.measures import Floats, Measure


@dataclass(frozen=True, slots=True)
class Difference:
    """How much better the first model is; below 0 it is worse.

    Attributes
    ----------
    first, second : float
        The measure of each.
    better : float
        In the measure's unit, so turned that more is better.
    low, high : float
        One-sided bounds: with the confidence asked for it is at least ``low``, and at most ``high``.
    resamples : int
    """

    first: float
    second: float
    better: float
    low: float
    high: float
    resamples: int


def difference(  # noqa: PLR0913 - keywords
    first: Measure, second: Measure, n_rows: int, *, higher_is_better: bool, confidence: float, seed: int
) -> Difference | None:
    """Compare two models on the same rows by the paired percentile bootstrap (Efron and Tibshirani 1993, ch. 13).

    Both are measured with the same weights, so that a row which is hard for both counts against neither.
    None if the measure of either is undefined.
    """
    rng = np.random.default_rng(seed)

    def draw(size: int) -> tuple[Floats, Floats]:
        weights = resampled(rng, n_rows, size)
        return first(weights), second(weights)

    points = _point(first, n_rows), _point(second, n_rows)
    return _compared(points, draw, n_rows, higher_is_better=higher_is_better, confidence=confidence)


def difference_apart(  # noqa: PLR0913 - keywords
    first: Measure,
    second: Measure,
    n_rows: tuple[int, int],
    *,
    higher_is_better: bool,
    confidence: float,
    seed: int,
) -> Difference | None:
    """Compare two models, each on rows of its own, by the two-sample percentile bootstrap (the same, ch. 8).

    None if the measure of either is undefined.
    """
    rng = np.random.default_rng(seed)

    def draw(size: int) -> tuple[Floats, Floats]:
        return first(resampled(rng, n_rows[0], size)), second(resampled(rng, n_rows[1], size))

    points = _point(first, n_rows[0]), _point(second, n_rows[1])
    return _compared(points, draw, max(n_rows), higher_is_better=higher_is_better, confidence=confidence)


def resampled(rng: np.random.Generator, n_rows: int, size: int) -> Floats:
    """Give so many resamples as row weights, shape (size, n_rows)."""
    return rng.multinomial(n_rows, np.full(n_rows, 1 / n_rows), size=size).astype(np.float64)


def _point(measure: Measure, n_rows: int) -> float:
    return float(measure(np.ones((1, n_rows)))[0])


def _compared(
    points: tuple[float, float],
    draw: Callable[[int], tuple[Floats, Floats]],
    n_rows: int,
    *,
    higher_is_better: bool,
    confidence: float,
) -> Difference | None:
    if not np.isfinite(points).all():
        return None
    sign = 1.0 if higher_is_better else -1.0
    todo = RESAMPLES if n_rows < MANY_ROWS else RESAMPLES // 5
    chunk = max(1, CELLS_AT_ONCE // n_rows)
    drawn = []
    for start in range(0, todo, chunk):
        one, other = draw(min(chunk, todo - start))
        drawn.append(sign * (one - other))
    values = np.concatenate(drawn)
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = np.quantile(values, [1 - confidence, confidence])
    better = sign * (points[0] - points[1])
    return Difference(*points, better, min(float(low), better), max(float(high), better), len(values))
