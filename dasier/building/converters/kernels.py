"""Support vector machines in ONNX in float64: the operators of ONNX itself round to float32.

The classifier with a kernel is left to skl2onnx: its votes and its probabilities, which libsvm
iterates towards, stay within the bound.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dasier.building.converters.graph import Graph


def convert_svr(scope: Any, operator: Any, container: Any) -> None:
    """Write a support vector regressor: kernel values times dual coefficients, plus the intercept."""
    graph = Graph(scope, operator, container)
    graph.answer(0, _decision(graph))


def convert_one_class_svm(scope: Any, operator: Any, container: Any) -> None:
    """Write a one-class machine: the decision, and 1 where it is above zero, else -1."""
    graph = Graph(scope, operator, container)
    scores = _decision(graph)
    inlier = graph.node("Greater", [scores, graph.constant(np.array(0.0))])
    graph.answer(0, graph.node("Where", [inlier, graph.constant(np.array(1)), graph.constant(np.array(-1))]))
    graph.answer(1, scores)


def convert_linear_svc(scope: Any, operator: Any, container: Any) -> None:
    """Write a linear support vector classifier: the class with the largest margin."""
    graph = Graph(scope, operator, container)
    machine = graph.estimator
    product = graph.node("MatMul", [graph.inputs[0], graph.constant(np.asarray(machine.coef_).T)])
    intercept = np.broadcast_to(machine.intercept_, len(machine.coef_))
    margins = graph.node("Add", [product, graph.constant(intercept)])
    if len(machine.coef_) == 1:
        label = graph.node("Greater", [margins, graph.constant(np.array(0.0))])
        label = graph.node("Reshape", [label, graph.constant(np.array([-1]))])
        # skl2onnx's calibration reads one margin a class.
        margins = graph.node("Concat", [graph.node("Neg", [margins]), margins], axis=1)
    else:
        label = graph.node("ArgMax", [margins], axis=1, keepdims=0)
    graph.answer(0, label)
    graph.answer(1, margins)


def _decision(graph: Graph) -> str:
    """Write the decision function, shape (n, 1)."""
    machine = graph.estimator
    coefficients = graph.constant(np.asarray(machine.dual_coef_, dtype=np.float64).T)
    intercept = graph.constant(np.asarray(machine.intercept_, dtype=np.float64))
    return graph.node("Add", [graph.node("MatMul", [_kernel(graph), coefficients]), intercept])


def _kernel(graph: Graph) -> str:
    """Write the kernel between rows and support vectors, shape (n, n_support)."""
    machine = graph.estimator
    if not isinstance(machine.kernel, str) or machine.kernel not in {"linear", "poly", "rbf", "sigmoid"}:
        message = f"kernel {machine.kernel!r}"
        raise NotImplementedError(message)
    rows, vectors = graph.inputs[0], np.asarray(machine.support_vectors_, dtype=np.float64)
    if machine.kernel == "rbf":
        # Differences, not the expanded square: that one loses digits where row and vector are close.
        stretched = graph.node("Unsqueeze", [rows, graph.constant(np.array([1]))])
        differences = graph.node("Sub", [stretched, graph.constant(vectors[np.newaxis])])
        squares = graph.node("ReduceSumSquare", [differences, graph.constant(np.array([2]))], keepdims=0)
        return graph.node("Exp", [graph.node("Mul", [squares, graph.constant(np.array(-machine._gamma))])])  # noqa: SLF001
    product = graph.node("MatMul", [rows, graph.constant(vectors.T)])
    if machine.kernel == "linear":
        return product
    scaled = graph.node("Mul", [product, graph.constant(np.array(float(machine._gamma)))])  # noqa: SLF001
    shifted = graph.node("Add", [scaled, graph.constant(np.array(float(machine.coef0)))])
    if machine.kernel == "sigmoid":
        return graph.node("Tanh", [shifted])
    return graph.node("Pow", [shifted, graph.constant(np.array(float(machine.degree)))])
