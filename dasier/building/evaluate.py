"""How good a model is, from rows that it was not fitted on.

Everything here is measured on held-out rows, as plain JSON types, so that it goes into the
manifest as it is. Intervals are 95 %: Wilson's for shares, else percentile bootstrap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import silhouette_samples

from dasier.building.calibration import confidence, reliability
from dasier.errors import DataInvalid
from dasier.measuring import measures
from dasier.measuring.measures import MANY_ROWS, RESAMPLES, intervals, wilson
from dasier.measuring.quality import PRIMARY, anomalies_in, codes_of, measures_of, rarer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from dasier.runtimes import Outputs
    from dasier.schema import Output

INTERVAL_SHARE = 0.8
"""How many of the held-out rows a regression's interval of residuals covers."""

_SHARES = frozenset({"accuracy", "precision", "recall", "flagged"})
_DOUBTED = frozenset({"balanced_accuracy", "macro_f1", "roc_auc"})

_LARGEST = 1e150
"""Of a target or an error: the square of anything larger may be more than a float64 holds."""

SILHOUETTE_ROWS = 2_000
"""The silhouette compares every pair of rows; more of them are sampled."""


def evaluate(
    outputs: Outputs,
    truth: NDArray[Any] | None,
    *,
    output: Output,
    split: Mapping[str, Any],
    space: NDArray[np.float64] | None = None,
) -> dict[str, Any]:
    """Give a model's measures on held-out rows.

    Parameters
    ----------
    outputs
        What the model answered for the n rows.
    truth
        What was true, shape (n,); None for clustering and for anomaly detection without a target.
    output
        The schema's; its classes are in the order of the probabilities.
    split
        How the rows were held out (``fitted_rows``, ``held_out_rows``, ``stratified``, …), kept as it is;
        its ``seed`` seeds the bootstrap.
    space
        For clustering: the rows where the clusters live, shape (n, k), finite.

    Returns
    -------
    dict
        ``split``, ``primary`` (a name in ``values``, or None), ``values`` (name to value, low, high),
        ``methods`` (name to what made its interval: ``wilson``, ``bootstrap``, or ``never_wrong``), ``resamples``,
        ``constant_guess`` (what always answering the same would get) and, by task, ``confusion``,
        ``positive``, ``per_class``, ``calibration``, ``confidence``, ``residuals``, ``sizes``.

    Raises
    ------
    DataInvalid
        If there is no row, a class that the model does not know, or a target too large to measure.
    """
    if len(outputs.predictions) == 0:
        raise DataInvalid("no row was held out; give more rows or a larger test_share")
    seed = int(split.get("seed", 0))
    if output.task == "classification":
        found = _classification(outputs, _needed(truth, output), output, seed)
    elif output.task == "regression":
        found = _regression(outputs, _needed(truth, output), output, seed)
    elif output.task == "clustering":
        found = _clustering(outputs, space, seed)
    else:
        found = _anomalies(outputs, truth, output, seed)
    primary = PRIMARY[output.task]
    if primary not in found["values"]:
        primary = "flagged" if "flagged" in found["values"] else ""
    n_rows = len(outputs.predictions)
    return {
        "split": dict(split),
        "primary": primary or None,
        "methods": {name: _method(name, value) for name, value in found["values"].items()},
        "resamples": RESAMPLES if n_rows < MANY_ROWS else RESAMPLES // 5,
        **found,
    }


def _method(name: str, found: measures.Interval) -> str:
    """Give how an interval was made: `_doubted` replaces a bootstrap that found nothing to doubt."""
    if name in _SHARES:
        return "wilson"
    never_wrong = name in _DOUBTED and found["value"] == 1.0 and found["low"] < 1.0 and found["high"] == 1.0
    return "never_wrong" if never_wrong else "bootstrap"


def _needed(truth: NDArray[Any] | None, output: Output) -> NDArray[Any]:
    if truth is None:
        raise DataInvalid(f"a {output.task} is measured against the target {output.name!r}; give it")
    return truth


# --- classification ------------------------------------------------------------------------------


def _classification(outputs: Outputs, truth: NDArray[Any], output: Output, seed: int) -> dict[str, Any]:
    names = [str(label) for label in output.classes]
    actual, predicted = codes_of(truth, names), codes_of(outputs.predictions, names)
    resampled = ("balanced_accuracy", "macro_f1", "log_loss", "roc_auc")
    asked = {name: one for name, one in measures_of(outputs, truth, output).items() if name in resampled}
    counts = measures.confusion(actual, predicted, len(names))(np.ones((1, len(actual))))[0]
    accuracy = wilson(np.trace(counts), len(actual))
    values = {"accuracy": accuracy, **intervals(asked, len(actual), seed=seed)}
    smallest = int(min(held for held in counts.sum(axis=1) if held))
    values = {**values, **_doubted(values, len(actual), "balanced_accuracy", "macro_f1")}
    values = {**values, **_doubted(values, smallest, "roc_auc")}
    found: dict[str, Any] = {"values": values}
    positive = rarer(counts.sum(axis=1)) if len(names) == 2 else None
    if positive is not None:
        found["positive"] = names[positive]
        values |= _precision_and_recall(counts, positive)
    found["constant_guess"] = {
        "accuracy": float(counts.sum(axis=1).max() / len(actual)),
        "balanced_accuracy": 1 / int((counts.sum(axis=1) > 0).sum()),
    }
    found["confusion"] = _counted(names, counts)
    found["per_class"] = {name: _of_class(counts, position) for position, name in enumerate(names)}
    if outputs.probabilities is not None:
        probabilities = np.asarray(outputs.probabilities, dtype=np.float64)
        said, came = probabilities[np.arange(len(predicted)), predicted], predicted == actual
        found["confidence"] = confidence(said, came, seed=seed)
        if positive is not None:
            said, came = probabilities[:, positive], actual == positive
        of = "prediction" if positive is None else "positive"
        # Of two classes the rarer one's, of several that of the class predicted.
        found["calibration"] = {"of": of, **reliability(said, came, seed=seed)}
    return found


