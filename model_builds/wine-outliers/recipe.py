"""Is this wine unlike the others: an isolation forest on its chemical analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from sklearn.base import BaseEstimator

INTRUDER = 2  # scikit-learn's number for Barbera
EVERY = 3  # one Barbera in three is mixed in


def load() -> pd.DataFrame:
    """Give 146 wines, 13 analyses each, and ``origin``: 1 usual, -1 a Barbera that was mixed in.

    The model never sees ``origin``: it only measures how well the intruders are found.
    """
    from sklearn.datasets import load_wine  # noqa: PLC0415 - only a build needs it

    bunch = load_wine(as_frame=True)
    intruder = bunch.target == INTRUDER
    kept = ~intruder | (intruder.cumsum() % EVERY == 1)
    return bunch.data.assign(origin=1 - 2 * intruder.astype("int64"))[kept].reset_index(drop=True)


def estimator(params: Mapping[str, Any]) -> BaseEstimator:
    """Give the unfitted detector; ``params`` are those of `IsolationForest`."""
    from sklearn.ensemble import IsolationForest  # noqa: PLC0415

    return IsolationForest(**params)
