"""What every runtime is compared with: the fitted estimator itself, on a DataFrame as in training, not its detached copy."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dasier.runtimes import Outputs
from dasier.schema import normalised

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dasier.rows import Rows
    from dasier.schema import Schema


class Reference:
    """The fitted estimator, answering rows as it would in a notebook.

    Parameters
    ----------
    estimator
    schema
    features
        Some rows of what it was fitted on, for their dtypes; None if that was an array.
    """

    def __init__(self, estimator: Any, schema: Schema, features: pd.DataFrame | None) -> None:
        self._estimator, self._schema = estimator, schema
        self._features = features if hasattr(estimator, "feature_names_in_") else None

    def predict(self, rows: Rows) -> Outputs:
        """Answer every row, in order."""
        given = rows.matrix() if self._features is None else frame(rows, self._features)
        estimator, output = self._estimator, self._schema.output
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # unseen categories are what is asked about here
            predictions = np.asarray(estimator.predict(given)).ravel()
            if output.task == "regression":
                return Outputs(predictions.astype(np.float64))
            if output.task == "classification" and output.probabilities:
                return Outputs(predictions, np.asarray(estimator.predict_proba(given), dtype=np.float64))
            if output.task == "anomaly_detection" and hasattr(estimator, "decision_function"):
                scores = np.asarray(estimator.decision_function(given), dtype=np.float64)
                return Outputs(predictions, scores=scores.ravel())
            return Outputs(predictions)


def frame(rows: Rows, like: pd.DataFrame) -> pd.DataFrame:
    """Give rows as a DataFrame with the columns and dtypes of another.

    A column keeps float64 or object where its dtype cannot hold what is in it: a null among
    integers or booleans. Categories that a categorical column lacks are added to it.
    """
    if all(isinstance(dtype, np.dtype) and dtype == np.float64 for dtype in like.dtypes):
        places = [rows.schema.names.index(normalised(str(name))) for name in like.columns]
        return pd.DataFrame(rows.matrix()[:, places], columns=like.columns)
    return pd.DataFrame(
        {name: _series(rows.column(normalised(str(name))), like[name].dtype) for name in like.columns}
    )


def _series(cells: NDArray[Any], dtype: Any) -> pd.Series[Any]:
    if isinstance(dtype, pd.CategoricalDtype):
        known = dtype.categories
        if cells.dtype == object:
            new = sorted({cell for cell in cells if isinstance(cell, str)} - set(known))
            known = known.append(pd.Index(new, dtype=known.dtype)) if new else known
        return pd.Series(pd.Categorical(cells, categories=known, ordered=bool(dtype.ordered)))
    series = pd.Series(cells)
    if pd.api.types.is_float_dtype(dtype) and not pd.api.types.is_extension_array_dtype(dtype):
        return series.astype(np.float64)
    if series.isna().any() and isinstance(dtype, np.dtype) and dtype.kind in "iub":
        return series.astype(object) if dtype.kind == "b" else series
    if isinstance(dtype, pd.BooleanDtype):
        series = series.astype(object).where(series.isna(), series == 1)
    return series.astype(dtype)
