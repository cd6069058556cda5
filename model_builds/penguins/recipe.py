"""Which species of penguin: a linear classifier on mixed columns with missing values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from sklearn.base import BaseEstimator

MEASUREMENTS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
CATEGORIES = ["island", "sex"]


def load() -> pd.DataFrame:
    """Give the 344 penguins: two categories, four measurements and ``species``.

    The year of the survey is left out: it would tie the model to three past seasons.
    """
    from palmerpenguins import load_penguins  # noqa: PLC0415 - only a build needs it

    return load_penguins()[[*CATEGORIES, *MEASUREMENTS, "species"]]


def estimator(params: Mapping[str, Any]) -> BaseEstimator:
    """Give the unfitted pipeline; ``params`` are those of `LogisticRegression`."""
    from sklearn.compose import ColumnTransformer  # noqa: PLC0415
    from sklearn.impute import SimpleImputer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import OneHotEncoder, StandardScaler  # noqa: PLC0415

    categories = make_pipeline(
        SimpleImputer(strategy="most_frequent"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    measurements = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    columns = ColumnTransformer(
        [("categories", categories, CATEGORIES), ("measurements", measurements, MEASUREMENTS)]
    )
    return make_pipeline(columns, LogisticRegression(**params))
