"""The runtime of last resort: the fitted estimator itself, unpickled.

For what no converter reaches. The blob is a plain pickle of protocol 5: it was measured to load
3 to 7 times faster than joblib's file (which DESIGN.md names), since an estimator is thousands of small
arrays and joblib frames each; mapping them into memory is slower still. Unpickling executes what
the bytes say: `dasier.runtimes.load` is only ever given bytes whose signature was verified.

scikit-learn is imported inside `load`, by what is unpickled, and nowhere else.
"""

from __future__ import annotations

import pickle
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.runtimes import Outputs

if TYPE_CHECKING:
    from dasier.rows import Rows
    from dasier.schema import Schema


def load(blob: bytes, schema: Schema) -> SklearnModel:
    """Give a model from a pickle's verified bytes."""
    return SklearnModel(pickle.loads(blob), schema)  # noqa: S301 (verified by the caller)


def dump(estimator: Any) -> bytes:
    """Give the bytes that `load` reads, from an estimator that was detached (`dasier.building.detach`)."""
    return pickle.dumps(estimator, protocol=5)


def requirements() -> dict[str, str]:
    """Give the installed version of each library that a pickle depends on."""
    return {library: version(library) for library in ("scikit-learn", "numpy")}


def compatible(library: str, *, built_with: str, installed: str) -> bool:
    """Say whether a pickle may be loaded: scikit-learn exactly as built, numpy of the same major version.

    scikit-learn promises nothing between versions ("Model persistence" in its user guide); numpy
    reads its own arrays across minor versions.
    """
    if library == "numpy":
        return built_with.partition(".")[0] == installed.partition(".")[0]
    return built_with == installed


class SklearnModel:
    """An estimator that takes arrays."""

    def __init__(self, estimator: Any, schema: Schema) -> None:
        # Here, not at the top: whoever names this runtime pays for the import, and only when it loads.
        from sklearn import config_context  # noqa: PLC0415

        self._estimator = estimator
        self._task = schema.output.task
        self._gives_probabilities = schema.output.probabilities
        self._config_context = config_context
        # Rows are finite by validation. Where one may hold a null, an estimator that takes none must still say so.
        self._skip_checks = not any(column.nullable for column in schema.columns)

    def predict(self, rows: Rows) -> Outputs:
        """Answer every row, in order."""
        matrix = rows.matrix()
        estimator = self._estimator
        with self._config_context(assume_finite=self._skip_checks):
            if self._task == "regression":
                return Outputs(np.asarray(estimator.predict(matrix), dtype=np.float64).ravel())
            predictions = np.asarray(estimator.predict(matrix))
            if self._task == "classification" and self._gives_probabilities:
                return Outputs(predictions, np.asarray(estimator.predict_proba(matrix), dtype=np.float64))
            if self._task == "anomaly_detection" and hasattr(estimator, "decision_function"):
                scores = np.asarray(estimator.decision_function(matrix), dtype=np.float64)
                return Outputs(predictions, scores=scores.ravel())
            return Outputs(predictions)
