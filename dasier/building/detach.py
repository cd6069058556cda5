"""Freeing a fitted estimator from the DataFrame that it was fitted on.

The image that serves has no pandas. An estimator fitted on a DataFrame asks for columns by name;
its detached copy takes a plain array and asks for them by position, gives the same answers, and
its pickle names nothing that the image lacks. That the answers are the same is not believed but
proved (`dasier.building.parity`), as for any other runtime.
"""

from __future__ import annotations

import io
import pickle
import sys
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

from dasier.errors import EstimatorUnsupported
from dasier.schema import normalised

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from dasier.schema import Schema

_IMAGE = frozenset({"dasier", "joblib", "numpy", "scipy", "sklearn"}) | sys.stdlib_module_names
"""The packages that a pickle may name, because the image that serves has them."""


def detach(
    estimator: BaseEstimator,
    frame_columns: Sequence[str],
    *,
    numbers: Collection[str] = (),
    fitted_on: Sequence[str] | None = None,
) -> BaseEstimator:
    """Give a copy of a fitted estimator that predicts from an array, without pandas.

    Parameters
    ----------
    estimator
        Fitted on a DataFrame or an array. A finished search is replaced by its best estimator.
    frame_columns
        The array's columns, in order: of the schema.
    numbers
        The columns that hold numbers, where others do not: the array is then of objects, and what
        a ColumnTransformer takes of these columns is made float64 first.
    fitted_on
        The columns that an estimator fitted on an array saw; by default `frame_columns`. One that
        was fitted on a DataFrame knows its own.

    Raises
    ------
    EstimatorUnsupported
        If it is not fitted, asks for columns that there are not, or cannot be pickled without
        something that the image that serves lacks.
    """
    if hasattr(estimator, "best_estimator_"):
        estimator = estimator.best_estimator_
    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError) as error:
        message = f"{type(estimator).__name__} is not fitted, or its search kept no best estimator."
        raise EstimatorUnsupported(message) from error
    seen = _names(getattr(estimator, "feature_names_in_", fitted_on or frame_columns))
    missing = [name for name in seen if name not in frame_columns]
    if missing:
        message = f"The estimator was fitted on columns that the rows do not have: {', '.join(missing)}."
        raise EstimatorUnsupported(message)
    copy = _copied(estimator)
    for part in parts(copy):
        # A meta-estimator keeps its unfitted template beside the fitted copies.
        if isinstance(part, ColumnTransformer) and hasattr(part, "transformers_"):
            _ask_by_position(part, seen, frozenset(numbers))
    for part in parts(copy):
        part.__dict__.pop("feature_names_in_", None)
        part.__dict__.pop("_sklearn_output_config", None)
        _silence(part)
        if "classes_" in part.__dict__ and not isinstance(part.classes_, np.ndarray | list):
            part.classes_ = np.asarray(part.classes_)
    order = [list(frame_columns).index(name) for name in seen]
    if order != list(range(len(frame_columns))):
        copy = _reordered(copy, order, len(frame_columns))
    check_portable(copy)
    return copy


def for_tensors(estimator: BaseEstimator, schema: Schema) -> BaseEstimator:
    """Give the copy that takes numbers first, then texts, as the runtimes without pickle hold them.

    Raises
    ------
    EstimatorUnsupported
        As `detach`.
    """
    columns = [*schema.number_columns, *schema.text_columns]
    return detach(estimator, [column.name for column in columns], fitted_on=schema.names)


def check_portable(estimator: BaseEstimator) -> None:
    """Refuse an estimator whose pickle the image that serves cannot load.

    Raises
    ------
    EstimatorUnsupported
        Naming what stands in the way.
    """
    try:
        _Portable(io.BytesIO(pickle.dumps(estimator, protocol=5))).load()
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        functions = sorted(
            {
                getattr(part.func, "__qualname__", repr(part.func))
                for part in parts(estimator)
                if isinstance(part, FunctionTransformer) and part.func is not None
            }
        )
        hint = f" Functions in it: {', '.join(functions)}." if functions else ""
        message = (
            f"The estimator cannot be written to a file: {error}.{hint} "
            "Use scikit-learn's own transformers in place of lambdas and local functions."
        )
        raise EstimatorUnsupported(message) from error


