"""Naive Bayes, discriminants, mixtures and the elliptic envelope as nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.covariance import EllipticEnvelope
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, ComplementNB, GaussianNB, MultinomialNB

from dasier.building.arrays.refusing import refused
from dasier.runtimes.arrays.container import Node

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def _normal(model: GaussianNB) -> Node:
    return Node(
        "normal",
        {},
        {"means": model.theta_, "variances": model.var_, "priors": np.asarray(model.class_prior_)},
    )


def _counts(model: MultinomialNB) -> Node:
    return _joint(model.feature_log_prob_, model.class_log_prior_)


def _complement(model: ComplementNB) -> Node:
    is_alone = len(model.classes_) == 1
    return _joint(
        model.feature_log_prob_, model.class_log_prior_ if is_alone else np.zeros(len(model.classes_))
    )


def _bernoulli(model: BernoulliNB) -> Node:
    absent = np.log(1 - np.exp(model.feature_log_prob_))
    joint = _joint(model.feature_log_prob_ - absent, model.class_log_prior_ + absent.sum(axis=1))
    if model.binarize is None:
        return joint
    return Node("pipeline", parts=(Node("binarised", {"threshold": float(model.binarize)}), joint))


def _joint(weights: Any, intercept: Any) -> Node:
    return Node("linear", {"end": "joint"}, {"weights": np.array(weights), "intercept": np.array(intercept)})


def _categorical(model: CategoricalNB) -> Node:
    tables: dict[str, NDArray[Any]] = {
        f"logs{i}": np.asarray(table) for i, table in enumerate(model.feature_log_prob_)
    }
    return Node("categorical", {"width": len(tables)}, tables | {"priors": model.class_log_prior_})


def _quadratic(model: QuadraticDiscriminantAnalysis) -> Node:
    if not hasattr(model, "rotations_"):
        raise refused("quadratic discriminants of another solver than svd")
    whitening = [r * s**-0.5 for r, s in zip(model.rotations_, model.scalings_, strict=True)]
    spread = np.array([np.sum(np.log(scale)) for scale in model.scalings_])
    end = "discriminants_of_two" if len(model.classes_) == 2 else "multinomial"
    return _gaussians(model.means_, whitening, -0.5 * spread + np.log(model.priors_), end)


def _mixture(model: Any) -> Node:
    """Read the constants off a row that stands at each centre: there the distance is nothing."""
    n_groups, width = model.means_.shape
    cholesky = np.asarray(model.precisions_cholesky_)
    if model.covariance_type == "full":
        whitening = list(cholesky)
    elif model.covariance_type == "tied":
        whitening = [cholesky] * n_groups
    else:
        whitening = [np.eye(width) * each for each in cholesky]
    at_centres = np.diag(model._estimate_weighted_log_prob(np.array(model.means_)))  # noqa: SLF001 (nothing public gives it)
    return _gaussians(model.means_, whitening, at_centres, "largest")


def _gaussians(means: Any, whitening: list[Any], offsets: Any, end: str) -> Node:
    arrays = {f"whitening{i}": np.array(one, dtype=np.float64) for i, one in enumerate(whitening)}
    return Node("gaussians", {"end": end}, arrays | {"means": np.array(means), "offsets": np.array(offsets)})


def _ellipse(model: EllipticEnvelope) -> Node:
    arrays = {"centre": model.location_, "precision": model.get_precision()}
    return Node("ellipse", {"offset": float(model.offset_)}, arrays)


BAYES: dict[type, Callable[[Any], Node]] = {
    GaussianNB: _normal,
    MultinomialNB: _counts,
    ComplementNB: _complement,
    BernoulliNB: _bernoulli,
    CategoricalNB: _categorical,
    QuadraticDiscriminantAnalysis: _quadratic,
    GaussianMixture: _mixture,
    BayesianGaussianMixture: _mixture,
    EllipticEnvelope: _ellipse,
}
