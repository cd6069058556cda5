"""The runtime of last resort: the fitted estimator itself, unpickled.

For what neither arrays nor a graph were proved to answer alike. The blob is a plain pickle of protocol 5: it was measured to load
3 to 7 times faster than joblib’s file, since an estimator is thousands of small
arrays and joblib frames each; mapping them into memory is slower still. Unpickling executes what
the bytes say: `dasier.runtimes.load` is only ever given bytes whose signature was verified.

scikit-learn is imported inside `load` and `load_lazily`, by what is unpickled, and nowhere else. The second puts
off what is in `UNUSED`, a quarter of the time of the first; the manifest says which of the two a version was
rehearsed with.
"""

from __future__ import annotations

import io
import pickle
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.deferring import deferring, found, run_all
from dasier.runtimes import Outputs

if TYPE_CHECKING:
    from dasier.rows import Rows
    from dasier.schema import Schema


UNUSED = frozenset(
    """
    joblib joblib._parallel_backends joblib.externals.loky joblib.memory joblib.numpy_pickle
    narwhals narwhals.stable narwhals.stable.v2 numpy.f2py numpy.testing
    scipy.constants scipy.fft scipy.integrate scipy.interpolate scipy.linalg scipy.ndimage scipy.optimize
    scipy.sparse.csgraph scipy.sparse.linalg scipy.spatial scipy.spatial.distance scipy.special scipy.stats
    sklearn.callback sklearn.cluster sklearn.compose sklearn.covariance sklearn.datasets sklearn.decomposition
    sklearn.discriminant_analysis sklearn.ensemble sklearn.feature_extraction sklearn.feature_selection sklearn.impute
    sklearn.inspection sklearn.isotonic sklearn.kernel_approximation sklearn.linear_model sklearn.manifold
    sklearn.metrics sklearn.metrics.cluster sklearn.metrics.pairwise sklearn.mixture sklearn.model_selection
    sklearn.multiclass sklearn.naive_bayes sklearn.neighbors sklearn.pipeline sklearn.preprocessing
    sklearn.random_projection sklearn.svm sklearn.tree
    sklearn.utils._param_validation sklearn.utils._repr_html sklearn.utils.parallel
    """.split()  # noqa: SIM905 (to be read)
)
"""What scikit-learn imports and most answers never touch; an estimator that does has it run then.

Of a package only its own body is put off, which imports its every module. A name that a release of
scikit-learn does not have costs nothing, one that is missing costs time: a test tells both.
"""


def load(blob: bytes, schema: Schema) -> SklearnModel:
    """Give a model from a pickle's verified bytes; nothing is put off any more, whatever was before."""
    run_all()
    return SklearnModel(pickle.loads(blob), schema)  # noqa: S301 (verified by the caller)


def load_lazily(blob: bytes, schema: Schema) -> SklearnModel:
    """Give a model from a pickle's verified bytes, putting off the bodies of the modules in `UNUSED`."""
    with deferring(UNUSED):
        return SklearnModel(_Unpickler(io.BytesIO(blob)).load(), schema)


def import_library(*, lazily: bool) -> None:
    """Import what models of this runtime have in common: whoever measures one alone does so first."""
    if lazily:
        with deferring(UNUSED):
            import sklearn.utils.validation  # noqa: PLC0415
    else:
        import sklearn.ensemble  # noqa: F401, PLC0415


class _Unpickler(pickle.Unpickler):
    """Loads an estimator of classes, not of what stands for them while imports are put off."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        return found(super().find_class(module_name, global_name))


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


_LABEL_BY_PROBABILITY = frozenset(
    {
        "BaggingClassifier",
        "DecisionTreeClassifier",
        "ExtraTreeClassifier",
        "ExtraTreesClassifier",
        "HistGradientBoostingClassifier",
        "KNeighborsClassifier",
        "RandomForestClassifier",
    }
)
"""Classifiers whose `predict` is the class of their largest probability: asking once is half the work.

As for everything else, the proof of parity compares with `predict` itself.
"""


class SklearnModel:
    """An estimator that takes arrays."""

    def __init__(self, estimator: Any, schema: Schema) -> None:
        # Here, not at the top: whoever names this runtime pays for the import, and only when it loads.
        import sklearn.utils._openmp_helpers  # noqa: F401, PLC0415 (or its threads would come after their controller)
        from sklearn import config_context  # noqa: PLC0415
        from threadpoolctl import ThreadpoolController  # noqa: PLC0415

        self._estimator = estimator
        self._task = schema.output.task
        self._gives_probabilities = self._task == "classification" and schema.output.probabilities
        self._gives_scores = self._task == "anomaly_detection" and hasattr(estimator, "decision_function")
        last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
        self._asks_once = self._gives_probabilities and type(last).__name__ in _LABEL_BY_PROBABILITY
        self._config_context = config_context
        # OpenMP's threads spin while they wait for each other: on a busy machine a row of histogram-based
        # boosting was measured at 109 ms (median) and 2 s (worst) with two, 12 and 59 with one. Their
        # number belongs to the calling thread, hence each time; it costs 10 µs.
        self._limit = ThreadpoolController().select(user_api="openmp").limit
        # Rows are finite by validation. Where one may hold a null, an estimator that takes none must still say so.
        self._skip_checks = not any(column.nullable for column in schema.columns)

    def predict(self, rows: Rows) -> Outputs:
        """Answer every row, in order.

        Raises
        ------
        ValueError
            As the estimator does, for a row that it was not made for: a category that its encoder never saw, say.
        """
        matrix = rows.matrix()
        estimator = self._estimator
        with (
            self._config_context(assume_finite=self._skip_checks, skip_parameter_validation=True),
            self._limit(limits=1),
        ):
            if self._gives_probabilities:
                probabilities = np.asarray(estimator.predict_proba(matrix), dtype=np.float64)
                if self._asks_once:
                    return Outputs(estimator.classes_[probabilities.argmax(axis=1)], probabilities)
                return Outputs(np.asarray(estimator.predict(matrix)), probabilities)
            predictions = np.asarray(estimator.predict(matrix))
            if self._task == "regression":
                return Outputs(predictions.astype(np.float64, copy=False).ravel())
            if self._gives_scores:
                scores = np.asarray(estimator.decision_function(matrix), dtype=np.float64)
                return Outputs(predictions, scores=scores.ravel())
            return Outputs(predictions)
