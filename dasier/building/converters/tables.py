"""Encoders and imputers in ONNX that treat nulls and unseen categories as scikit-learn does.

An encoder is written as what it is once fitted: a table with a row for each category and one for
everything else. The rows are asked of the fitted encoder itself, so that dropped, infrequent and
missing categories need no second implementation here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto
from skl2onnx.common.data_types import DoubleTensorType, StringTensorType

from dasier.building.converters.graph import Graph
from dasier.runtimes.onnx import NULL_TEXT

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UNSEEN_TEXT = "\ue000unseen"
_UNSEEN_NUMBER = -1.2345678901234567e300
"""Values that no category has: what an encoder says of them it says of every unseen one."""


def declare_encoder(operator: Any) -> None:
    """Declare a float64 matrix with the encoder's columns."""
    n = operator.inputs[0].get_first_dimension()
    width = sum(table.shape[1] for table, _ in _tables(operator.raw_operator))
    operator.outputs[0].type = DoubleTensorType([n, width])


def convert_encoder(scope: Any, operator: Any, container: Any) -> None:
    """Write a one-hot or ordinal encoder: a category's position, then its row of a table."""
    graph = Graph(scope, operator, container)
    parts: list[str] = []
    for (column, is_text), (table, categories) in zip(_columns(graph), _tables(graph.estimator), strict=True):
        position = (_text_position if is_text else _number_position)(graph, column, categories)
        position = graph.node("Reshape", [position, graph.constant(np.array([-1]))])
        parts.append(graph.node("Gather", [graph.constant(table), position], axis=0))
    graph.answer(0, graph.node("Concat", parts, axis=1))


def declare_imputer(operator: Any) -> None:
    """Declare a matrix of the inputs' type with the imputer's columns."""
    imputer = operator.raw_operator
    kept = _kept(imputer)
    width = int(kept.sum())
    if imputer.indicator_ is not None:
        width += len(imputer.indicator_.features_)
    n = operator.inputs[0].get_first_dimension()
    is_text = isinstance(operator.inputs[0].type, StringTensorType)
    operator.outputs[0].type = (StringTensorType if is_text else DoubleTensorType)([n, width])


def convert_imputer(scope: Any, operator: Any, container: Any) -> None:
    """Write a simple imputer: its statistics wherever a value is missing."""
    graph = Graph(scope, operator, container)
    imputer = graph.estimator
    is_text = isinstance(graph.input_types[0], StringTensorType)
    if any(isinstance(kind, StringTensorType) is not is_text for kind in graph.input_types):
        message = "an imputer over numbers and strings at once"
        raise NotImplementedError(message)
    matrix = graph.inputs[0] if len(graph.inputs) == 1 else graph.node("Concat", graph.inputs, axis=1)
    if not is_text:
        matrix = graph.node("Cast", [matrix], to=TensorProto.DOUBLE)
    missing = _missing(graph, matrix, imputer.missing_values, is_text=is_text)
    kept = np.flatnonzero(_kept(imputer))
    statistics = imputer.statistics_[kept]
    fill = statistics if is_text else statistics.astype(np.float64)
    wanted = graph.constant(kept)
    filled = graph.node(
        "Where",
        [
            graph.node("Gather", [missing, wanted], axis=1),
            graph.constant(fill[np.newaxis]),
            graph.node("Gather", [matrix, wanted], axis=1),
        ],
    )
    if imputer.indicator_ is None:
        graph.node("Identity", [filled], output=graph.outputs[0])
        return
    if is_text:
        message = "an imputer of strings that also tells what was missing"
        raise NotImplementedError(message)
    flags = graph.node("Gather", [missing, graph.constant(imputer.indicator_.features_)], axis=1)
    flags = graph.node("Cast", [flags], to=TensorProto.DOUBLE)
    graph.node("Concat", [filled, flags], output=graph.outputs[0], axis=1)


def _kept(imputer: Any) -> NDArray[np.bool_]:
    """Tell which columns the imputer keeps: not those that were empty in training."""
    statistics = imputer.statistics_
    if imputer.keep_empty_features:
        return np.ones(len(statistics), dtype=bool)
    return np.array([value == value for value in statistics])  # noqa: PLR0124 (only NaN differs from itself)


