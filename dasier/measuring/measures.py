"""Measures of quality as functions of row weights, and their 95 % intervals by the bootstrap.

Each measure takes weights of shape (b, n), one line a resample of the n held-out rows, and gives
b values: with one line of ones it is the usual measure, with multinomial counts a bootstrap
(Efron 1979). So a thousand resamples cost a few array operations instead of a thousand calls.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypedDict

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Measure = Callable[[Floats], Floats]

RESAMPLES = 1_000
"""Enough for the second digit of a 95 % percentile interval (Efron and Tibshirani 1993, ch. 13)."""

MANY_ROWS = 20_000
"""From here on the interval is narrow and a fifth of the resamples do."""

CELLS_AT_ONCE = 2_000_000
"""How many weights are held in memory at a time: 16 MB."""

Z_95 = 1.959963984540054
"""The 97.5 % point of the normal distribution."""

SMALLEST = float(np.finfo(np.float64).eps)
"""Probabilities are kept this far from 0, as scikit-learn does: one row cannot make the log loss infinite."""


class Interval(TypedDict):
    """A measure with its 95 % interval."""

    value: float
    low: float
    high: float


def intervals(measures: Mapping[str, Measure], n_rows: int, *, seed: int) -> dict[str, Interval]:
    """Give each measure with a percentile bootstrap interval, leaving out those that are undefined.

    All measures see the same resamples.
    """
    points = {name: float(measure(np.ones((1, n_rows)))[0]) for name, measure in measures.items()}
    rng = np.random.default_rng(seed)
    todo = RESAMPLES if n_rows < MANY_ROWS else RESAMPLES // 5
    chunk = max(1, CELLS_AT_ONCE // n_rows)
    drawn: dict[str, list[Floats]] = {name: [] for name in measures}
    for start in range(0, todo, chunk):
        size = min(chunk, todo - start)
        weights = rng.multinomial(n_rows, np.full(n_rows, 1 / n_rows), size=size).astype(np.float64)
        for name, measure in measures.items():
            drawn[name].append(measure(weights))
    found: dict[str, Interval] = {}
    for name, value in points.items():
        values = np.concatenate(drawn[name])
        values = values[np.isfinite(values)]
        if math.isfinite(value) and len(values):
            low, high = np.quantile(values, [0.025, 0.975])
            found[name] = Interval(value=value, low=min(float(low), value), high=max(float(high), value))
    return found


def wilson(successes: float, trials: float) -> Interval:
    """Give a share with Wilson's interval (1927), which is honest at 0 and 1 where resampling is not.

    >>> round(wilson(45, 45)["low"], 2)
    0.92
    """
    share = float(successes / trials)
    spread = Z_95**2 / trials
    centre = (share + spread / 2) / (1 + spread)
    half = Z_95 * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    # Kept around the share, which rounding could leave outside at 0 and 1.
    low, high = max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))
    return Interval(value=share, low=float(low), high=float(high))


def fisher(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Give how probable it is by chance that the first of two shares is this much larger, or more so.

    Fisher's exact test (1935), one-sided: exact however few there are.

    Parameters
    ----------
    first, second : tuple of int
        How many of how many.

    >>> round(fisher((3, 3), (0, 3)), 3)
    0.05
    """
    (hits, n_first), (others, n_second) = first, second
    total = hits + others

    def logged(n: int, k: int) -> float:
        return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)

    ways = logged(n_first + n_second, total)
    terms = (
        logged(n_first, k) + logged(n_second, total - k) - ways
        for k in range(max(hits, total - n_second), min(n_first, total) + 1)
    )
    return min(1.0, math.fsum(map(math.exp, terms)))


def mean(per_row: NDArray[Any]) -> Measure:
    """Give the measure that averages one number a row."""
    values = np.asarray(per_row, dtype=np.float64)
    return lambda weights: weights @ values / weights.sum(axis=1)


