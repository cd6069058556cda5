"""Writing ONNX nodes by hand: what every converter of ours uses.

skl2onnx hands a converter its scope, operator and container; `Graph` puts a short notation on
them. All arithmetic is float64, as in scikit-learn. A comparison with a tree's threshold is
not: see `dasier.building.converters.trees`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike


class Graph:
    """The nodes of one operator, written under names that are unique in the model."""

    def __init__(self, scope: Any, operator: Any, container: Any) -> None:
        self._scope, self._container = scope, container
        self.estimator = operator.raw_operator
        self.inputs: list[str] = [variable.full_name for variable in operator.inputs]
        self.input_types = [variable.type for variable in operator.inputs]
        self.outputs: list[str] = [variable.full_name for variable in operator.outputs]
        self.output_types = [variable.type for variable in operator.outputs]

    def constant(self, value: ArrayLike) -> str:
        """Give the name of a constant tensor of float64, float32, int64, bool or strings."""
        array = np.asarray(value)
        name = self._name("constant")
        if array.dtype.kind in "OUS":
            encoded = [str(text).encode() for text in array.ravel()]
            self._container.add_initializer(name, TensorProto.STRING, array.shape, encoded)
        else:
            tensor = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape))
            self._container.add_initializer(name, None, None, tensor)
        return name

    def node(
        self,
        kind: str,
        inputs: Sequence[str],
        *,
        output: str | None = None,
        domain: str = "",
        **attributes: Any,
    ) -> str:
        """Write one node with one output; give the output's name (`output`, or a new one)."""
        result = output or self._name(kind.lower())
        operator_name = self._scope.get_unique_operator_name(kind)
        self._container.add_node(
            kind, list(inputs), [result], op_domain=domain, name=operator_name, **attributes
        )
        return result

    def answer(self, position: int, name: str) -> None:
        """Make a tensor the operator's output at that position, in the type that was declared for it."""
        declared = self.output_types[position].to_onnx_type().tensor_type.elem_type
        self.node("Cast", [name], output=self.outputs[position], to=declared)

    def column_slice(self, name: str, position: int) -> str:
        """Give one column of a matrix as shape (n, 1)."""
        return self.node("Gather", [name, self.constant(np.array([position]))], axis=1)

    def rows_first(self, name: str, *shape: int) -> str:
        """Give a tensor in the shape (n, *shape)."""
        return self.node("Reshape", [name, self.constant(np.array([-1, *shape]))])

    def _name(self, seed: str) -> str:
        return str(self._scope.get_unique_variable_name(seed))
