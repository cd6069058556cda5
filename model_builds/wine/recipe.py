"""Which wine of Piedmont it is: a logistic regression on its chemical analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from sklearn.base import BaseEstimator

WINES = ("Barolo", "Grignolino", "Barbera")


def load() -> pd.DataFrame:
    """Give the 178 wines: 13 analyses and ``wine``.

    scikit-learn numbers the classes; the original study names them, with the same counts.
    """
    from sklearn.datasets import load_wine  # noqa: PLC0415 - only a build needs it

    bunch = load_wine(as_frame=True)
    return bunch.data.assign(wine=[WINES[code] for code in bunch.target])


def estimator(params: Mapping[str, Any]) -> BaseEstimator:
    """Give the unfitted pipeline; ``params`` are those of `LogisticRegression`."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    return make_pipeline(StandardScaler(), LogisticRegression(**params))
