"""An estimator that gives one answer for any row: what a version can be made of."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain

from dasier.errors import EstimatorUnsupported

if TYPE_CHECKING:
    import pandas as pd

_A_FIT_EACH = (ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain)
"""They fit an estimator for each target; with one target, that one is all there is."""


def of_one_target(estimator: Any) -> Any:
    """Give what answers for the only target of an estimator that is made for several, else the estimator itself."""
    if type(estimator) not in _A_FIT_EACH or len(getattr(estimator, "estimators_", ())) != 1:
        return estimator
    return estimator.estimators_[0]


def check_answers(estimator: Any, features: pd.DataFrame) -> None:
    """Refuse an estimator that answers for no new row, or with several targets.

    Parameters
    ----------
    estimator
        Fitted.
    features
        Rows as it was fitted on; one is asked for.

    Raises
    ------
    EstimatorUnsupported
    """
    kind = type(estimator).__name__
    if not hasattr(estimator, "predict"):
        message = (
            f"{kind} cannot predict: it groups or transforms the rows that it is fitted on, and answers for no others. "
            "Take an estimator with predict, or fit a classifier on the groups that it finds."
        )
        raise EstimatorUnsupported(message)
    row = features.iloc[:1] if hasattr(estimator, "feature_names_in_") else features.iloc[:1].to_numpy()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of categories that training never saw
            answer = np.asarray(estimator.predict(row))
    except ValueError:
        return  # a row may be refused; the proof asks many
    if answer.ndim > 1 and answer.shape[1] > 1:
        message = (
            f"{kind} predicts {answer.shape[1]} targets, and a version answers with one: "
            "build a model for each of them."
        )
        raise EstimatorUnsupported(message)
