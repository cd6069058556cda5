"""Transformers that are a function of numpy: those that `dasier.building.detach` adds, and common others."""

from __future__ import annotations

from typing import Any

import numpy as np
from skl2onnx.common.data_types import StringTensorType

from dasier.building.converters.graph import Graph

_ELEMENTWISE: dict[Any, str] = {
    np.abs: "Abs",
    np.exp: "Exp",
    np.log: "Log",
    np.sqrt: "Sqrt",
    np.sin: "Sin",
    np.cos: "Cos",
    np.tanh: "Tanh",
}


def declare_function(operator: Any) -> None:
    """Declare a matrix of the columns that the function gives."""
    first = operator.inputs[0]
    transformer = operator.raw_operator
    width = len(transformer.kw_args["indices"]) if transformer.func is np.take else first.type.shape[1]
    operator.outputs[0].type = type(first.type)([first.get_first_dimension(), width])


def convert_function(scope: Any, operator: Any, container: Any) -> None:
    """Write the function's nodes; none for a cast to float64, which the graph computes in anyway."""
    graph = Graph(scope, operator, container)
    function, given = graph.estimator.func, graph.inputs[0]
    if function is None or function is np.asarray:
        graph.node("Identity", [given], output=graph.outputs[0])
    elif function is np.take:
        chosen = graph.constant(np.asarray(graph.estimator.kw_args["indices"], dtype=np.int64))
        graph.node("Gather", [given, chosen], output=graph.outputs[0], axis=1)
    elif isinstance(graph.input_types[0], StringTensorType) or graph.estimator.kw_args:
        message = "a FunctionTransformer over strings, or with arguments"
        raise NotImplementedError(message)
    elif function is np.log1p:
        graph.answer(0, graph.node("Log", [graph.node("Add", [given, graph.constant(np.array(1.0))])]))
    elif function in _ELEMENTWISE:
        graph.answer(0, graph.node(_ELEMENTWISE[function], [given]))
    else:
        message = f"a FunctionTransformer over {getattr(function, '__name__', function)}"
        raise NotImplementedError(message)
