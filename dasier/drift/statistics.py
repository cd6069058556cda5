"""Tests of whether two samples are spread alike, from counts alone: numpy and `math`, for a cold start."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.measuring.measures import fisher

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

LEAST_EXPECTED = 5.0
"""The chi-square distribution holds where at least so many are expected (Cochran 1954); rarer bins are taken together."""

_MANY = 25.0
"""From so many expected in each of four cells chi-square serves for two shares; Fisher's test adds up every case."""


def psi(trained: Counts, seen: Counts) -> float:
    """Give the population stability index of two samples counted in the same bins (Siddiqi 2006, Credit Risk Scorecards).

    Half a row is added to each bin, so that an empty one does not make it infinite.

    >>> psi(np.array([50, 50]), np.array([50, 50]))
    0.0
    """
    if len(trained) < 2:
        return 0.0
    old, new = ((counts + 0.5) / (counts.sum() + 0.5 * len(counts)) for counts in (trained, seen))
    return float(((new - old) * np.log(new / old)).sum())


def psi_by_chance(bins: int, n_trained: int, n_seen: int) -> float:
    """Give the index that is expected of two samples of the same population (Yurdakul 2018, Western Michigan University).

    >>> round(psi_by_chance(10, 1_000, 100), 3)
    0.099
    """
    return max(0, bins - 1) * (1 / max(1, n_trained) + 1 / max(1, n_seen))


def kolmogorov_smirnov(trained: Counts, seen: Counts) -> tuple[float, float]:
    """Give the largest distance between two distribution functions at the bins' ends, and its p-value.

    The p-value is Kolmogorov's series with Stephens' correction for few rows (1970, J. R. Stat. Soc. B 32). Between the
    ends of bins nothing is known, so that the distance is at most the true one and the test errs to the quiet side.

    >>> kolmogorov_smirnov(np.array([50, 50, 0]), np.array([0, 50, 50]))[1] < 1e-9
    True
    """
    n, m = int(trained.sum()), int(seen.sum())
    if not n or not m:
        return 0.0, 1.0
    distance = float(np.abs(np.cumsum(trained) / n - np.cumsum(seen) / m).max())
    root = math.sqrt(n * m / (n + m))
    point = (root + 0.12 + 0.11 / root) * distance
    if point < 0.3:  # the series hardly converges there, and the value is 1 to five digits
        return distance, 1.0
    terms = (2 * (-1) ** (j - 1) * math.exp(-2 * (j * point) ** 2) for j in range(1, 101))
    return distance, min(1.0, max(0.0, math.fsum(terms)))


def chi_square(trained: Counts, seen: Counts) -> tuple[float, float]:
    """Give Pearson's statistic for two samples of the same population, and its p-value.

    >>> round(chi_square(np.array([50, 50]), np.array([30, 70]))[1], 4)
    0.0039
    """
    old, new = _pooled(trained, seen)
    n, m = old.sum(), new.sum()
    if len(old) < 2 or not n or not m:
        return 0.0, 1.0
    both = old + new
    statistic = 0.0
    for counts, total in ((old, n), (new, m)):
        expected = both * total / (n + m)
        statistic += float(((counts - expected) ** 2 / expected).sum())
    return statistic, chi_square_tail(statistic, len(old) - 1)


def chi_square_tail(statistic: float, degrees: int) -> float:
    """Give how often chance exceeds a value of the chi-square distribution: exact, by the recurrence of the gamma function.

    >>> round(chi_square_tail(3.841, 1), 3), round(chi_square_tail(18.307, 10), 3)
    (0.05, 0.05)
    """
    half = statistic / 2
    if half <= 0:
        return 1.0
    shape, tail = (0.5, math.erfc(math.sqrt(half))) if degrees % 2 else (1.0, math.exp(-half))
    while shape < degrees / 2 - 0.25:
        tail += math.exp(shape * math.log(half) - half - math.lgamma(shape + 1))
        shape += 1
    return min(1.0, tail)


def other_share(trained: tuple[int, int], seen: tuple[int, int]) -> float:
    """Give the p-value of two shares being one, two-sided: so many of so many in training, and seen."""
    return min(1.0, 2 * min(larger_share(trained, seen), larger_share(seen, trained)))


def larger_share(trained: tuple[int, int], seen: tuple[int, int]) -> float:
    """Give the p-value of the second share not being larger than the first, one-sided."""
    (a, n), (b, m) = trained, seen
    if not n or not m:
        return 1.0
    few = min(a + b, n + m - a - b) * min(n, m) / (n + m)
    if few < _MANY:
        return fisher((b, m), (a, n))
    tail = chi_square(np.array([a, n - a]), np.array([b, m - b]))[1] / 2
    return tail if b / m > a / n else 1 - tail


def unseen_share(singles: int, doubles: int, n_trained: int, unseen: int, n_seen: int) -> float:
    """Give the p-value of new categories being no oftener met than training foretells, one-sided.

    Training foretells the share of categories that a single row had (Good 1953, Biometrika 40), with a variance in which those
    of two rows count as well (Esty 1983, Ann. Stat. 11). Where both are too few for a normal distribution Fisher's test is
    the more careful one; the larger p-value counts.

    >>> unseen_share(0, 0, 1_000, 40, 200) < 1e-9, unseen_share(31, 26, 100, 390, 1_000) > 0.1
    (True, True)
    """
    if not n_trained or not n_seen:
        return 1.0
    old, new = singles / n_trained, unseen / n_seen
    variance = (singles * (1 - old) + 2 * doubles) / n_trained**2 + new * (1 - new) / n_seen
    normal = 0.5 * math.erfc((new - old) / math.sqrt(2 * variance)) if variance > 0 else 0.0
    return max(larger_share((singles, n_trained), (unseen, n_seen)), normal)


def outside_range(n_trained: int, outside: int, n_seen: int) -> float:
    """Give how often so many of n new rows, or more, lie outside the range of m earlier ones, by chance.

    Exact for rows of one continuous distribution: every order of the n + m rows is as likely. Where values repeat it errs
    to the quiet side.

    >>> round(outside_range(1, 1, 1), 3), round(outside_range(99, 1, 1), 3)
    (1.0, 0.02)
    """
    if outside <= 0 or n_trained < 1:
        return 1.0
    m, left = n_trained, n_trained + n_seen - outside
    whole = _log_choose(n_trained + n_seen, m)
    return min(
        1.0,
        math.exp(_log_choose(left, m) - whole) + outside * math.exp(_log_choose(left - 1, m - 1) - whole),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Give p-values corrected for their number, in their order (Holm 1979, Scand. J. Stat. 6): whatever depends on what.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    corrected, so_far = [1.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        so_far = max(so_far, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = so_far
    return corrected


def _log_choose(n: int, k: int) -> float:
    if k < 0 or k > n:
        return -math.inf
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _pooled(trained: Counts, seen: Counts) -> tuple[NDArray[Any], NDArray[Any]]:
    """Give both samples with the bins in which too few are expected taken together, the rarest first."""
    both = trained + seen
    order = np.argsort(both, kind="stable")
    old, new = trained[order].astype(np.float64), seen[order].astype(np.float64)
    share = min(trained.sum(), seen.sum()) / max(1, both.sum())
    reached = np.flatnonzero(np.cumsum(old + new) * share >= LEAST_EXPECTED)
    first = int(reached[0]) if len(reached) else len(old) - 1
    rare = int((both * share < LEAST_EXPECTED).sum())
    end = max(first + 1, rare) if rare else 0
    if end <= 1:
        return old, new
    return np.r_[old[:end].sum(), old[end:]], np.r_[new[:end].sum(), new[end:]]
