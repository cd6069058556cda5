"""Trees and their ensembles as nodes; `dasier.runtimes.arrays.trees` says how they are laid out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.ensemble._iforest import _average_path_length
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from dasier.building.arrays.refusing import refused
from dasier.runtimes.arrays.container import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

NO_CHILD = -1
LARGEST = np.finfo(np.float64).max


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree, in the numbering of whoever fitted it.

    ``feature`` is the place of the column that a split looks at, among those that
    `dasier.runtimes.arrays.trees` makes.
    """

    left: NDArray[np.intp]
    right: NDArray[np.intp]
    feature: NDArray[np.intp]
    threshold: NDArray[np.float64]
    values: NDArray[np.float64]


def _laid_out(trees: Sequence[Tree]) -> tuple[dict[str, NDArray[Any]], int]:
    """Give the arrays of all trees, siblings next to each other, and how deep the deepest is."""
    offsets = np.cumsum([0, *[len(tree.left) for tree in trees]])
    left = np.concatenate(
        [np.where(t.left < 0, NO_CHILD, t.left + at) for t, at in zip(trees, offsets[:-1], strict=True)]
    )
    right = np.concatenate([t.right + at for t, at in zip(trees, offsets[:-1], strict=True)])
    level = offsets[:-1]
    order, child = [level], np.empty(len(left), dtype=np.int64)
    placed, depth = len(level), 0
    while True:
        # The nodes of a level are numbered already, from `start` on; their children come behind, in pairs.
        start = placed - len(level)
        splits = left[level] != NO_CHILD
        child[start:placed] = np.arange(start, placed)
        parents = level[splits]
        if not len(parents):
            break
        child[start + np.flatnonzero(splits)] = placed + 2 * np.arange(len(parents))
        level = np.stack([left[parents], right[parents]], axis=1).ravel()
        order.append(level)
        placed += len(level)
        depth += 1
    every = np.concatenate(order)
    is_leaf = left[every] == NO_CHILD
    arrays = {
        "feature": np.where(is_leaf, 0, np.concatenate([tree.feature for tree in trees])[every]).astype(
            np.int32
        ),
        "threshold": np.where(is_leaf, np.inf, np.concatenate([tree.threshold for tree in trees])[every]),
        "child": child[: len(every)].astype(np.int32),
        "roots": np.arange(len(trees), dtype=np.int32),
        "values": np.concatenate([tree.values for tree in trees])[every],
    }
    return arrays, depth


def _fitted(tree: Any, n_columns: int, *, values: NDArray[np.float64], columns: Any = None) -> Tree:
    """Read one of scikit-learn's trees. What sends its nulls right looks at the copy of a column."""
    feature = np.maximum(tree.feature, 0)
    if columns is not None:
        feature = np.asarray(columns)[feature]
    if n_columns:
        feature = feature + n_columns * (np.asarray(tree.missing_go_to_left) == 0)
    # What parts nulls from everything else has the threshold infinity.
    threshold = np.minimum(tree.threshold, LARGEST)
    return Tree(tree.children_left, tree.children_right, feature, threshold, values)


def trees_node(
    kind: str, trees: Sequence[Tree], start: Any, *, single: bool = True, nulls: bool = False, **values: Any
) -> Node:
    """Give the node of an ensemble of trees; what is made of their sums is told by further values."""
    arrays, depth = _laid_out(trees)
    arrays["start"] = np.asarray(start, dtype=np.float64)
    return Node(kind, {"single": single, "nulls": nulls, "depth": depth, **values}, arrays)


def _takes_nulls(tree: Any) -> bool:
    return bool(tree.__sklearn_tags__().input_tags.allow_nan)


def _mean(estimator: Any, subsets: Any = None) -> Node:
    """Give a tree, or the mean of many, each of some columns or of all."""
    fitted = getattr(estimator, "estimators_", None) or [estimator]
    if fitted[0].n_outputs_ != 1:
        raise refused("several targets")
    nulls = _takes_nulls(fitted[0])
    n_classes = estimator.n_classes_ if is_classifier(estimator) else 1
    trees = [
        _fitted(
            one.tree_,
            estimator.n_features_in_ if nulls else 0,
            values=np.array(one.tree_.value[:, 0, :n_classes]),
            columns=columns,
        )
        for one, columns in zip(fitted, subsets or [None] * len(fitted), strict=True)
    ]
    end = "shares" if is_classifier(estimator) else "value"
    return trees_node("trees", trees, np.zeros(n_classes), nulls=nulls, end=end, divisor=len(fitted))


