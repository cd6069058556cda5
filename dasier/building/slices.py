"""How good a model is on parts of the held-out rows: by the columns that matter most, and by those that tell of people."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.measuring.measures import Interval, intervals, mean, wilson
from dasier.measuring.quality import codes_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from dasier.runtimes import Outputs
    from dasier.schema import Column, Schema

    Bools = NDArray[np.bool_]

COLUMNS = 5
"""So many of the columns that matter most are looked at, and every personal one."""

VALUES = 8
"""A column of more categories is not divided: each part would hold few rows."""

LEAST_ROWS = 10
"""A smaller part is only counted: one row of it would move its share by more than a tenth."""


def slices(  # noqa: PLR0913 - what was answered, and how it is looked at
    outputs: Outputs,
    truth: NDArray[Any] | None,
    features: pd.DataFrame,
    *,
    schema: Schema,
    importance: Mapping[str, Any],
    seed: int,
) -> dict[str, Any]:
    """Give a measure on parts of the held-out rows.

    Parameters
    ----------
    features : DataFrame
        The held-out rows.
    importance
        What `importance.importance` gave: its order says which columns are looked at.

    Returns
    -------
    dict
        ``measure``: ``accuracy``, ``mae`` or ``flagged`` (a share, with Wilson's interval; of errors a bootstrap's).
        ``least_rows``. ``parts``: a list of ``column``, ``rows``, ``measured`` (value, low, high; None if there are too
        few rows) and what the part is: ``value`` (a category), ``low`` and ``high`` (a range of numbers), or ``null``.
        Empty for clusters, which have no truth and no score of a row.
    """
    measure, each = _of_rows(outputs, truth, schema)
    if each is None:
        return {}
    parts = []
    for column in _looked_at(schema, importance):
        for told, inside in _parts(features[column.name], column):
            n_rows = int(inside.sum())
            if n_rows:
                found = _measured(each[inside], seed=seed) if n_rows >= LEAST_ROWS else None
                parts.append({"column": column.name, **told, "rows": n_rows, "measured": found})
    return {"measure": measure, "least_rows": LEAST_ROWS, "parts": parts}


def _of_rows(outputs: Outputs, truth: NDArray[Any] | None, schema: Schema) -> tuple[str, NDArray[Any] | None]:
    """Give what is averaged over rows, and each row's."""
    task = schema.output.task
    if task == "anomaly_detection":
        return "flagged", outputs.predictions == -1
    if truth is None or task == "clustering":
        return "", None
    if task == "regression":
        errors = np.abs(truth.astype(np.float64) - np.asarray(outputs.predictions, dtype=np.float64))
        return "mae", errors
    names = [str(label) for label in schema.output.classes]
    return "accuracy", codes_of(truth, names) == codes_of(outputs.predictions, names)


def _measured(each: NDArray[Any], *, seed: int) -> Interval:
    if each.dtype == np.bool_:
        return wilson(int(each.sum()), len(each))
    return intervals({"mae": mean(each)}, len(each), seed=seed)["mae"]


def _looked_at(schema: Schema, importance: Mapping[str, Any]) -> list[Column]:
    ranked = [one["column"] for one in importance.get("columns", ()) if one["value"] > 0][:COLUMNS]
    personal = [column.name for column in schema.columns if column.personal and column.name not in ranked]
    return [schema.by_name[name] for name in [*ranked, *personal]]


def _parts(cells: pd.Series[Any], column: Column) -> Iterator[tuple[dict[str, Any], Bools]]:
    null = cells.isna().to_numpy()
    known = cells[~null]
    if column.kind in ("float", "integer") and known.nunique() > VALUES:
        yield from _thirds(cells.to_numpy(dtype=np.float64, na_value=np.nan))
    elif column.kind != "text" and 2 <= known.nunique() <= VALUES:
        for value in sorted(known.unique().tolist()):
            told = bool(value) if column.kind == "boolean" else _plain(value)
            yield {"value": told}, ((cells == value) & ~null).to_numpy(dtype=bool)
    else:
        return
    if null.any():
        yield {"null": True}, null


def _thirds(numbers: NDArray[np.float64]) -> Iterator[tuple[dict[str, Any], Bools]]:
    edges = np.unique(np.nanquantile(numbers, [0, 1 / 3, 2 / 3, 1], method="inverted_cdf")).tolist()
    for place, (low, high) in enumerate(pairwise(edges)):
        last = place == len(edges) - 2
        inside = (numbers >= low) & ((numbers <= high) if last else (numbers < high))
        yield {"low": low, "high": high, "under": not last}, inside


def _plain(value: Any) -> str | int | float | bool:
    return value if isinstance(value, str | bool | int | float) else str(value)
