"""Every measure of a model's answers to rows whose truth is known, each as a function of row weights.

A build evaluates with them and the gate measures again with the very same, so a number means one thing. With
weights of ones a measure is the usual one, with ones and zeros that of a slice, with multinomial counts a
resample: two models measured with the same weights are compared row by row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.errors import DataInvalid
from dasier.measuring import measures

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dasier.measuring.measures import Measure
    from dasier.runtimes import Outputs
    from dasier.schema import Output, Task

PRIMARY: dict[Task, str] = {
    "classification": "balanced_accuracy",
    "regression": "mae",
    "clustering": "silhouette",
    "anomaly_detection": "roc_auc",
}
"""What two versions are compared by; an anomaly detector without a target has ``flagged`` instead."""

HIGHER_IS_BETTER: dict[str, bool] = {
    "accuracy": True,
    "balanced_accuracy": True,
    "macro_f1": True,
    "log_loss": False,
    "roc_auc": True,
    "precision": True,
    "recall": True,
    "mae": False,
    "rmse": False,
    "r2": True,
    "median_absolute_error": False,
    "silhouette": True,
}
"""Of every measure that can be better or worse; the share that is flagged cannot."""

MEASURED: dict[Task, tuple[str, ...]] = {
    "classification": (
        "accuracy",
        "balanced_accuracy",
        "macro_f1",
        "log_loss",
        "roc_auc",
        "precision",
        "recall",
    ),
    "regression": ("mae", "rmse", "r2", "median_absolute_error"),
    "clustering": (),
    "anomaly_detection": ("roc_auc", "precision", "recall"),
}
"""What `measures_of` can give for a task. A clustering has no truth to be measured against."""


def measures_of(outputs: Outputs, truth: NDArray[Any], output: Output) -> dict[str, Measure]:
    """Give every measure that a task's answers allow.

    Parameters
    ----------
    outputs
        What the model answered for the n rows.
    truth
        What was true, shape (n,).
    output
        The schema's; its classes are in the order of the probabilities.

    Returns
    -------
    dict
        Name to a function from weights of shape (b, n) to b values, NaN where it is undefined.

    Raises
    ------
    DataInvalid
        If a class is none that the model knows, or a target is none that its task has.
    """
    if output.task == "classification":
        return _of_classes(outputs, truth, output)
    if output.task == "regression":
        return _of_numbers(outputs, truth)
    if output.task == "anomaly_detection":
        return _of_anomalies(outputs, truth)
    return {}


def _of_classes(outputs: Outputs, truth: NDArray[Any], output: Output) -> dict[str, Measure]:
    names = [str(label) for label in output.classes]
    actual, predicted = codes_of(truth, names), codes_of(outputs.predictions, names)
    matrices = measures.confusion(actual, predicted, len(names))
    found: dict[str, Measure] = {
        "accuracy": measures.mean(actual == predicted),
        "balanced_accuracy": measures.mean_recall(matrices),
        "macro_f1": measures.macro_f1(matrices),
    }
    if outputs.probabilities is not None:
        probabilities = np.asarray(outputs.probabilities, dtype=np.float64)
        if probabilities.shape[1:] != (len(names),):
            raise DataInvalid("the probabilities are not of the classes that the model knows")
        found["log_loss"] = measures.mean(measures.log_losses(actual, probabilities))
        found["roc_auc"] = measures.one_vs_rest_auc(actual, probabilities)
    if len(names) == 2:
        positive = rarer(np.bincount(actual, minlength=2))
        found |= _of_positives(actual == positive, predicted == positive)
    return found


def _of_numbers(outputs: Outputs, truth: NDArray[Any]) -> dict[str, Measure]:
    try:
        actual = np.asarray(truth, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataInvalid("the held-out target of a regression is not numbers") from error
    errors = actual - np.asarray(outputs.predictions, dtype=np.float64)
    return {
        "mae": measures.mean(np.abs(errors)),
        "rmse": measures.root_mean(errors**2),
        "r2": measures.r_squared(actual, errors),
        "median_absolute_error": measures.weighted_median(np.abs(errors)),
    }


def _of_anomalies(outputs: Outputs, truth: NDArray[Any]) -> dict[str, Measure]:
    anomalous = anomalies_in(truth)
    found = _of_positives(anomalous, np.asarray(outputs.predictions == -1))
    if outputs.scores is not None:
        found["roc_auc"] = measures.roc_auc(anomalous, -np.asarray(outputs.scores, dtype=np.float64))
    return found


def _of_positives(actual: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> dict[str, Measure]:
    right = actual & predicted
    return {"precision": measures.share(right, predicted), "recall": measures.share(right, actual)}


def codes_of(labels: NDArray[Any], names: list[str]) -> NDArray[np.intp]:
    """Give the place of each label among the classes' names.

    Raises
    ------
    DataInvalid
        If a label is none of them.
    """
    places = {name: position for position, name in enumerate(names)}
    try:
        return np.array([places[str(label)] for label in labels.tolist()], dtype=np.intp)
    except KeyError as error:
        raise DataInvalid(
            f"the held-out rows have the class {error}, which the model does not know; it knows {', '.join(names[:10])}"
        ) from error


def rarer(counts: NDArray[Any]) -> int:
    """Give the position of the rarer of two classes, of equals the second."""
    first, second = counts
    return 0 if first < second else 1


def anomalies_in(truth: NDArray[Any]) -> NDArray[np.bool_]:
    """Give which rows a target calls anomalous: -1 where it is -1 and 1, else the rarer of two values.

    Raises
    ------
    DataInvalid
        If the target has more than two values.
    """
    labels, counts = np.unique(truth.astype(str), return_counts=True)
    if len(labels) > 2:
        raise DataInvalid(
            f"an anomaly detector is measured against two kinds of rows; the target has {len(labels)}"
        )
    anomaly = "-1" if set(labels) <= {"-1", "1"} else labels[np.argmin(counts)]
    return np.asarray(truth.astype(str) == anomaly)
