"""Boosting with histograms as nodes: its trees, and its categorical splits as columns of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from dasier.building.arrays.refusing import refused
from dasier.building.arrays.trees import LARGEST, NO_CHILD, Tree, trees_node
from dasier.runtimes.arrays.container import Node

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


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
    node = trees_node("trees", trees, start, single=False, nulls=True, end=ends[link], divisor=1)
    return Node(node.kind, node.values, {**node.arrays, **splits.arrays()})


class _CategoricalSplits:
    """Makes each categorical split a column of its own."""

    def __init__(self, estimator: Any) -> None:
        self._n_columns = estimator._n_features  # noqa: SLF001 (after its encoder)
        self._known, self._places = estimator._bin_mapper.make_known_categories_bitsets()  # noqa: SLF001
        self._feature: list[int] = []
        self._goes_right: list[NDArray[np.uint8]] = []

    def tree(self, predictor: Any) -> Tree:
        """Read one tree."""
        nodes = predictor.nodes
        leaf, categorical = nodes["is_leaf"] != 0, nodes["is_categorical"] != 0
        null_right = nodes["missing_go_to_left"] == 0
        feature = nodes["feature_idx"].astype(np.intp) + self._n_columns * null_right
        threshold = np.minimum(nodes["num_threshold"], LARGEST)
        for position in np.flatnonzero(categorical & ~leaf).tolist():
            feature[position] = self._column(nodes[position], predictor)
            threshold[position] = 0.5
        left = np.where(leaf, NO_CHILD, nodes["left"].astype(np.intp))
        return Tree(
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
