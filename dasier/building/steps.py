"""What an estimator is made of: its steps, which columns go through each, and the parameters that somebody set."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_CELLS = 12
"""A longer list is told by its shape."""

_PARTS = ("steps", "transformer_list", "transformers_", "transformers", "estimators")
"""Where estimators keep named parts; the fitted list of a column transformer says its columns by name."""


def steps(estimator: Any) -> list[dict[str, Any]]:
    """Give an estimator's parts from the outside in, as JSON types.

    Returns
    -------
    list of dict
        ``depth`` (0 is the estimator itself), ``name`` (as its parent calls it), ``class``, ``columns`` (None where its
        parent does not choose them) and ``parameters``: those whose value is not scikit-learn's default.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> steps(Ridge(alpha=2.0))
    [{'depth': 0, 'name': '', 'class': 'Ridge', 'columns': None, 'parameters': {'alpha': 2.0}}]
    """
    return list(_walk(estimator, "", None, 0))


def summary(estimator: Any) -> str:
    """Give an estimator in a line: its steps, with arrows between them.

    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> summary(make_pipeline(StandardScaler(), Ridge()))
    'StandardScaler → Ridge'
    """
    steps = getattr(estimator, "steps", None)
    if not steps:
        return type(estimator).__name__
    return " → ".join(summary(step) for _, step in steps)


def _walk(part: Any, name: str, columns: Any, depth: int) -> Iterator[dict[str, Any]]:
    if not isinstance(part, BaseEstimator):  # "passthrough" and "drop", or an estimator of another library
        told = part if isinstance(part, str) else type(part).__name__
        yield {
            "depth": depth,
            "name": name,
            "class": told,
            "columns": _columns(columns),
            "parameters": {},
        }
        return
    kept = next((attribute for attribute in _PARTS if _named(getattr(part, attribute, None))), None)
    inside = {key: value for key, value in part.get_params(deep=False).items() if key not in _PARTS}
    yield {
        "depth": depth,
        "name": name,
        "class": type(part).__name__,
        "columns": _columns(columns),
        "parameters": {key: _told(value) for key, value in inside.items() if not _usual(part, key, value)},
    }
    # A column transformer puts a transformer of its own where it was told to pass columns through.
    words = {one[0]: one[1] for one in getattr(part, "transformers", ()) if isinstance(one[1], str)}
    for one in getattr(part, kept) if kept else ():
        yield from _walk(words.get(one[0], one[1]), one[0], one[2] if len(one) > 2 else None, depth + 1)
    for key, value in inside.items():
        if isinstance(value, BaseEstimator):
            yield from _walk(value, key, None, depth + 1)


def _named(parts: Any) -> bool:
    return isinstance(parts, list) and all(isinstance(part, tuple) and len(part) > 1 for part in parts)


def _columns(columns: Any) -> list[str] | None:
    if columns is None:
        return None
    return [str(one) for one in ([columns] if isinstance(columns, str) else np.asarray(columns).tolist())]


def _usual(part: BaseEstimator, key: str, value: Any) -> bool:
    default = inspect.signature(type(part)).parameters[key].default
    if isinstance(value, np.ndarray | list | tuple):
        return bool(np.array_equal(np.asarray(value, dtype=object), np.asarray(default, dtype=object)))
    same = value is default or (type(value) is type(default) and value == default)
    return bool(same) or (value != value and default != default)  # noqa: PLR0124 (NaN is itself)


def _told(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else str(value)
    if isinstance(value, np.ndarray | list | tuple):
        cells = np.asarray(value, dtype=object)
        if cells.size <= MOST_CELLS and cells.ndim == 1:
            return [_told(cell) for cell in cells.tolist()]
        return " × ".join(map(str, cells.shape))
    return type(value).__name__