def share(part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> Measure:
    """Give how much of some rows others are, those among them; undefined where there are none."""
    counted, of = part.astype(np.float64), whole.astype(np.float64)

    def measure(weights: Floats) -> Floats:
        total = weights @ of
        return np.where(total > 0, weights @ counted / np.where(total > 0, total, 1.0), np.nan)

    return measure


def root_mean(per_row: NDArray[Any]) -> Measure:
    """Give the square root of `mean`."""
    inner = mean(per_row)
    return lambda weights: np.sqrt(inner(weights))


def weighted_median(per_row: NDArray[Any]) -> Measure:
    """Give the median of one number a row: the mean of the two middle ones if their number is even."""
    values = np.asarray(per_row, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    ordered = values[order]

    def measure(weights: Floats) -> Floats:
        below = np.cumsum(weights[:, order], axis=1)
        half = below[:, -1:] / 2
        lower = ordered[np.argmax(below >= half, axis=1)]
        upper = ordered[np.argmax(below > half, axis=1)]
        return np.asarray((lower + upper) / 2, dtype=np.float64)

    return measure


def r_squared(truth: Floats, errors: Floats) -> Measure:
    """Give the share of the variance that is explained; undefined where the truth does not vary."""

    def measure(weights: Floats) -> Floats:
        total = weights.sum(axis=1)
        centre = weights @ truth / total
        variance = weights @ truth**2 / total - centre**2
        with np.errstate(divide="ignore", invalid="ignore"):
            explained = 1 - (weights @ errors**2 / total) / variance
        return np.where(variance > 1e-12 * np.maximum(1.0, centre**2), explained, np.nan)

    return measure


def confusion(truth: NDArray[np.intp], predicted: NDArray[np.intp], n_classes: int) -> Measure:
    """Give confusion matrices, shape (b, n_classes, n_classes): rows are the truth."""
    cell = truth * n_classes + predicted
    held = np.unique(cell)
    belongs = (cell[:, None] == held).astype(np.float64)

    def measure(weights: Floats) -> Floats:
        counts = np.zeros((len(weights), n_classes * n_classes))
        counts[:, held] = weights @ belongs
        return counts.reshape(-1, n_classes, n_classes)

    return measure


def mean_recall(matrices: Measure) -> Measure:
    """Give balanced accuracy: the mean recall of the classes that occur (Brodersen et al. 2010)."""

    def measure(weights: Floats) -> Floats:
        counts = matrices(weights)
        return _mean_where(np.einsum("bii->bi", counts), counts.sum(axis=2))

    return measure


def macro_f1(matrices: Measure) -> Measure:
    """Give the mean F1 of the classes that occur or are predicted."""

    def measure(weights: Floats) -> Floats:
        counts = matrices(weights)
        return _mean_where(2 * np.einsum("bii->bi", counts), counts.sum(axis=2) + counts.sum(axis=1))

    return measure


def roc_auc(positive: NDArray[np.bool_], scores: Floats) -> Measure:
    """Give the probability that a positive row scores higher than a negative one; ties count half."""
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(scores[order]) != 0])
    is_positive = positive[order].astype(np.float64)

    def measure(weights: Floats) -> Floats:
        ordered = weights[:, order]
        positives = np.add.reduceat(ordered * is_positive, starts, axis=1)
        negatives = np.add.reduceat(ordered * (1 - is_positive), starts, axis=1)
        below = np.cumsum(negatives, axis=1) - negatives / 2
        pairs = positives.sum(axis=1) * negatives.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(pairs > 0, (positives * below).sum(axis=1) / pairs, np.nan)

    return measure


def one_vs_rest_auc(truth: NDArray[np.intp], probabilities: Floats) -> Measure:
    """Give the mean ROC AUC of each class against the rest; the only one of two classes."""
    n_classes = probabilities.shape[1]
    classes = [1] if n_classes == 2 else range(n_classes)
    each = [roc_auc(truth == position, probabilities[:, position]) for position in classes]

    def measure(weights: Floats) -> Floats:
        values = np.stack([one(weights) for one in each])
        occurs = np.isfinite(values)
        number = occurs.sum(axis=0)
        total = np.where(occurs, values, 0.0).sum(axis=0)
        return np.where(number > 0, total / np.maximum(number, 1), np.nan)

    return measure


def log_losses(truth: NDArray[np.intp], probabilities: Floats) -> Floats:
    """Give minus the logarithm of the probability of what was true, one a row."""
    held = probabilities[np.arange(len(truth)), truth]
    return -np.log(np.clip(held, SMALLEST, 1.0))


def _mean_where(numerator: Floats, denominator: Floats) -> Floats:
    occurs = denominator > 0
    ratios = numerator / np.where(occurs, denominator, 1.0)
    return np.asarray((ratios * occurs).sum(axis=1) / np.maximum(occurs.sum(axis=1), 1), dtype=np.float64)