def _missing(graph: Graph, matrix: str, marker: Any, *, is_text: bool) -> str:
    if is_text:
        word = NULL_TEXT if marker is None or marker != marker else str(marker)  # noqa: PLR0124
        found = graph.node(
            "LabelEncoder",
            [matrix],
            domain="ai.onnx.ml",
            keys_strings=[word],
            values_int64s=[1],
            default_int64=0,
        )
        return graph.node("Cast", [found], to=TensorProto.BOOL)
    if isinstance(marker, float) and np.isnan(marker):
        return graph.node("IsNaN", [matrix])
    return graph.node("Equal", [matrix, graph.constant(np.array(float(marker)))])


def _columns(graph: Graph) -> list[tuple[str, bool]]:
    """Give every column of the inputs as shape (n, 1), and whether it holds strings."""
    columns = []
    for name, kind in zip(graph.inputs, graph.input_types, strict=True):
        is_text = isinstance(kind, StringTensorType)
        width = kind.shape[1]
        columns += [
            (graph.column_slice(name, position) if width != 1 else name, is_text) for position in range(width)
        ]
    return columns


def _text_position(graph: Graph, column: str, categories: NDArray[Any]) -> str:
    keys = [NULL_TEXT if isinstance(category, float) else str(category) for category in categories]  # NaN
    return graph.node(
        "LabelEncoder",
        [column],
        domain="ai.onnx.ml",
        keys_strings=keys,
        values_int64s=list(range(len(keys))),
        default_int64=len(keys),
    )


def _number_position(graph: Graph, column: str, categories: NDArray[Any]) -> str:
    """Write the first category that a number equals (NaN equals NaN); past the last if there is none."""
    known = np.asarray(categories, dtype=np.float64)
    column = graph.node("Cast", [column], to=TensorProto.DOUBLE)
    equal = graph.node("Equal", [column, graph.constant(known[np.newaxis])])
    if np.isnan(known).any():
        same = graph.node("And", [graph.node("IsNaN", [column]), graph.constant(np.isnan(known)[np.newaxis])])
        equal = graph.node("Or", [equal, same])
    scores = graph.node("Cast", [equal], to=TensorProto.FLOAT)
    padded = graph.node(
        "Pad",
        [scores, graph.constant(np.array([0, 0, 0, 1])), graph.constant(np.array(0.5, dtype=np.float32))],
    )
    return graph.node("ArgMax", [padded], axis=1, keepdims=1)


def _tables(encoder: Any) -> list[tuple[NDArray[np.float64], NDArray[Any]]]:
    """Ask the fitted encoder what it says of every category of each column, and of an unseen one.

    Returns
    -------
    list of (table, categories)
        One a column; a table is float64, shape (n_categories + 1, width), its last row for the unseen.
    """
    if encoder.handle_unknown == "error":
        message = "an encoder that raises on unseen categories; set its handle_unknown"
        raise NotImplementedError(message)
    known = [np.asarray(categories, dtype=object) for categories in encoder.categories_]
    unseen = [_unseen(categories) for categories in known]
    rows = [list(unseen)]
    for position, categories in enumerate(known):
        rows += [[*unseen[:position], category, *unseen[position + 1 :]] for category in categories]
    encoded = encoder.transform(np.array(rows, dtype=object))
    said = np.asarray(encoded.todense() if hasattr(encoded, "todense") else encoded, dtype=np.float64)
    tables, start, left = [], 1, 0
    for categories, width in zip(known, _widths(encoder), strict=True):
        of_column = said[[*range(start, start + len(categories)), 0], left : left + width]
        tables.append((of_column, categories))
        start, left = start + len(categories), left + width
    return tables


def _unseen(categories: NDArray[Any]) -> Any:
    is_text = any(isinstance(category, str) for category in categories)
    return _UNSEEN_TEXT if is_text else _UNSEEN_NUMBER


def _widths(encoder: Any) -> list[int]:
    """Give how many columns each column becomes."""
    if hasattr(encoder, "drop_idx_"):
        return [int(width) for width in encoder._n_features_outs]  # noqa: SLF001 (told nowhere else)
    return [1] * len(encoder.categories_)