def _are_trees(estimators: Sequence[Any]) -> bool:
    return all(type(one) in _SINGLE_TREES for one in estimators)


def averaged_trees(bagging: Any, subsets: Any) -> Node | None:
    """Give bagged trees as one node; None where its parts are something else, or do not know all classes."""
    if not _are_trees(bagging.estimators_):
        return None
    if is_classifier(bagging) and any(one.n_classes_ != bagging.n_classes_ for one in bagging.estimators_):
        return None
    return _mean(bagging, subsets)


def told_by_trees(estimators: Sequence[Any], places: Sequence[Any] | None) -> Node | None:
    """Give what each of many trees says as one node: a value, or the place of a class; None where they are none."""
    if not _are_trees(estimators) or estimators[0].n_outputs_ != 1:
        return None
    nulls = _takes_nulls(estimators[0])
    trees = []
    for position, one in enumerate(estimators):
        values = one.tree_.value[:, 0]
        if places is not None:
            values = np.asarray(places[position])[values.argmax(axis=1)].reshape(-1, 1)
        width = one.n_features_in_ if nulls else 0
        trees.append(_fitted(one.tree_, width, values=np.array(values, dtype=np.float64)))
    return trees_node("leaves", trees, np.zeros(len(trees)), nulls=nulls)


def _boosting(estimator: Any) -> Node:
    loss = estimator._loss  # noqa: SLF001 (nothing public says what raw predictions mean)
    if estimator.init is not None and estimator.init != "zero":
        raise refused("gradient boosting that starts from another estimator")
    some = np.zeros((1, estimator.n_features_in_))
    start = estimator._raw_predict_init(some)[0]  # noqa: SLF001 (as above; the same for every row)
    ends = {
        "HalfBinomialLoss": "logistic_from_zero",
        "HalfMultinomialLoss": "multinomial",
        "ExponentialLoss": "doubled",
    }
    end = ends.get(type(loss).__name__) if is_classifier(estimator) else "value"
    if end is None:
        raise refused(f"gradient boosting with {type(loss).__name__}")
    trees = [
        _fitted(one.tree_, 0, values=estimator.learning_rate * one.tree_.value[:, :, 0])
        for one in estimator.estimators_.ravel()
    ]
    return trees_node("trees", trees, start, end=end, divisor=1)


def _isolation(estimator: IsolationForest) -> Node:
    nulls = _takes_nulls(estimator.estimators_[0])
    trees = [
        _fitted(
            one.tree_,
            estimator.n_features_in_ if nulls else 0,
            values=(
                one.tree_.compute_node_depths() + _average_path_length(one.tree_.n_node_samples) - 1.0
            ).reshape(-1, 1),
            columns=columns,
        )
        for one, columns in zip(estimator.estimators_, estimator.estimators_features_, strict=True)
    ]
    usual = _average_path_length(np.array([estimator._max_samples]))[0]  # noqa: SLF001 (the number that was drawn)
    denominator = float(len(trees) * usual)
    if denominator == 0:
        raise refused("an IsolationForest of single rows")
    values: dict[str, Any] = {"denominator": denominator, "offset": float(estimator.offset_)}
    # What is too large for float32 is infinite to it, and as unusual as that.
    return trees_node("isolation", trees, [0.0], nulls=nulls, infinite=True, **values)


_SINGLE_TREES = (DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor)

TREES: dict[type, Callable[[Any], Node]] = {
    **dict.fromkeys(
        (
            *_SINGLE_TREES,
            ExtraTreesClassifier,
            ExtraTreesRegressor,
            RandomForestClassifier,
            RandomForestRegressor,
        ),
        _mean,
    ),
    **dict.fromkeys((GradientBoostingClassifier, GradientBoostingRegressor), _boosting),
    IsolationForest: _isolation,
}
