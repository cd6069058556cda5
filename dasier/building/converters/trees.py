"""Decision trees in ONNX that take the same branch as scikit-learn on every row.

scikit-learn compares ``float32(x) <= threshold`` with a float64 threshold. Comparing in float64
moves rows that stand near a threshold (0.01 off in a forest's probabilities was measured), and so
does rounding the threshold to the nearest float32. But for a float32 x the comparison is the
same as with the threshold rounded *down* to float32: that is what is written here, after a cast of the
input to float32.

A tree gives the position of the leaf that a row falls into, a small integer that float32 holds
exactly; what the leaf says (a distribution, a value, a depth) is then looked up in a float64 table. So the
only difference left with scikit-learn is the order in which float64 numbers are summed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto
from sklearn.ensemble._iforest import _average_path_length

from dasier.building.converters.graph import Graph
from dasier.runtimes.arrays.tree_masks import rounded_down

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_EXACT_LEAVES = 2**24
"""Up to here float32 holds every integer."""

_NODES_TOGETHER = 2**15
"""How many nodes one operator walks: about 1 MB, what a core's cache holds.

onnxruntime takes each row through all trees of an operator before the next row. With 590,000 nodes in
one operator 10,000 rows took 2.5 times as long as in operators of this size, which are as fast as
scikit-learn; one row pays about 3 µs for each operator.
"""


def convert_tree_classifier(scope: Any, operator: Any, container: Any) -> None:
    """Write a decision tree, forest or extra-trees classifier: the mean of the leaves' distributions."""
    graph = Graph(scope, operator, container)
    trees = getattr(graph.estimator, "estimators_", [graph.estimator])
    n_classes = int(_single(graph.estimator.n_classes_))
    values = [tree.tree_.value[:, 0, :n_classes] for tree in trees]
    per_tree = _leaf_values(graph, [tree.tree_ for tree in trees], values)
    probabilities = graph.node("ReduceMean", [per_tree, graph.constant(np.array([1]))], keepdims=0)
    graph.answer(0, graph.node("ArgMax", [probabilities], axis=1, keepdims=0))
    graph.answer(1, probabilities)


def convert_tree_regressor(scope: Any, operator: Any, container: Any) -> None:
    """Write a decision tree, forest or extra-trees regressor: the mean of the leaves' values."""
    graph = Graph(scope, operator, container)
    _single(graph.estimator.n_outputs_)
    trees = getattr(graph.estimator, "estimators_", [graph.estimator])
    values = [tree.tree_.value[:, 0, :1] for tree in trees]
    per_tree = _leaf_values(graph, [tree.tree_ for tree in trees], values)
    graph.answer(0, graph.node("ReduceMean", [per_tree, graph.constant(np.array([1]))], keepdims=0))


def convert_gradient_boosting_classifier(scope: Any, operator: Any, container: Any) -> None:
    """Write a gradient boosting classifier: sums of leaves, then its loss's link to probabilities."""
    graph = Graph(scope, operator, container)
    raw = _boosted(graph)
    if graph.estimator.estimators_.shape[1] == 1:
        label = graph.node("GreaterOrEqual", [raw, graph.constant(np.array(0.0))])
        label = graph.node("Reshape", [label, graph.constant(np.array([-1]))])
        if graph.estimator.loss == "exponential":
            raw = graph.node("Mul", [raw, graph.constant(np.array(2.0))])
        positive = graph.node("Sigmoid", [raw])
        negative = graph.node("Sub", [graph.constant(np.array(1.0)), positive])
        probabilities = graph.node("Concat", [negative, positive], axis=1)
    else:
        label = graph.node("ArgMax", [raw], axis=1, keepdims=0)
        probabilities = graph.node("Softmax", [raw], axis=1)
    graph.answer(0, label)
    graph.answer(1, probabilities)


def convert_gradient_boosting_regressor(scope: Any, operator: Any, container: Any) -> None:
    """Write a gradient boosting regressor: the sum of its leaves."""
    graph = Graph(scope, operator, container)
    graph.answer(0, _boosted(graph))


def convert_isolation_forest(scope: Any, operator: Any, container: Any) -> None:
    """Write an isolation forest: 2 to the power of minus the mean depth, less the offset."""
    graph = Graph(scope, operator, container)
    forest = graph.estimator
    depths = [
        (path + average - 1.0)[:, np.newaxis]
        for path, average in zip(
            forest._decision_path_lengths,  # noqa: SLF001 (the leaf's depth is kept nowhere else)
            forest._average_path_length_per_tree,  # noqa: SLF001
            strict=True,
        )
    ]
    trees = [tree.tree_ for tree in forest.estimators_]
    per_tree = _leaf_values(graph, trees, depths, features=forest.estimators_features_)
    depth = graph.node("ReduceSum", [per_tree, graph.constant(np.array([1]))], keepdims=0)
    usual = _average_path_length(np.array([forest._max_samples]))[0]  # noqa: SLF001 (the number that was drawn)
    denominator = len(trees) * float(usual)
    exponent = graph.node("Div", [depth, graph.constant(np.array(-denominator))])
    likeness = graph.node("Pow", [graph.constant(np.array(2.0)), exponent])
    negated = graph.node("Neg", [likeness])
    scores = graph.node("Sub", [negated, graph.constant(np.array(float(forest.offset_)))])
    outlier = graph.node("Less", [scores, graph.constant(np.array(0.0))])
    labels = graph.node("Where", [outlier, graph.constant(np.array(-1)), graph.constant(np.array(1))])
    graph.answer(0, labels)
    graph.answer(1, scores)


