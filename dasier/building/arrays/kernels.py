"""Kernels as nodes: of support vectors, of kernel ridge, of Gaussian processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.gaussian_process import kernels

from dasier.building.arrays.refusing import refused
from dasier.runtimes.arrays.container import Node

if TYPE_CHECKING:
    from collections.abc import Callable


def kernel_named(name: Any, *, gamma: Any, added: Any, degree: Any) -> Node:
    """Give one of those that estimators name; a function of somebody's own is refused."""
    if not isinstance(name, str) or name not in _NAMED:
        raise refused(f"the kernel {name if isinstance(name, str) else 'of somebody’s own'}")
    kind, parameters = _NAMED[name]
    told = {"gamma": gamma, "added": added, "degree": degree}
    return Node(kind, {parameter: float(told[parameter]) for parameter in parameters})


_NAMED: dict[str, tuple[str, tuple[str, ...]]] = {
    "linear": ("kernel_linear", ()),
    "poly": ("kernel_polynomial", ("gamma", "added", "degree")),
    "polynomial": ("kernel_polynomial", ("gamma", "added", "degree")),
    "rbf": ("kernel_radial", ("gamma",)),
    "sigmoid": ("kernel_sigmoid", ("gamma", "added")),
    "laplacian": ("kernel_laplacian", ("gamma",)),
}


def kernel_of(kernel: Any) -> Node:
    """Give a Gaussian process's fitted kernel."""
    kind = type(kernel)
    if kind not in _PROCESS:
        raise refused(f"the kernel {kind.__name__}")
    return _PROCESS[kind](kernel)


def _length(kernel: Any) -> dict[str, Any]:
    return {"length": np.atleast_1d(np.asarray(kernel.length_scale, dtype=np.float64))}


def _matern(kernel: Any) -> Node:
    if kernel.nu == np.inf:
        return Node("kernel_scaled_radial", {}, _length(kernel))
    if kernel.nu not in (0.5, 1.5, 2.5):
        raise refused(f"a Matérn kernel with nu {kernel.nu}")
    return Node("kernel_matern", {"smoothness": float(kernel.nu)}, _length(kernel))


_PROCESS: dict[type, Callable[[Any], Node]] = {
    kernels.RBF: lambda one: Node("kernel_scaled_radial", {}, _length(one)),
    kernels.Matern: _matern,
    kernels.ConstantKernel: lambda one: Node("kernel_constant", {"value": float(one.constant_value)}),
    kernels.WhiteKernel: lambda _: Node("kernel_constant", {"value": 0.0}),  # between different rows
    kernels.DotProduct: lambda one: Node("kernel_dots", {"added": float(one.sigma_0) ** 2}),
    kernels.RationalQuadratic: lambda one: Node(
        "kernel_rational", {"alpha": float(one.alpha), "length": float(one.length_scale)}
    ),
    kernels.Sum: lambda one: Node("kernel_sum", parts=(kernel_of(one.k1), kernel_of(one.k2))),
    kernels.Product: lambda one: Node("kernel_product", parts=(kernel_of(one.k1), kernel_of(one.k2))),
}