def _counted(names: list[str], counts: NDArray[np.float64]) -> dict[str, Any]:
    """Give a confusion matrix; rows are the truth."""
    right, rows = int(np.trace(counts)), int(counts.sum())
    return {"classes": names, "counts": counts.astype(int).tolist(), "right": right, "rows": rows}


def _doubted(
    values: Mapping[str, measures.Interval], n_rows: int, *names: str
) -> dict[str, measures.Interval]:
    """Give perfect measures with the doubt that so many rows leave: resampling them finds none.

    A ranking is taken to rest on the rows of the smallest class, which errs to the side of doubt.
    """
    low = wilson(n_rows, n_rows)["low"]
    perfect = [name for name in names if name in values and values[name]["low"] == 1.0]
    return {name: measures.Interval(value=1.0, low=low, high=1.0) for name in perfect}


def _precision_and_recall(counts: NDArray[np.float64], position: int) -> dict[str, measures.Interval]:
    right, predicted, actual = counts[position, position], counts[:, position].sum(), counts[position].sum()
    found = {}
    if predicted:
        found["precision"] = wilson(right, predicted)
    if actual:
        found["recall"] = wilson(right, actual)
    return found


def _of_class(counts: NDArray[np.float64], position: int) -> dict[str, Any]:
    both = _precision_and_recall(counts, position)
    shares = {name: both[name]["value"] if name in both else None for name in ("precision", "recall")}
    return {**shares, "intervals": dict(both), "rows": int(counts[position].sum())}


# --- regression ----------------------------------------------------------------------------------


def _regression(outputs: Outputs, truth: NDArray[Any], output: Output, seed: int) -> dict[str, Any]:
    actual = np.asarray(truth, dtype=np.float64)
    errors = actual - np.asarray(outputs.predictions, dtype=np.float64)
    if max(np.abs(errors).max(), np.abs(actual).max()) > _LARGEST:
        raise DataInvalid(
            f"{output.name!r} has values beyond {_LARGEST:g}, whose squares are too large: divide it by a constant"
        )
    tail = (1 - INTERVAL_SHARE) / 2
    low, middle, high = np.quantile(errors, [tail, 0.5, 1 - tail])
    return {
        "values": intervals(measures_of(outputs, truth, output), len(actual), seed=seed),
        "constant_guess": {
            "mae": float(np.abs(actual - np.median(actual)).mean()),
            "rmse": float(actual.std()),
            "r2": 0.0,
        },
        "residuals": {
            "share": INTERVAL_SHARE,
            "low": float(low),
            "median": float(middle),
            "high": float(high),
        },
    }


# --- clustering and anomalies --------------------------------------------------------------------


def _clustering(outputs: Outputs, space: NDArray[np.float64] | None, seed: int) -> dict[str, Any]:
    groups, sizes = np.unique(outputs.predictions, return_counts=True)
    found: dict[str, Any] = {
        "values": {},
        "sizes": {str(group): int(size) for group, size in zip(groups.tolist(), sizes.tolist(), strict=True)},
    }
    if space is None:
        return found
    rows = np.arange(len(outputs.predictions))
    if len(rows) > SILHOUETTE_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, SILHOUETTE_ROWS, replace=False))
    labels = outputs.predictions[rows]
    if 2 <= len(np.unique(labels)) < len(rows):
        each = silhouette_samples(space[rows], labels)
        found["values"] = intervals({"silhouette": measures.mean(each)}, len(rows), seed=seed)
    return found


def _anomalies(outputs: Outputs, truth: NDArray[Any] | None, output: Output, seed: int) -> dict[str, Any]:
    flagged = outputs.predictions == -1
    values = {"flagged": wilson(int(flagged.sum()), len(flagged))}
    found: dict[str, Any] = {"values": values}
    if truth is None:
        return found
    anomalous = anomalies_in(truth)
    counts = np.array(
        [[np.sum((anomalous == a) & (flagged == p)) for p in (True, False)] for a in (True, False)],
        dtype=float,
    )
    values |= _precision_and_recall(counts, 0)
    if outputs.scores is not None:
        ranked = {"roc_auc": measures_of(outputs, truth, output)["roc_auc"]}
        values |= intervals(ranked, len(anomalous), seed=seed)
        values |= _doubted(values, int(min(anomalous.sum(), (~anomalous).sum())) or 1, "roc_auc")
    found["confusion"] = _counted(["-1", "1"], counts)
    return found
