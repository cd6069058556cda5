"""Linear models, networks and centres as nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import linear_model
from sklearn.base import is_classifier
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import LinearSVC, LinearSVR

from dasier.building.arrays.refusing import refused
from dasier.building.arrays.trees import TREES
from dasier.runtimes.arrays.container import Node

if TYPE_CHECKING:
    from collections.abc import Callable


def _linear(estimator: Any, end: str) -> Node:
    weights = np.atleast_2d(np.asarray(estimator.coef_, dtype=np.float64))
    if not is_classifier(estimator) and len(weights) > 1:
        raise refused("several targets")
    intercept = np.broadcast_to(np.asarray(estimator.intercept_, dtype=np.float64), len(weights))
    return Node("linear", {"end": end}, {"weights": weights, "intercept": intercept})


def _regressor(estimator: Any) -> Node:
    return _linear(estimator, "value")


def _under_a_logarithm(estimator: Any) -> Node:
    link = type(estimator._get_loss().link).__name__  # noqa: SLF001 (nothing public tells it)
    return _linear(estimator, "value" if link == "IdentityLink" else "exponential")


def _labels(estimator: Any) -> Node:
    return _linear(estimator, "sign" if len(estimator.classes_) == 2 else "largest")


def _logistic(estimator: Any) -> Node:
    return _linear(estimator, "logistic" if len(estimator.classes_) == 2 else "multinomial")


def _gradient_descent(estimator: Any) -> Node:
    if estimator.loss == "modified_huber":
        raise refused("SGDClassifier with modified_huber")
    if estimator.loss != "log_loss":
        return _labels(estimator)
    return _linear(estimator, "logistic" if len(estimator.classes_) == 2 else "one_against_all")


def _network(estimator: Any) -> Node:
    ends = {"identity": "value", "logistic": "logistic_above_half", "softmax": "multinomial_most"}
    if estimator.n_outputs_ > 1 and estimator.out_activation_ != "softmax":
        raise refused("several targets")
    layers = list(zip(estimator.coefs_, estimator.intercepts_, strict=True))
    arrays = {f"weights{i}": np.asarray(weights, dtype=np.float64) for i, (weights, _) in enumerate(layers)}
    arrays |= {f"intercept{i}": np.asarray(added, dtype=np.float64) for i, (_, added) in enumerate(layers)}
    values = {
        "layers": len(layers),
        "activation": estimator.activation,
        "end": ends[estimator.out_activation_],
    }
    return Node("network", values, arrays)


def _centres(estimator: Any) -> Node:
    return Node("centres", {}, {"centres": np.asarray(estimator.cluster_centers_, dtype=np.float64)})


def _each(names: str, make: Callable[[Any], Node]) -> dict[type, Callable[[Any], Node]]:
    """Give the same function for linear models of these names; some come and go with releases."""
    return {
        getattr(linear_model, name): make
        for name in names.split()
        if getattr(linear_model, name, None) is not None
    }


MODELS: dict[type, Callable[[Any], Node]] = {
    **_each(
        "LinearRegression Ridge RidgeCV Lasso LassoCV LassoLars LassoLarsCV LassoLarsIC Lars LarsCV ElasticNet "
        "ElasticNetCV BayesianRidge ARDRegression HuberRegressor TheilSenRegressor QuantileRegressor SGDRegressor "
        "OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV PassiveAggressiveRegressor",
        _regressor,
    ),
    **_each("PoissonRegressor GammaRegressor TweedieRegressor", _under_a_logarithm),
    **_each("RidgeClassifier RidgeClassifierCV Perceptron PassiveAggressiveClassifier", _labels),
    **_each("LogisticRegression LogisticRegressionCV", _logistic),
    **_each("SGDClassifier", _gradient_descent),
    LinearSVC: _labels,
    LinearSVR: _regressor,
    LinearDiscriminantAnalysis: _logistic,
    MLPClassifier: _network,
    MLPRegressor: _network,
    KMeans: _centres,
    MiniBatchKMeans: _centres,
    **TREES,
}
"""By class: what gives the node of a fitted one."""