def _boosted(graph: Graph) -> str:
    """Write a boosted ensemble's raw predictions, shape (n, n_classes or 1)."""
    model = graph.estimator
    n_stages, width = model.estimators_.shape
    trees = [tree.tree_ for tree in model.estimators_.ravel()]
    values = [tree.value[:, 0, :1] * model.learning_rate for tree in trees]
    per_tree = graph.rows_first(_leaf_values(graph, trees, values), n_stages, width)
    total = graph.node("ReduceSum", [per_tree, graph.constant(np.array([1]))], keepdims=0)
    # Constant for every loss unless somebody passed an estimator as `init`, which depends on the row.
    if model.init_ != "zero" and type(model.init_).__name__ not in {"DummyClassifier", "DummyRegressor"}:
        message = "gradient boosting that starts from another estimator"
        raise NotImplementedError(message)
    start = model._raw_predict_init(np.zeros((1, model.n_features_in_)))  # noqa: SLF001
    return graph.node("Add", [total, graph.constant(np.asarray(start, dtype=np.float64))])


def _leaf_values(
    graph: Graph,
    trees: Sequence[Any],
    values: Sequence[NDArray[np.float64]],
    features: Sequence[NDArray[np.intp]] | None = None,
) -> str:
    """Write, for each row and tree, what the leaf says: float64, shape (n, n_trees, width).

    Parameters
    ----------
    trees
        The fitted ``tree_`` of each.
    values
        For each tree what its nodes say, float64, shape (n_nodes, width).
    features
        For each tree the columns that it sees; None if all see all.
    """
    single = graph.node("Cast", graph.inputs[:1], to=TensorProto.FLOAT)
    groups: list[str] = []
    nodes = _Nodes()
    for index, tree in enumerate(trees):
        if nodes.n_nodes + tree.node_count > _NODES_TOGETHER and nodes.n_trees:
            groups.append(nodes.write(graph, single))
            nodes = _Nodes(nodes.n_leaves)
        nodes.add(tree, None if features is None else features[index])
    groups.append(nodes.write(graph, single))
    if nodes.n_leaves > _EXACT_LEAVES:
        message = f"{nodes.n_leaves} leaves are more than float32 can number"
        raise NotImplementedError(message)
    leaves = [tree.children_left == -1 for tree in trees]
    table = np.concatenate([said[leaf] for said, leaf in zip(values, leaves, strict=True)])
    positions = graph.node("Concat", groups, axis=1) if len(groups) > 1 else groups[0]
    positions = graph.node("Cast", [positions], to=TensorProto.INT64)
    return graph.node("Gather", [graph.constant(np.asarray(table, dtype=np.float64)), positions], axis=0)


class _Nodes:
    """The attributes of a TreeEnsembleRegressor whose tree t adds the position of its leaf to target t."""

    def __init__(self, first_leaf: int = 0) -> None:
        self.n_leaves = first_leaf
        self.n_trees = self.n_nodes = 0
        self._parts: dict[str, list[NDArray[Any]]] = {}

    def add(self, tree: Any, features: NDArray[np.intp] | None) -> None:
        leaf = tree.children_left == -1
        n_nodes, n_leaves = tree.node_count, int(leaf.sum())
        feature = np.where(leaf, 0, tree.feature)
        names = {
            "nodes_treeids": np.full(n_nodes, self.n_trees),
            "nodes_nodeids": np.arange(n_nodes),
            "nodes_featureids": feature if features is None else np.asarray(features)[feature],
            "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LEQ"),
            "nodes_values": rounded_down(np.where(leaf, 0.0, tree.threshold)),
            "nodes_truenodeids": np.where(leaf, 0, tree.children_left),
            "nodes_falsenodeids": np.where(leaf, 0, tree.children_right),
            "nodes_missing_value_tracks_true": np.where(leaf, 0, tree.missing_go_to_left),
            "target_treeids": np.full(n_leaves, self.n_trees),
            "target_nodeids": np.flatnonzero(leaf),
            "target_ids": np.full(n_leaves, self.n_trees),
            "target_weights": np.arange(self.n_leaves, self.n_leaves + n_leaves, dtype=np.float32),
        }
        for name, part in names.items():
            self._parts.setdefault(name, []).append(part)
        self.n_leaves += n_leaves
        self.n_nodes += n_nodes
        self.n_trees += 1

    def write(self, graph: Graph, rows: str) -> str:
        attributes: dict[str, Any] = {
            name: np.concatenate(parts).tolist() for name, parts in self._parts.items()
        }
        return graph.node(
            "TreeEnsembleRegressor",
            [rows],
            domain="ai.onnx.ml",
            n_targets=self.n_trees,
            aggregate_function="SUM",
            post_transform="NONE",
            **attributes,
        )


def _single(count: Any) -> Any:
    """Refuse an estimator with several targets; give its one count."""
    if np.ndim(count) or isinstance(count, list):
        message = "several targets"
        raise NotImplementedError(message)
    return count
