"""How the labels of two versions differ: classes, the verdicts of anomaly detectors, and clusters once matched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.measuring.measures import wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dasier.runtimes import Outputs
    from dasier.schema import Output

VERDICTS = {"-1": "anomaly", "1": "normal"}


def key(label: Any) -> str:
    """Give a label as a key, as `Output.class_keys` does.

    >>> key(True), key(3), key(3.0), key("a")
    ('true', '3', '3', 'a')
    """
    if isinstance(label, bool | np.bool_):
        return str(label).lower()
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)


def keys_of(labels: Sequence[Any] | NDArray[Any], output: Output) -> NDArray[np.str_]:
    """Give labels as keys, those of an anomaly detector in words."""
    words = VERDICTS if output.task == "anomaly_detection" else {}
    return np.array([words.get(key(label), key(label)) for label in labels], dtype=np.str_)


def classes_of(output: Output) -> tuple[str, ...]:
    """Give the classes of an output as keys, in its order."""
    return tuple(keys_of(list(output.classes), output).tolist())


def differing(old: NDArray[np.str_], new: NDArray[np.str_], classes: Sequence[str]) -> dict[str, Any]:
    """Give how many labels differ, from which to which.

    Parameters
    ----------
    old, new : ndarray of str, shape (n,)
        The labels of each version, n of at least 1.
    classes
        All of them, in the order of the table.

    Returns
    -------
    dict
        ``changed``: how many and which share, with Wilson's interval (1927); ``table``: counts, rows are the
        old label and columns the new; ``per_class``.
    """
    places = {name: index for index, name in enumerate(classes)}
    table = np.zeros((len(classes), len(classes)), dtype=np.intp)
    np.add.at(table, ([places[label] for label in old], [places[label] for label in new]), 1)
    n_changed = int((old != new).sum())
    return {
        "changed": {"rows": n_changed, **wilson(n_changed, len(old))},
        "classes": list(classes),
        "table": table.tolist(),
        "per_class": [_of_class(name, table, index) for index, name in enumerate(classes)],
    }


def _of_class(name: str, table: NDArray[np.intp], index: int) -> dict[str, Any]:
    before, after, kept = int(table[index].sum()), int(table[:, index].sum()), int(table[index, index])
    told = {"class": name, "old": before, "new": after, "kept": kept, "left": before - kept}
    told["came"] = after - kept
    return told | {"changed": wilson(before - kept, before) if before else None}


def moved_probabilities(
    old: Outputs, new: Outputs, outputs: tuple[Output, Output], classes: Sequence[str]
) -> tuple[dict[str, dict[str, float]], NDArray[np.float64] | None]:
    """Give how far the probability of each class moved, new − old, and of each row how far all of them did.

    Returns
    -------
    dict
        Of each class that both give a probability for: the mean, the mean of the absolute values, and the largest
        by absolute value.
    ndarray of float, shape (n,), or None
        The total variation distance of the two distributions, from 0 to 1; a class that only one of them
        knows has probability 0 in the other. None if one gives no probabilities.
    """
    if old.probabilities is None or new.probabilities is None:
        return {}, None
    spread = [
        _spread(given, output, classes)
        for given, output in zip((old.probabilities, new.probabilities), outputs, strict=True)
    ]
    moved = spread[1] - spread[0]
    both = set(classes_of(outputs[0])) & set(classes_of(outputs[1]))
    told = {
        name: {
            "mean": float(moved[:, index].mean()),
            "mean_absolute": float(np.abs(moved[:, index]).mean()),
            "largest": float(moved[np.abs(moved[:, index]).argmax(), index]),
        }
        for index, name in enumerate(classes)
        if name in both
    }
    return told, np.asarray(np.abs(moved).sum(axis=1) / 2)


def _spread(given: NDArray[np.float64], output: Output, classes: Sequence[str]) -> NDArray[np.float64]:
    spread = np.zeros((len(given), len(classes)))
    spread[:, [classes.index(name) for name in classes_of(output)]] = given
    return spread


def rank_correlation(old: NDArray[np.float64], new: NDArray[np.float64]) -> float | None:
    """Give Spearman's rank correlation (1904) of two scores, which need not be on one scale.

    None if one of them is the same for every row.
    """
    from scipy.stats import rankdata  # noqa: PLC0415 - of anomaly detectors only

    first, second = rankdata(old), rankdata(new)
    if not first.std() or not second.std():
        return None
    return float(np.corrcoef(first, second)[0, 1])
