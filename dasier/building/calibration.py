"""Whether probabilities hold: how often what was said with some probability came true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.measuring.measures import CELLS_AT_ONCE, RESAMPLES, wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BINS = 10
"""At most, of equal numbers of rows, and of ten rows at least."""

SMALL = 0.05
"""An error that matters to few: one answer in twenty. Our choice."""


def reliability(said: Floats, came: NDArray[np.bool_], *, seed: int) -> dict[str, Any]:
    """Give how probabilities were kept, in bins of equal numbers of rows.

    Parameters
    ----------
    said : ndarray, shape (n,)
        Probabilities.
    came : ndarray of bool, shape (n,)
        Whether what they were of was true.

    Returns
    -------
    dict
        ``bins``: of each the mean of what was ``said``, how often it ``came`` (with Wilson's interval), and its
        ``rows``. ``largest_gap`` between the two. ``error``: the gaps' mean, weighted by rows (the expected
        calibration error; Naeini, Cooper and Hauskrecht 2015). It is above 0 even if every probability is
        right, the more so the fewer rows there are; so ``by_chance`` and ``by_chance_high`` are its mean and 95 %
        point when truths are drawn from those very probabilities (Bröcker and Smith 2007).
    """
    order = np.argsort(said, kind="stable")
    bins = np.array_split(order, min(BINS, max(1, len(order) // 10)))
    told: list[dict[str, Any]] = [
        {"said": float(said[rows].mean()), "came": wilson(came[rows].sum(), len(rows)), "rows": len(rows)}
        for rows in bins
    ]
    drawn = _drawn(said, bins, seed=seed)
    return {
        "bins": told,
        "largest_gap": max(abs(one["said"] - one["came"]["value"]) for one in told),
        "error": float(_errors(said, came[None, :], bins)[0]),
        "by_chance": float(drawn.mean()),
        "by_chance_high": float(np.quantile(drawn, 0.95)),
    }


def confidence(said: Floats, right: NDArray[np.bool_], *, seed: int) -> dict[str, Any]:
    """Give whether the probability of the answer that is given says how often it is right.

    Parameters
    ----------
    said : ndarray, shape (n,)
        The probability of the class that is the answer, which need not be the likeliest one: a threshold that
        somebody chose may give another.
    right : ndarray of bool, shape (n,)
        Whether that class was the true one.

    Returns
    -------
    dict
        ``said``: the mean of the answers' own probabilities, which is the share that should be right. ``came``: the share
        that was, with Wilson's interval. ``error``, ``by_chance`` and ``by_chance_high`` as `reliability` has them.
        ``calibrated``: whether the error is no larger than chance explains, or `SMALL`. ``rows``.
    """
    kept = reliability(said, right, seed=seed)
    return {
        "rows": len(said),
        "said": float(said.mean()),
        "came": wilson(int(right.sum()), len(right)),
        **{key: kept[key] for key in ("error", "by_chance", "by_chance_high")},
        "calibrated": bool(kept["error"] <= max(SMALL, kept["by_chance_high"])),
    }


def _errors(said: Floats, came: NDArray[np.bool_], bins: Sequence[NDArray[np.intp]]) -> Floats:
    """Give the weighted mean of the bins' gaps for each line of truths, shape (b, n)."""
    gaps = [len(rows) * np.abs(said[rows].mean() - came[:, rows].mean(axis=1)) for rows in bins]
    return np.asarray(sum(gaps) / len(said), dtype=np.float64)


def _drawn(said: Floats, bins: Sequence[NDArray[np.intp]], *, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    at_once = max(1, CELLS_AT_ONCE // len(said))
    found = [
        _errors(said, rng.random((min(at_once, RESAMPLES - start), len(said))) < said, bins)
        for start in range(0, RESAMPLES, at_once)
    ]
    return np.concatenate(found)
