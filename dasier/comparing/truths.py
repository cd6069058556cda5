"""Which of two versions is right where they differ, on rows whose truth is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.comparing.labels import key
from dasier.comparing.numbers import SEED, equal
from dasier.errors import DataInvalid
from dasier.measuring.measures import mean, wilson
from dasier.measuring.pairs import difference
from dasier.measuring.quality import anomalies_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dasier.schema import Task

_CONFIDENCE = 0.975
"""On each side: 95 % between the two bounds."""


def truth_labels(truth: Sequence[Any], classes: Sequence[str], task: Task) -> list[str | None]:
    """Give what was true as the versions' labels are written; None where it is not known.

    A table of text has ``True``, ``1.0`` or ``1`` for what a version calls ``true`` or ``1``.
    """
    if task == "anomaly_detection":
        return _verdicts(truth)
    known = set(classes)
    return [None if cell is None else _spelt(cell, known) for cell in truth]


def _spelt(cell: Any, known: set[str]) -> str:
    told = key(cell)
    if told in known or not isinstance(cell, str):
        return told
    if told.lower() in known:
        return told.lower()
    try:
        return key(float(told))
    except ValueError:
        return told


def _verdicts(truth: Sequence[Any]) -> list[str | None]:
    held = np.array([key(cell) for cell in truth if cell is not None], dtype=object)
    kinds = set(held.tolist())
    if not kinds or (len(kinds) == 1 and not kinds <= {"-1", "1"}):
        return [None] * len(truth)  # of one kind alone nothing says whether it is the anomalous one
    try:
        anomalous = iter(anomalies_in(held).tolist())
    except DataInvalid:
        return [None] * len(truth)
    return [None if cell is None else "anomaly" if next(anomalous) else "normal" for cell in truth]


def of_labels(
    old: NDArray[np.str_], new: NDArray[np.str_], truth: Sequence[str | None]
) -> dict[str, Any] | None:
    """Give how many rows each version answers right, and of those where they differ; None if no truth is known."""
    known = np.array([cell is not None for cell in truth])
    if not known.any():
        return None
    before, after = old[known], new[known]
    actual = np.array([cell for cell in truth if cell is not None], dtype=np.str_)
    differ = before != after
    ours, theirs = int((differ & (after == actual)).sum()), int((differ & (before == actual)).sum())
    return {
        "rows": int(known.sum()),
        "old_right": wilson(int((before == actual).sum()), len(actual)),
        "new_right": wilson(int((after == actual).sum()), len(actual)),
        "disagreements": {
            "rows": int(differ.sum()),
            "new_right": ours,
            "old_right": theirs,
            "neither": int(differ.sum()) - ours - theirs,
            # Of those that one of the two gets right, as McNemar (1947) counts them.
            "share_new": wilson(ours, ours + theirs) if ours + theirs else None,
        },
    }


def truth_numbers(truth: Sequence[Any]) -> list[float | None]:
    """Give what was true as numbers; None where it is not known, or none."""
    return [_number(cell) for cell in truth]


def _number(cell: Any) -> float | None:
    try:
        number = float(cell)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None


def of_numbers(
    old: NDArray[np.float64], new: NDArray[np.float64], truth: Sequence[float | None]
) -> dict[str, Any] | None:
    """Give the mean error of each version, and how often the new one is closer; None if no truth is known."""
    known = np.array([cell is not None for cell in truth])
    if not known.any():
        return None
    before, after = old[known], new[known]
    actual = np.array([cell for cell in truth if cell is not None], dtype=np.float64)
    errors = np.abs(before - actual), np.abs(after - actual)
    found = difference(
        mean(errors[1]),
        mean(errors[0]),
        len(actual),
        higher_is_better=False,
        confidence=_CONFIDENCE,
        seed=SEED,
    )
    differ = ~equal(before, after)
    closer, farther = (
        int((differ & (errors[1] < errors[0])).sum()),
        int((differ & (errors[1] > errors[0])).sum()),
    )
    return {
        "rows": len(actual),
        "old_mae": float(errors[0].mean()),
        "new_mae": float(errors[1].mean()),
        "better_by": None if found is None else {"value": found.better, "low": found.low, "high": found.high},
        "disagreements": {
            "rows": int(differ.sum()),
            "new_closer": closer,
            "old_closer": farther,
            "neither": int(differ.sum()) - closer - farther,
            "share_new": wilson(closer, closer + farther) if closer + farther else None,
        },
    }
