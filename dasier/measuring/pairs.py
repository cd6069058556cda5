"""Two models on the same rows: the difference of a measure, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dasier.measuring.measures import CELLS_AT_ONCE, MANY_ROWS, RESAMPLES

if TYPE_CHECKING:
    from dasier.measuring.measures import Measure


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
    """Compare two models by the paired percentile bootstrap (Efron and Tibshirani 1993, ch. 13).

    Both are measured with the same weights, so that a row which is hard for both counts against neither.
    None if the measure of either is undefined.
    """
    sign = 1.0 if higher_is_better else -1.0
    whole = np.ones((1, n_rows))
    points = float(first(whole)[0]), float(second(whole)[0])
    if not np.isfinite(points).all():
        return None
    rng = np.random.default_rng(seed)
    todo = RESAMPLES if n_rows < MANY_ROWS else RESAMPLES // 5
    chunk = max(1, CELLS_AT_ONCE // n_rows)
    drawn = []
    for start in range(0, todo, chunk):
        size = min(chunk, todo - start)
        weights = rng.multinomial(n_rows, np.full(n_rows, 1 / n_rows), size=size).astype(np.float64)
        drawn.append(sign * (first(weights) - second(weights)))
    values = np.concatenate(drawn)
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = np.quantile(values, [1 - confidence, confidence])
    better = sign * (points[0] - points[1])
    return Difference(*points, better, min(float(low), better), max(float(high), better), len(values))
