"""The runtime for what answers sooner as a graph: ONNX, executed by onnxruntime.

No scikit-learn, no unpickling, microseconds a row; but more to import than `dasier.runtimes.arrays` has. What the graph's inputs and outputs mean is
said in `dasier.building.export`, which writes them.

One thread: a Lambda has one core, and a server gives each worker one; a pool of threads would
cost more than the few microseconds that a row takes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.runtimes import Outputs, classes_of

# onnxruntime reads it when it is imported. Without it, a release with telemetry writes an identity of the
# machine and a database below the home folder, and a file into the folder for temporary ones.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dasier.rows import Rows
    from dasier.schema import Schema

NULL_TEXT = "\ue000null"
"""What stands for a null in a tensor of strings; `dasier.building.converters` looks for it.

It starts with a character for private use, which no keyboard writes.
"""

SINGLE = "dasier.single"
"""The property of a graph whose trees compare in float32: what that cannot hold is refused, as scikit-learn does."""

_LARGEST_SINGLE = float(np.finfo(np.float32).max)
_DTYPES = {"tensor(double)": np.float64, "tensor(float)": np.float32}


def load(blob: bytes, schema: Schema) -> OnnxModel:
    """Give a model from a graph's verified bytes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4  # what goes wrong is raised; it need not be printed as well
    session = onnxruntime.InferenceSession(blob, options, providers=["CPUExecutionProvider"])
    return OnnxModel(session, schema)


def requirements() -> dict[str, str]:
    """Give the installed version of what executes a graph."""
    return {"onnxruntime": onnxruntime.__version__}


def compatible(library: str, *, built_with: str, installed: str) -> bool:
    """Say whether a graph proved on one onnxruntime may run on another: the same release series or a later one.

    onnxruntime reads every older graph; golden records tell whether it still answers the same. Of a version that is no
    number nothing is known.
    """
    del library
    proved_on = _series(built_with)
    return bool(proved_on) and _series(installed) >= proved_on


def _series(version: str) -> tuple[int, ...]:
    """Give major and minor; nothing for a version that is no number."""
    parts = version.split(".")[:2]
    return tuple(map(int, parts)) if all(part.isdigit() for part in parts) else ()


class OnnxModel:
    """A graph with its session."""

    def __init__(self, session: Any, schema: Schema) -> None:
        inputs = {given.name: given.type for given in session.get_inputs()}
        self._run = session.run
        self._names = [output.name for output in session.get_outputs()]
        self._number_type = _DTYPES.get(inputs.get("numbers", ""))
        told = session.get_modelmeta().custom_metadata_map
        self._single = self._number_type is np.float32 or SINGLE in told
        self._has_texts = "texts" in inputs
        self._is_regression = schema.output.task == "regression"
        self._classes = classes_of(schema)

    def predict(self, rows: Rows) -> Outputs:
        """Answer every row, in order.

        Raises
        ------
        ValueError
            For a number that is too large for float32, where the graph computes in it.
        """
        if self._single and (np.abs(rows.numbers) > _LARGEST_SINGLE).any():
            message = "Input contains a value too large for dtype('float32')."
            raise ValueError(message)
        feeds: dict[str, NDArray[Any]] = {}
        if self._number_type is not None:
            feeds["numbers"] = rows.numbers.astype(self._number_type, copy=False)
        if self._has_texts:
            feeds["texts"] = _without_nulls(rows.texts)
        found = dict(zip(self._names, self._run(self._names, feeds), strict=True))
        if "label" in found:
            probabilities = found.get("probabilities")
            if probabilities is not None:
                probabilities = probabilities.astype(np.float64, copy=False)
            return Outputs(self._classes[found["label"].ravel()], probabilities)
        prediction = found["prediction"].ravel()
        if self._is_regression:
            return Outputs(prediction.astype(np.float64, copy=False))
        scores = found.get("scores")
        if scores is None:
            return Outputs(prediction)
        return Outputs(prediction, scores=scores.ravel().astype(np.float64, copy=False))


def _without_nulls(texts: NDArray[np.object_]) -> NDArray[np.object_]:
    """Give the strings with a word in place of each null."""
    nulls = texts != texts  # noqa: PLR0124 (only NaN differs from itself)
    if not nulls.any():
        return texts
    filled = texts.copy()
    filled[nulls] = NULL_TEXT
    return filled
