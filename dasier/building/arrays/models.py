"""Linear models, networks, centres and constants as nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import linear_model
from sklearn.base import is_classifier
from sklearn.cluster import AffinityPropagation, Birch, BisectingKMeans, KMeans, MeanShift, MiniBatchKMeans
from sklearn.cross_decomposition import CCA, PLSCanonical, PLSRegression
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import SGDOneClassSVM
from sklearn.neighbors import NearestCentroid
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import LinearSVC, LinearSVR

from dasier.building.arrays.bayes import BAYES
from dasier.building.arrays.calibration import isotonic
from dasier.building.arrays.neighbours import NEIGHBOURS, nearest_of
from dasier.building.arrays.refusing import refused
from dasier.building.arrays.support_vectors import SUPPORT_VECTORS
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


def _groups(estimator: Any) -> Node:
    """Give the nearest of several points to each group."""
    node = nearest_of(estimator.subcluster_centers_, whole=True)
    labels = np.asarray(estimator.subcluster_labels_, dtype=np.int64)
    return Node(node.kind, node.values, {**node.arrays, "labels": labels})


def _means(estimator: Any) -> Node:
    return nearest_of(estimator.cluster_centers_, whole=False)


def _halved(estimator: BisectingKMeans) -> Node:
    """Give the halves of halves, each pair next to each other, the root first."""
    halves = [estimator._bisecting_tree]  # noqa: SLF001 (nothing public holds it)
    child, label = [], []
    centre = []
    for half in halves:  # grows
        is_whole = half.left is None
        child.append(0 if is_whole else len(halves))
        label.append(half.label if is_whole else 0)
        centre.append(half.center + estimator._X_mean)  # noqa: SLF001 (as above)
        if not is_whole:
            halves += [half.left, half.right]
    arrays = {"child": np.array(child), "labels": np.array(label), "centres": np.array(centre)}
    return Node("halved", {}, arrays)


def _centroids(estimator: NearestCentroid) -> Node:
    if estimator.metric != "euclidean":
        raise refused(f"centroids by the metric {estimator.metric}")
    uniform = bool(np.isclose(estimator.class_prior_, 1 / len(estimator.classes_)).all())
    spread = np.asarray(estimator.within_class_std_dev_, dtype=np.float64)
    arrays = {
        "centres": np.asarray(estimator.centroids_, dtype=np.float64),
        "spread": np.where(spread == 0, 1.0, spread),
        "priors": np.asarray(estimator.class_prior_, dtype=np.float64),
    }
    return Node("centroids", {"uniform": uniform}, arrays)


def _partial_squares(estimator: Any) -> Node:
    centred = Node("centred", {}, {"centre": np.asarray(estimator._x_mean, dtype=np.float64)})  # noqa: SLF001 (nothing public holds it)
    return Node("pipeline", parts=(centred, _regressor(estimator)))


def _one_class(estimator: SGDOneClassSVM) -> Node:
    weights = np.atleast_2d(np.asarray(estimator.coef_, dtype=np.float64))
    return Node(
        "linear",
        {"end": "inside"},
        {"weights": weights, "intercept": -np.asarray(estimator.offset_, dtype=np.float64)},
    )


def _constant(estimator: DummyRegressor) -> Node:
    value = np.ravel(estimator.constant_)
    if len(value) != 1:
        raise refused("several targets")
    return Node("constant", {"end": "value"}, {"raw": np.asarray(value, dtype=np.float64)})


def _prior(estimator: DummyClassifier) -> Node:
    if estimator.n_outputs_ != 1:
        raise refused("several targets")
    shares = np.asarray(estimator.class_prior_, dtype=np.float64)
    if estimator.strategy == "constant":
        shares = (estimator.classes_ == estimator.constant).astype(np.float64)
    elif estimator.strategy == "most_frequent":
        shares = (np.arange(len(shares)) == shares.argmax()).astype(np.float64)
    elif estimator.strategy != "prior":
        raise refused(f"a DummyClassifier that draws its answers ({estimator.strategy})")
    return Node("constant", {"end": "shares"}, {"raw": shares})


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
        "OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV PassiveAggressiveRegressor MultiTaskElasticNet "
        "MultiTaskElasticNetCV MultiTaskLasso MultiTaskLassoCV",
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
    **dict.fromkeys((KMeans, MiniBatchKMeans), _means),
    **dict.fromkeys(
        (AffinityPropagation, MeanShift), lambda one: nearest_of(one.cluster_centers_, whole=True)
    ),
    Birch: _groups,
    BisectingKMeans: _halved,
    NearestCentroid: _centroids,
    **dict.fromkeys((CCA, PLSCanonical, PLSRegression), _partial_squares),
    IsotonicRegression: isotonic,
    SGDOneClassSVM: _one_class,
    DummyClassifier: _prior,
    DummyRegressor: _constant,
    **BAYES,
    **NEIGHBOURS,
    **SUPPORT_VECTORS,
    **TREES,
}
"""By class: what gives the node of a fitted one."""
