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
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
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

_NO_CHILD = -1
_LARGEST = np.finfo(np.float64).max


@dataclass(frozen=True, slots=True)
class _Tree:
    """One tree, in the numbering of whoever fitted it.

    ``feature`` is the place of the column that a split looks at, among those that
    `dasier.runtimes.arrays.trees` makes.
    """

    left: NDArray[np.intp]
    right: NDArray[np.intp]
    feature: NDArray[np.intp]
    threshold: NDArray[np.float64]
    values: NDArray[np.float64]


def _laid_out(trees: Sequence[_Tree]) -> tuple[dict[str, NDArray[Any]], int]:
    """Give the arrays of all trees, siblings next to each other, and how deep the deepest is."""
    offsets = np.cumsum([0, *[len(tree.left) for tree in trees]])
    left = np.concatenate(
        [np.where(t.left < 0, _NO_CHILD, t.left + at) for t, at in zip(trees, offsets[:-1], strict=True)]
    )
    right = np.concatenate([t.right + at for t, at in zip(trees, offsets[:-1], strict=True)])
    level = offsets[:-1]
    order, child = [level], np.empty(len(left), dtype=np.int64)
    placed, depth = len(level), 0
    while True:
        # The nodes of a level are numbered already, from `start` on; their children come behind, in pairs.
        start = placed - len(level)
        splits = left[level] != _NO_CHILD
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
    is_leaf = left[every] == _NO_CHILD
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


def _fitted(tree: Any, n_columns: int, *, values: NDArray[np.float64], columns: Any = None) -> _Tree:
    """Read one of scikit-learn's trees. What sends its nulls right looks at the copy of a column."""
    feature = np.maximum(tree.feature, 0)
    if columns is not None:
        feature = np.asarray(columns)[feature]
    if n_columns:
        feature = feature + n_columns * (np.asarray(tree.missing_go_to_left) == 0)
    # What parts nulls from everything else has the threshold infinity.
    threshold = np.minimum(tree.threshold, _LARGEST)
    return _Tree(tree.children_left, tree.children_right, feature, threshold, values)


def _node(
    kind: str, trees: Sequence[_Tree], start: Any, *, single: bool = True, nulls: bool = False, **values: Any
) -> Node:
    arrays, depth = _laid_out(trees)
    arrays["start"] = np.asarray(start, dtype=np.float64)
    return Node(kind, {"single": single, "nulls": nulls, "depth": depth, **values}, arrays)


def _takes_nulls(tree: Any) -> bool:
    return bool(tree.__sklearn_tags__().input_tags.allow_nan)


def _mean(estimator: Any) -> Node:
    """Give a tree, or the mean of many."""
    fitted = getattr(estimator, "estimators_", None) or [estimator]
    if estimator.n_outputs_ != 1:
        raise refused("several targets")
    nulls = _takes_nulls(fitted[0])
    n_classes = estimator.n_classes_ if is_classifier(estimator) else 1
    trees = [
        _fitted(
            one.tree_,
            estimator.n_features_in_ if nulls else 0,
            values=np.array(one.tree_.value[:, 0, :n_classes]),
        )
        for one in fitted
    ]
    end = "shares" if is_classifier(estimator) else "value"
    return _node("trees", trees, np.zeros(n_classes), nulls=nulls, end=end, divisor=len(fitted))


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
    return _node("trees", trees, start, end=end, divisor=1)


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
    return _node(
        "isolation", trees, [0.0], nulls=nulls, denominator=denominator, offset=float(estimator.offset_)
    )


TREES: dict[type, Callable[[Any], Node]] = {
    **dict.fromkeys(
        (
            DecisionTreeClassifier,
            DecisionTreeRegressor,
            ExtraTreeClassifier,
            ExtraTreeRegressor,
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


# --- boosting with histograms ---------------------------------------------------------------------


def is_histogram_boosting(estimator: Any) -> bool:
    """Say whether an estimator boosts with histograms."""
    return type(estimator) in (HistGradientBoostingClassifier, HistGradientBoostingRegressor)


def histogram_boosting(estimator: Any, node_of: Callable[[Any], Node]) -> Node:
    """Give boosting with histograms, behind what encodes its categories.

    Parameters
    ----------
    estimator
    node_of
        What gives the node of the encoder.
    """
    node = _histogram_trees(estimator)
    before = getattr(estimator, "_preprocessor", None)
    return node if before is None else Node("pipeline", parts=(node_of(before), node))


def _histogram_trees(estimator: Any) -> Node:
    link = type(estimator._loss.link).__name__  # noqa: SLF001 (nothing public says what raw predictions mean)
    ends = {
        "IdentityLink": "value",
        "LogLink": "exponential",
        "LogitLink": "logistic_most",
        "MultinomialLogit": "multinomial_most",
    }
    if link not in ends:
        raise refused(f"boosting with histograms under {link}")
    splits = _CategoricalSplits(estimator)
    trees = [splits.tree(one) for stage in estimator._predictors for one in stage]  # noqa: SLF001 (the fitted trees)
    start = np.ravel(estimator._baseline_prediction)  # noqa: SLF001 (as above)
    node = _node("trees", trees, start, single=False, nulls=True, end=ends[link], divisor=1)
    return Node(node.kind, node.values, {**node.arrays, **splits.arrays()})


class _CategoricalSplits:
    """Makes each categorical split a column of its own."""

    def __init__(self, estimator: Any) -> None:
        self._n_columns = estimator._n_features  # noqa: SLF001 (after its encoder)
        self._known, self._places = estimator._bin_mapper.make_known_categories_bitsets()  # noqa: SLF001
        self._feature: list[int] = []
        self._goes_right: list[NDArray[np.uint8]] = []

    def tree(self, predictor: Any) -> _Tree:
        """Read one tree."""
        nodes = predictor.nodes
        leaf, categorical = nodes["is_leaf"] != 0, nodes["is_categorical"] != 0
        null_right = nodes["missing_go_to_left"] == 0
        feature = nodes["feature_idx"].astype(np.intp) + self._n_columns * null_right
        threshold = np.minimum(nodes["num_threshold"], _LARGEST)
        for position in np.flatnonzero(categorical & ~leaf).tolist():
            feature[position] = self._column(nodes[position], predictor)
            threshold[position] = 0.5
        left = np.where(leaf, _NO_CHILD, nodes["left"].astype(np.intp))
        return _Tree(
            left, nodes["right"].astype(np.intp), feature, threshold, nodes["value"].reshape(-1, 1).copy()
        )

    def _column(self, node: Any, predictor: Any) -> int:
        """Give the place of the column that says which categories go right."""
        left = _members(predictor.raw_left_cat_bitsets[node["bitset_idx"]])
        known = _members(self._known[self._places[node["feature_idx"]]])
        as_null = 0 if node["missing_go_to_left"] else 1
        right = np.where(left, 0, np.where(known, 1, as_null))
        self._feature.append(int(node["feature_idx"]))
        self._goes_right.append(np.append(right, as_null).astype(np.uint8))
        return int(2 * self._n_columns) + len(self._feature) - 1

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give what the columns are made of."""
        if not self._feature:
            return {}
        return {
            "code_feature": np.array(self._feature, dtype=np.int64),
            "goes_right": np.stack(self._goes_right),
        }


def _members(bits: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Give which of 0 to 255 a set of bits holds, as scikit-learn keeps categories."""
    codes = np.arange(256)
    members: NDArray[np.bool_] = (np.asarray(bits)[codes // 32] >> (codes % 32).astype(np.uint32)) & 1 == 1
    return members
