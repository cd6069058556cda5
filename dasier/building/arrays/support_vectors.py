"""Support vectors, kernel ridge, label propagation and Gaussian processes as nodes: sums over training rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process._gpc import _BinaryGaussianProcessClassifierLaplace
from sklearn.gaussian_process.kernels import Kernel, KernelOperator, WhiteKernel
from sklearn.kernel_ridge import KernelRidge
from sklearn.semi_supervised import LabelPropagation, LabelSpreading
from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

from dasier.building.arrays.kernels import kernel_named, kernel_of
from dasier.building.arrays.refusing import refused
from dasier.runtimes.arrays.container import Node

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def _summed(points: Any, weights: Any, intercept: Any = 0.0) -> dict[str, NDArray[np.float64]]:
    """Give the arrays of a sum over points: of one output or of several."""
    weights = np.asarray(weights, dtype=np.float64)
    weights = weights.reshape(len(weights), -1)
    if not isinstance(points, np.ndarray):
        raise refused("training rows in a sparse matrix")
    return {
        "points": np.asarray(points, dtype=np.float64),
        "weights": weights,
        "intercept": np.broadcast_to(np.asarray(intercept, dtype=np.float64), weights.shape[1:]),
    }


def _kernel(machine: Any) -> Node:
    return kernel_named(
        machine.kernel,
        gamma=machine._gamma,  # noqa: SLF001 (what "scale" came to)
        added=machine.coef0,
        degree=machine.degree,
    )


def _values(machine: Any, end: str = "value") -> Node:
    if machine._sparse:  # noqa: SLF001 (nothing public tells it)
        raise refused("support vectors of a sparse matrix")
    arrays = _summed(machine.support_vectors_, machine._dual_coef_.T, machine._intercept_)
    return Node("alike", {"end": end}, arrays, (_kernel(machine),))


def _classes(machine: Any) -> Node:
    if machine._sparse:  # noqa: SLF001 (nothing public tells it)
        raise refused("support vectors of a sparse matrix")
    alike, n_classes = _kernel(machine), len(machine.classes_)
    stops = np.cumsum([0, *machine._n_support])  # noqa: SLF001 (rows are sorted by class)
    dual, pairs = machine._dual_coef_, []
    for i in range(n_classes):
        for j in range(i + 1, n_classes):
            weights = np.zeros(len(machine.support_vectors_))
            weights[stops[i] : stops[i + 1]] = dual[j - 1, stops[i] : stops[i + 1]]
            weights[stops[j] : stops[j + 1]] = dual[i, stops[j] : stops[j + 1]]
            pairs.append(weights)
    arrays = _summed(machine.support_vectors_, np.stack(pairs, axis=1), machine._intercept_)
    if machine.probability is True:
        slopes, shifts = machine._probA, machine._probB  # noqa: SLF001 (the public names are on their way out)
        arrays |= {"slopes": np.asarray(slopes), "shifts": np.asarray(shifts)}
    values = {
        "n_classes": n_classes,
        "break_ties": bool(machine.break_ties),
        "one_against_one": machine.decision_function_shape == "ovo",
    }
    return Node("support_vectors", values, arrays, (alike,))


def _ridge(ridge: KernelRidge) -> Node:
    gamma = 1.0 / ridge.n_features_in_ if ridge.gamma is None else ridge.gamma
    if np.ndim(ridge.dual_coef_) > 1 and ridge.dual_coef_.shape[1] > 1:
        raise refused("several targets")
    alike = kernel_named(ridge.kernel, gamma=gamma, added=ridge.coef0, degree=ridge.degree)
    return Node("alike", {"end": "value"}, _summed(ridge.X_fit_, ridge.dual_coef_), (alike,))


def _propagation(estimator: Any) -> Node:
    if estimator.kernel != "rbf":
        raise refused("label propagation with another kernel than rbf")
    alike = kernel_named("rbf", gamma=estimator.gamma, added=0.0, degree=0.0)
    return Node("propagated", {}, _summed(estimator.X_, estimator.label_distributions_), (alike,))


def _process_values(process: GaussianProcessRegressor) -> Node:
    weights = process.alpha_ * process._y_train_std  # noqa: SLF001 (the target's scale)
    arrays = _summed(process.X_train_, weights, process._y_train_mean)  # noqa: SLF001 (as above)
    if arrays["weights"].shape[1] > 1:
        raise refused("several targets")
    return Node("alike", {"end": "value"}, arrays, (kernel_of(process.kernel_),))


def _process_classes(process: Any) -> Node:
    if any(isinstance(part, WhiteKernel) for part in _parts(process.kernel_)):
        raise refused("a Gaussian process of classes with a WhiteKernel")
    arrays = _summed(process.X_train_, process.y_train_ - process.pi_)
    arrays["whitening"] = np.linalg.inv(process.L_) * process.W_sr_
    return Node("process", {}, arrays, (kernel_of(process.kernel_),))


def _parts(kernel: Kernel) -> list[Kernel]:
    if isinstance(kernel, KernelOperator):
        return [*_parts(kernel.k1), *_parts(kernel.k2)]
    return [kernel]


SUPPORT_VECTORS: dict[type, Callable[[Any], Node]] = {
    SVR: _values,
    NuSVR: _values,
    OneClassSVM: lambda machine: _values(machine, "inside_strictly"),
    SVC: _classes,
    NuSVC: _classes,
    KernelRidge: _ridge,
    LabelPropagation: _propagation,
    LabelSpreading: _propagation,
    GaussianProcessRegressor: _process_values,
    _BinaryGaussianProcessClassifierLaplace: _process_classes,
}
