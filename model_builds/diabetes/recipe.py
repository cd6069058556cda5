"""How far diabetes has progressed after a year: a ridge regression on ten measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from sklearn.base import BaseEstimator

NAMES = {
    "bp": "blood_pressure",
    "s1": "total_cholesterol",
    "s2": "ldl",
    "s3": "hdl",
    "s4": "cholesterol_ratio",
    "s5": "log_triglycerides",
    "s6": "glucose",
    "target": "progression",
}


def load() -> pd.DataFrame:
    """Give the 442 patients in the units of the clinic: ten columns and ``progression``.

    scikit-learn's six serum columns ``s1`` to ``s6`` get their names back.
    """
    from sklearn.datasets import load_diabetes  # noqa: PLC0415 - only a build needs it

    frame = load_diabetes(as_frame=True, scaled=False).frame.rename(columns=NAMES)
    return frame.astype({"age": "int64", "sex": "int64"})


def estimator(params: Mapping[str, Any]) -> BaseEstimator:
    """Give the unfitted pipeline; ``params`` are those of `Ridge`."""
    from sklearn.linear_model import Ridge  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    return make_pipeline(StandardScaler(), Ridge(**params))
