"""Models of nearest neighbours as nodes: their training rows go with them, and the build says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
)

from dasier.building.arrays.refusing import refused
from dasier.runtimes.arrays.container import Node

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_POWERS = {"euclidean": 2.0, "l2": 2.0, "manhattan": 1.0, "cityblock": 1.0, "l1": 1.0, "chebyshev": None}
"""By metric: Minkowski's power, None for infinity."""


def _search(estimator: Any) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Give what a search needs: values and arrays."""
    metric = estimator.effective_metric_
    power = _POWERS.get(metric) if metric != "minkowski" else estimator.effective_metric_params_.get("p")
    if metric not in _POWERS and (
        metric != "minkowski" or estimator.effective_metric_params_.get("w") is not None
    ):
        raise refused(f"neighbours by the metric {metric}")
    points = estimator._fit_X  # noqa: SLF001 (nothing public holds the rows)
    method = estimator._fit_method  # noqa: SLF001 (what "auto" came to)
    if method == "ball_tree":  # only somebody who asks for it gets one, and ties are broken in its order
        raise refused("neighbours by a ball tree")
    whole = isinstance(points, np.ndarray) and points.dtype.kind == "i" and method == "brute" and power == 2
    if not whole and (not isinstance(points, np.ndarray) or points.dtype != np.float64):
        raise refused("neighbours among rows that are not float64")
    arrays: dict[str, NDArray[Any]] = {"points": np.asarray(points, dtype=np.float64)}
    if method == "kd_tree":
        _, order, nodes, boxes = map(np.asarray, estimator._tree.get_arrays())  # noqa: SLF001 (as above)
        told = [nodes[name].astype(np.int64) for name in ("idx_start", "idx_end", "is_leaf")]
        arrays |= {"order": order.astype(np.int64), "nodes": np.stack(told, axis=1), "boxes": boxes}
    by_product = method == "brute" and power == 2
    # Among whole numbers scikit-learn leaves ties to numpy's partition, as a node that is not replayed does.
    values = {"p": None if power is None else float(power), "by_product": by_product, "replayed": not whole}
    return values, arrays


def nearest_of(centres: Any, *, whole: bool) -> Node:
    """Give the node of what answers with the nearest of some points.

    Parameters
    ----------
    centres : shape (n_points, d)
    whole
        Whether scikit-learn ranks them by whole distances, or leaves out the row's own size.
    """
    centres = np.asarray(centres, dtype=np.float64)
    if not centres.size:
        raise refused("clusters without a centre")
    return Node("centres", {"whole": whole}, {"centres": centres})


def _by_distance(estimator: Any) -> dict[str, Any]:
    if estimator.weights not in ("uniform", "distance", None):
        raise refused("neighbours with weights of somebody's own")
    return {"by_distance": estimator.weights == "distance"}


def _classes(estimator: Any) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    if estimator.outputs_2d_:
        raise refused("several targets")
    labels = np.asarray(estimator._y, dtype=np.int64)  # noqa: SLF001 (positions of the rows' classes)
    return {"n_classes": len(estimator.classes_)}, {"labels": labels}


def _targets(estimator: Any) -> dict[str, NDArray[Any]]:
    targets = np.asarray(estimator._y, dtype=np.float64)  # noqa: SLF001 (the rows' targets)
    if targets.ndim > 1 and targets.shape[1] > 1:
        raise refused("several targets")
    return {"targets": targets.ravel()}


def _k_classes(estimator: Any) -> Node:
    values, arrays = _search(estimator)
    told, labels = _classes(estimator)
    values |= told | _by_distance(estimator) | {"k": int(estimator.n_neighbors)}
    return Node("nearest_classes", values, arrays | labels)


def _k_values(estimator: Any) -> Node:
    values, arrays = _search(estimator)
    values |= _by_distance(estimator) | {"k": int(estimator.n_neighbors)}
    return Node("nearest_values", values, arrays | _targets(estimator))


def _classes_around(estimator: Any) -> Node:
    values, arrays = _search(estimator)
    told, labels = _classes(estimator)
    lonely = None
    if estimator.outlier_label_ is not None:
        found = np.flatnonzero(estimator.classes_ == estimator.outlier_label_[0])
        if len(found) != 1:
            raise refused("a label for outliers that is no class")
        lonely = int(found[0])
    arrays = {"points": arrays["points"]}
    values |= told | _by_distance(estimator) | {"radius": float(estimator.radius), "lonely": lonely}
    return Node("classes_around", values, arrays | labels)


def _values_around(estimator: Any) -> Node:
    values, arrays = _search(estimator)
    values |= _by_distance(estimator) | {"radius": float(estimator.radius)}
    return Node("values_around", values, {"points": arrays["points"]} | _targets(estimator))


def _outliers(estimator: LocalOutlierFactor) -> Node:
    if not estimator.novelty:
        raise refused("a LocalOutlierFactor without novelty, which judges no new row")
    values, arrays = _search(estimator)
    k = int(estimator.n_neighbors_)
    arrays |= {
        "reach": np.array(estimator._distances_fit_X_[:, k - 1]),
        "density": np.asarray(estimator._lrd, dtype=np.float64),  # noqa: SLF001 (nothing public holds it)
    }
    return Node("local_outliers", values | {"k": k, "offset": float(estimator.offset_)}, arrays)


NEIGHBOURS: dict[type, Callable[[Any], Node]] = {
    KNeighborsClassifier: _k_classes,
    KNeighborsRegressor: _k_values,
    RadiusNeighborsClassifier: _classes_around,
    RadiusNeighborsRegressor: _values_around,
    LocalOutlierFactor: _outliers,
}
