"""How the numbers of two regressions differ, in the target's unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.gate.holdout import AGREE
from dasier.measuring.measures import intervals, mean, weighted_median

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SEED = 1979
"""Of the resamples: the same versions and rows give the same report."""


def equal(old: Floats, new: Floats) -> NDArray[np.bool_]:
    """Say which answers are the same but for what a runtime may round."""
    return np.asarray(
        np.abs(new - old) <= AGREE * np.maximum(1.0, np.maximum(np.abs(old), np.abs(new))), dtype=np.bool_
    )


def differing(old: Floats, new: Floats) -> dict[str, Any]:
    """Give how far answers moved, new − old.

    Returns
    -------
    dict
        ``bias`` and the mean and median of the absolute differences with 95 % intervals (percentile bootstrap; Efron
        and Tibshirani 1993, ch. 13), their 95 % quantile and their largest; ``relative``: the same of |new − old| / |old|
        where the old answers all have one sign, else None, since a share of what may be 0 says nothing.
    """
    moved = new - old
    size = np.abs(moved)
    told: dict[str, Any] = dict(
        intervals(
            {
                "bias": mean(moved),
                "mean_absolute": mean(size),
                "median_absolute": weighted_median(size),
            },
            len(old),
            seed=SEED,
        )
    )
    told |= {
        "same": int(equal(old, new).sum()),
        "quantile_95": float(np.quantile(size, 0.95)),
        "largest": float(size.max()),
        "relative": None,
    }
    if (old > 0).all() or (old < 0).all():
        share = size / np.abs(old)
        told["relative"] = {
            "median": float(np.median(share)),
            "quantile_95": float(np.quantile(share, 0.95)),
            "largest": float(share.max()),
        }
    return told