class _Portable(pickle.Unpickler):
    """Loads what was just pickled here, and refuses names that another machine would not find."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if module_name.partition(".")[0] not in _IMAGE:
            message = (
                f"The estimator needs {module_name}.{global_name}, which the image that serves does not have. "
                "Use scikit-learn's own transformers."
            )
            raise EstimatorUnsupported(message)
        return super().find_class(module_name, global_name)


def _names(labels: Iterable[Any]) -> tuple[str, ...]:
    """Give names as a schema spells them."""
    return tuple(normalised(str(label)) for label in labels)


def _copied(estimator: BaseEstimator) -> Any:
    try:
        return deepcopy(estimator)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        message = f"{type(estimator).__name__} cannot be copied: {error}."
        raise EstimatorUnsupported(message) from error


def parts(root: Any) -> Iterator[Any]:
    """Walk every estimator inside an estimator, itself included, each once."""
    pending, seen = [root], set[int]()
    while pending:
        item = pending.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list | tuple):
            pending.extend(item)
        elif isinstance(item, np.ndarray):
            if item.dtype == object and item.size and isinstance(item.flat[0], BaseEstimator):
                pending.extend(item.flat)
        elif hasattr(item, "__dict__") and type(item).__module__.partition(".")[0] not in {
            "pandas",
            "builtins",
        }:
            if isinstance(item, BaseEstimator):
                yield item
            pending.extend(vars(item).values())


def _silence(part: Any) -> None:
    """Keep a served estimator from starting threads (a Lambda has one core) and from printing."""
    if vars(part).get("n_jobs") is not None:
        part.n_jobs = 1
    if vars(part).get("verbose"):
        part.verbose = 0


def _ask_by_position(transformer: ColumnTransformer, outer: Sequence[str], numbers: Collection[str]) -> None:
    """Rewrite a fitted ColumnTransformer in place, so that it takes columns of an array by position."""
    names = _names(getattr(transformer, "feature_names_in_", ()))
    if not names and transformer.n_features_in_ == len(outer):
        names = tuple(outer)
    positions = transformer._transformer_to_input_indices  # noqa: SLF001 (where names were resolved at fit)
    rewritten = []
    for name, part, columns in transformer.transformers_:
        where: Any = [int(position) for position in positions[name]]
        converted = part
        if numbers and names and where and part != "drop" and all(names[i] in numbers for i in where):
            converted = _as_numbers(part)
        # A single name selects one dimension (a text vectoriser wants that), a list of one selects two.
        single = np.isscalar(columns) and len(where) == 1
        rewritten.append((name, converted, where[0] if single else where))
    transformer.transformers_ = rewritten
    transformer.transformers = [entry for entry in rewritten if entry[0] != "remainder"]
    transformer._columns = [columns for _, _, columns in transformer.transformers]  # noqa: SLF001
    rest = [entry for entry in rewritten if entry[0] == "remainder"]
    if rest:
        transformer._remainder = rest[0]  # noqa: SLF001
        transformer.remainder = rest[0][1]
    else:
        transformer._remainder = ("remainder", "drop", [])  # noqa: SLF001
        transformer.remainder = "drop"


def _as_numbers(part: Any) -> Any:
    cast = FunctionTransformer(np.asarray, kw_args={"dtype": np.float64})
    if isinstance(part, str) or (isinstance(part, FunctionTransformer) and part.func is None):
        return cast
    return Pipeline([("numbers", cast), ("then", part)])


def _reordered(estimator: Any, order: Sequence[int], n_columns: int) -> Any:
    """Give an estimator that takes the columns in another order, or more of them than it uses."""
    first = estimator.steps[0][1] if isinstance(estimator, Pipeline) else estimator
    if not isinstance(first, ColumnTransformer):
        choose = FunctionTransformer(np.take, kw_args={"indices": list(order), "axis": 1})
        return Pipeline([("columns", choose), ("model", estimator)])
    moved = [
        (name, part, order[where] if isinstance(where, int) else [order[i] for i in where])
        for name, part, where in first.transformers_
    ]
    first.transformers_ = moved
    first.transformers = [entry for entry in moved if entry[0] != "remainder"]
    first._columns = [columns for _, _, columns in first.transformers]  # noqa: SLF001
    first._remainder = next((e for e in moved if e[0] == "remainder"), ("remainder", "drop", []))  # noqa: SLF001
    first._transformer_to_input_indices = {  # noqa: SLF001
        name: [order[i] for i in where]
        for name, where in first._transformer_to_input_indices.items()  # noqa: SLF001
    }
    first.n_features_in_ = n_columns
    return estimator
