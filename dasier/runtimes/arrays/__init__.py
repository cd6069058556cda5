"""The lightest runtime: a pipeline's fitted numbers as plain arrays, evaluated by numpy alone.

It needs nothing that the service does not import anyway, so that it starts fastest, and computes in float64
with scikit-learn's operations in scikit-learn's order. `dasier.building.arrays` writes what is
read here, and `dasier.building.parity` proves that it answers as the estimator does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dasier.errors import DocumentInvalid
from dasier.runtimes import Outputs, classes_of
from dasier.runtimes.arrays.answers import joined
from dasier.runtimes.arrays.container import unpack
from dasier.runtimes.arrays.evaluators import evaluator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dasier.rows import Rows
    from dasier.runtimes.arrays.answers import Answer
    from dasier.runtimes.arrays.container import Node
    from dasier.schema import Schema


_ROWS_AT_ONCE = 20_000
"""What is held for each row may be hundreds of times its size: a vote of each of a hundred models for each class."""


def load(blob: bytes, schema: Schema) -> ArraysModel:
    """Give a model from verified bytes.

    Raises
    ------
    FormatUnknown
        If a later release of DASIER wrote them.
    DocumentInvalid
        If they are not what they should be.
    """
    root = unpack(blob)
    try:
        return ArraysModel(root, schema)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise DocumentInvalid(f"blob of arrays ({error})") from error


def requirements() -> dict[str, str]:
    """Give the installed version of what evaluates arrays."""
    return {"numpy": np.__version__}


def compatible(library: str, *, built_with: str, installed: str) -> bool:
    """Say whether arrays proved on one numpy may be evaluated by another: of the same major version.

    Only arithmetic is asked of it; golden records tell whether it still answers the same.
    """
    del library
    return built_with.partition(".")[0] == installed.partition(".")[0]


class ArraysModel:
    """The function that the arrays stand for."""

    def __init__(self, root: Node, schema: Schema) -> None:
        self._answer = evaluator(root)
        self._classes = classes_of(schema)
        self._has_numbers, self._has_texts = bool(schema.number_columns), bool(schema.text_columns)
        self._is_classification = schema.output.task == "classification"
        self._gives_scores = schema.output.task == "anomaly_detection"

    def predict(self, rows: Rows) -> Outputs:
        """Answer every row, in order.

        Raises
        ------
        ValueError
            As the estimator does, for a row that it was not made for.
        """
        with np.errstate(all="ignore"):
            parts = [
                self._answered(
                    rows.numbers[start : start + _ROWS_AT_ONCE], rows.texts[start : start + _ROWS_AT_ONCE]
                )
                for start in range(0, max(1, len(rows)), _ROWS_AT_ONCE)
            ]
        found = parts[0] if len(parts) == 1 else joined(parts)
        if self._is_classification:
            return Outputs(self._classes[found.answer], found.probabilities)
        return Outputs(found.answer, scores=found.scores if self._gives_scores else None)

    def _answered(self, numbers: NDArray[np.float64], texts: NDArray[np.object_]) -> Answer:
        if self._has_numbers and self._has_texts:
            answer: Answer = self._answer((numbers, texts))
        else:
            answer = self._answer(numbers if self._has_numbers else texts)
        return answer
