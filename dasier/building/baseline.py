"""The baseline: how each column and the output were spread in training, which drift compares with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from dasier.runtimes import Outputs
    from dasier.schema import Column, Schema


def baseline(fitted_rows: pd.DataFrame, outputs: Outputs, schema: Schema) -> dict[str, Any]:
    """Give training histograms.

    Parameters
    ----------
    fitted_rows
        What the estimator was fitted on.
    outputs
        The model's answers to held-out rows.
    schema

    Returns
    -------
    dict
        ``rows``; ``columns``: for each, ``nulls`` and either ``edges`` with ``counts`` (numbers, at the
        distinct quantiles of the schema) or ``values`` (how often each string stood there); ``output``: the
        same for the predictions.
    """
    predictions = outputs.predictions
    if schema.output.task == "regression":
        edges = np.unique(np.quantile(predictions, np.linspace(0, 1, 11)))
        output = _histogram(predictions, edges)
    else:
        labels, counts = np.unique(predictions.astype(str), return_counts=True)
        output = {"values": dict(zip(labels.tolist(), counts.tolist(), strict=True))}
    return {
        "rows": len(fitted_rows),
        "columns": {column.name: _column(fitted_rows[column.name], column) for column in schema.columns},
        "output": output,
    }


def _column(cells: pd.Series[Any], column: Column) -> dict[str, Any]:
    known = cells.dropna()
    spread: dict[str, Any] = {"nulls": int(cells.isna().sum())}
    if column.kind == "text":
        lengths = np.asarray(known.str.len(), dtype=np.float64)
        # The rows that hold a text may all have been held out.
        edges = np.unique(np.quantile(lengths, np.linspace(0, 1, 11))) if len(lengths) else lengths
        return spread | _histogram(lengths, edges)
    if column.is_number and column.kind != "boolean":
        return spread | _histogram(known.to_numpy(dtype=np.float64), np.unique(column.quantiles))
    counts = known.astype(str).value_counts().sort_index()
    return spread | {"values": {str(value): int(count) for value, count in counts.items()}}


def _histogram(numbers: np.ndarray[Any, np.dtype[np.float64]], edges: np.ndarray[Any, Any]) -> dict[str, Any]:
    if len(edges) < 2:
        return {"edges": edges.tolist(), "counts": [len(numbers)]}
    counts, _ = np.histogram(numbers, bins=edges)
    return {"edges": edges.tolist(), "counts": counts.tolist()}
