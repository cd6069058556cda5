"""Models made of models as nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.linear_model import RANSACRegressor
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multiclass import (
    OneVsOneClassifier,
    OneVsRestClassifier,
    OutputCodeClassifier,
    _ConstantPredictor,
)
from sklearn.multioutput import MultiOutputRegressor, RegressorChain
from sklearn.semi_supervised import SelfTrainingClassifier

from dasier.building.arrays import calibration, scaling
from dasier.building.arrays.neighbours import nearest_of
from dasier.building.arrays.places import places_of
from dasier.building.arrays.refusing import refused
from dasier.building.arrays.trees import averaged_trees, told_by_trees
from dasier.runtimes.arrays.columns import ALL
from dasier.runtimes.arrays.container import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Inner = Callable[[Any], Node]


def _weights(given: Any) -> dict[str, NDArray[np.float64]]:
    return {} if given is None else {"weights": np.asarray(given, dtype=np.float64)}


def _binary(estimator: Any) -> str:
    """Give what one-against-others strategies ask of a part."""
    if is_regressor(estimator):
        return "answer"
    return "scores" if hasattr(estimator, "decision_function") else "second"


def _each(estimators: Sequence[Any], inner: Inner, asked: Sequence[str], classes: Any = None) -> Node:
    """Put answers next to each other; those of classifiers as places among all classes, or as their own numbers."""
    codes: dict[str, NDArray[Any]] = {}
    for i, (one, what) in enumerate(zip(estimators, asked, strict=True)):
        if what == "answer" and is_classifier(one):
            told = one.classes_ if classes is None else places_of(classes, one.classes_)
            codes[f"codes{i}"] = np.asarray(told, dtype=np.int64)
    return Node("each", {"asked": list(asked)}, codes, tuple(inner(one) for one in estimators))


def _answers(estimators: Sequence[Any], inner: Inner, classes: Any = None) -> Node:
    """As `_each`, asking for answers; trees are laid out together."""
    places = None if classes is None else [places_of(classes, one.classes_) for one in estimators]
    trees = told_by_trees(estimators, places)
    return trees or _each(estimators, inner, ["answer"] * len(estimators), classes)


# --- votes and means ----------------------------------------------------------------------------------


def _bagging(bagging: Any, inner: Inner) -> Node:
    subsets = bagging.estimators_features_
    trees = averaged_trees(bagging, subsets)
    if trees is not None:
        return trees
    parts = [
        Node(
            "pipeline",
            parts=(Node("selected", {}, {"kept": np.asarray(columns, dtype=np.int64)}), inner(one)),
        )
        for one, columns in zip(bagging.estimators_, subsets, strict=True)
    ]
    if not is_classifier(bagging):
        told = Node("each", {"asked": ["answer"] * len(parts)}, {}, tuple(parts))
        return Node("mean", {}, {}, (told,))
    n_classes = len(bagging.classes_)
    asked = ["probabilities" if hasattr(one, "predict_proba") else "answer" for one in bagging.estimators_]
    places = {
        f"places{i}": places_of(np.arange(n_classes), one.classes_)
        for i, one in enumerate(bagging.estimators_)
    }
    return Node("averaged", {"asked": asked, "n_classes": n_classes}, places, tuple(parts))


def _voting(voting: VotingClassifier, inner: Inner) -> Node:
    weights, n_classes = _weights(voting._weights_not_none), len(voting.classes_)  # noqa: SLF001 (without dropped ones)
    every = np.arange(n_classes)
    if voting.voting == "hard":
        told = _each(voting.estimators_, inner, ["answer"] * len(voting.estimators_), every)
        return Node("voted", {"n_classes": n_classes}, weights, (told,))
    places = {f"places{i}": places_of(every, one.classes_) for i, one in enumerate(voting.estimators_)}
    values = {"asked": ["probabilities"] * len(places), "n_classes": n_classes}
    return Node("averaged", values, places | weights, tuple(inner(one) for one in voting.estimators_))


def _voting_regressor(voting: VotingRegressor, inner: Inner) -> Node:
    told = _each(voting.estimators_, inner, ["answer"] * len(voting.estimators_))
    return Node("mean", {}, _weights(voting._weights_not_none), (told,))  # noqa: SLF001 (without dropped ones)


def _stacking(stacking: Any, inner: Inner) -> Node:
    short = {"decision_function": "scores", "predict": "answer", "predict_proba": "probabilities"}
    asked = [short[method] for method in stacking.stack_method_]
    if is_classifier(stacking) and len(stacking.classes_) == 2:
        asked = ["second" if what == "probabilities" else what for what in asked]
    kept = [one for one in stacking.estimators_ if not isinstance(one, str)]
    told = _each(kept, inner, asked)
    if stacking.passthrough:
        told = Node("side_by_side", {"sources": [ALL, ALL]}, {}, (told, Node("pipeline")))
    return Node("pipeline", parts=(told, inner(stacking.final_estimator_)))


# --- boosting -----------------------------------------------------------------------------------------


def _boosted_weights(boosting: Any) -> dict[str, NDArray[np.float64]]:
    return {"weights": np.array(boosting.estimator_weights_[: len(boosting.estimators_)])}


def _boosting(boosting: AdaBoostClassifier, inner: Inner) -> Node:
    if len(boosting.classes_) < 2:
        raise refused("an AdaBoostClassifier of one class")
    told = _answers(boosting.estimators_, inner, boosting.classes_)
    return Node("boosted", {"n_classes": len(boosting.classes_)}, _boosted_weights(boosting), (told,))


def _boosting_regressor(boosting: AdaBoostRegressor, inner: Inner) -> Node:
    return Node("weighted_median", {}, _boosted_weights(boosting), (_answers(boosting.estimators_, inner),))


# --- several classes by two -----------------------------------------------------------------------------


def _limit(estimator: Any) -> float:
    return 0.0 if _binary(estimator) != "second" else 0.5


def _one_against_all(model: OneVsRestClassifier, inner: Inner) -> Node:
    estimators = model.estimators_
    if model.multilabel_ or any(not hasattr(one, "classes_") or len(one.classes_) != 2 for one in estimators):
        raise refused("one against all where not each part tells two classes apart")
    values = {
        "asked": [_binary(one) for one in estimators],
        "limit": _limit(estimators[0]),
        "probabilities": all(hasattr(one, "predict_proba") for one in estimators),
    }
    return Node("one_against_all", values, {}, tuple(inner(one) for one in estimators))


def _one_against_one(model: OneVsOneClassifier, inner: Inner) -> Node:
    if model.pairwise_indices_ is not None or any(not hasattr(one, "classes_") for one in model.estimators_):
        raise refused("one against one over kernels, or with regressions")
    values = {
        "asked": [_binary(one) for one in model.estimators_],
        "limit": _limit(model.estimators_[0]),
        "n_classes": len(model.classes_),
    }
    return Node("one_against_one", values, {}, tuple(inner(one) for one in model.estimators_))


def _codes(model: OutputCodeClassifier, inner: Inner) -> Node:
    told = _each(model.estimators_, inner, [_binary(one) for one in model.estimators_])
    return Node("pipeline", parts=(told, nearest_of(model.code_book_, whole=True)))


def _always(model: _ConstantPredictor, _inner: Inner) -> Node:
    """Give what stands for a part of output codes whose code is the same for all classes."""
    return Node("constant", {"end": "sign"}, {"raw": np.array(np.ravel(model.y_)[:1], dtype=np.float64)})


def _process(model: GaussianProcessClassifier, inner: Inner) -> Node:
    return inner(model.base_estimator_)


# --- about one model ------------------------------------------------------------------------------------


def _threshold(model: Any, inner: Inner) -> Node:
    estimator = model.estimator_ if hasattr(model, "estimator_") else model.estimator
    method = model._get_response_method()  # noqa: SLF001 (nothing public tells what "auto" came to)
    methods = [method] if isinstance(method, str) else list(method)
    found = next(name for name in methods if hasattr(estimator, name))
    asked = {"predict_proba": "probabilities", "decision_function": "scores"}[found]
    if type(model) is TunedThresholdClassifierCV:
        threshold = float(model.best_threshold_)
        positive = model._curve_scorer._get_pos_label()  # noqa: SLF001 (as above)
    else:
        positive = model.pos_label
        usual = 0.5 if asked == "probabilities" else 0.0
        threshold = usual if model.threshold == "auto" else float(model.threshold)
    place = 1 if positive is None else int(places_of(model.classes_, [positive])[0])
    values = {"asked": asked, "threshold": threshold, "positive": place}
    return Node("over_threshold", values, {}, (inner(estimator),))


def _target(model: TransformedTargetRegressor, inner: Inner) -> Node:
    back = scaling.inverse(model.transformer_)
    part = inner(model.regressor_)
    return part if back is None else Node("afterwards", {}, {}, (part, back))


def _first_of(model: Any, inner: Inner) -> Node:
    if len(model.estimators_) != 1:
        raise refused("several targets")
    return inner(model.estimators_[0])


COMPOSED: dict[type, Callable[[Any, Inner], Node]] = {
    **dict.fromkeys((BaggingClassifier, BaggingRegressor), _bagging),
    VotingClassifier: _voting,
    VotingRegressor: _voting_regressor,
    **dict.fromkeys((StackingClassifier, StackingRegressor), _stacking),
    AdaBoostClassifier: _boosting,
    AdaBoostRegressor: _boosting_regressor,
    OneVsRestClassifier: _one_against_all,
    OneVsOneClassifier: _one_against_one,
    OutputCodeClassifier: _codes,
    _ConstantPredictor: _always,
    GaussianProcessClassifier: _process,
    CalibratedClassifierCV: calibration.calibrated,
    **dict.fromkeys((FixedThresholdClassifier, TunedThresholdClassifierCV), _threshold),
    **dict.fromkeys((RANSACRegressor, SelfTrainingClassifier), lambda model, inner: inner(model.estimator_)),
    **dict.fromkeys((MultiOutputRegressor, RegressorChain), _first_of),
    TransformedTargetRegressor: _target,
}
"""By class: what gives the node of a fitted one, with what gives those of its parts."""
