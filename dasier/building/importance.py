"""How much each column matters: what shuffling it among the held-out rows spoils (Breiman 2001)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from dasier.measuring import measures
from dasier.measuring.quality import codes_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from dasier.runtimes import Outputs
    from dasier.schema import Output

ROWS = 500
"""Enough to rank columns; more cost time for every column."""

ANSWERS = 60
"""How many times the rows are predicted in all, at most, beyond `LEAST_SHUFFLES` times a column."""

LEAST_SHUFFLES = 3
"""With fewer there is no spread to tell."""


def importance(
    predict: Callable[[pd.DataFrame], Outputs],
    features: pd.DataFrame,
    truth: NDArray[Any] | None,
    *,
    output: Output,
    seed: int,
) -> dict[str, Any]:
    """Give each column's importance, the largest first.

    Parameters
    ----------
    predict
        Answers a frame of the features.
    features
        Held-out rows.
    truth
        What was true, if the task has a truth.

    Returns
    -------
    dict
        ``measure``: what shuffling raises: ``log_loss`` or ``error_rate`` (classification), ``mae``
        (regression), ``changed`` (clustering: share of rows that change group) or ``score_change``
        (anomaly detection: mean change of the score). ``rows`` and ``shuffles``: how many. ``columns``: a list of ``column``, ``value``
        (mean over the shuffles) and ``spread`` (their standard deviation).
    """
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(features))[:ROWS])
    sample = features.iloc[rows].reset_index(drop=True)
    answered = predict(sample)
    measure, loss = _loss(answered, None if truth is None else truth[rows], output)
    before = loss(answered)
    repeats = max(LEAST_SHUFFLES, min(5, ANSWERS // features.shape[1]))
    columns: list[dict[str, Any]] = []
    # Threads cost more than they save on a few hundred rows, much more on a machine that is busy.
    with threadpool_limits(limits=1):
        for name in features.columns:
            rises = []
            for _ in range(repeats):
                shuffled = sample.copy()
                shuffled[name] = sample[name].to_numpy()[rng.permutation(len(sample))]
                rises.append(loss(predict(shuffled)) - before)
            columns.append({"column": name, "value": float(np.mean(rises)), "spread": float(np.std(rises))})
    columns.sort(key=lambda column: (-column["value"], column["column"]))
    return {"measure": measure, "rows": len(sample), "shuffles": repeats, "columns": columns}


def _loss(
    answered: Outputs, truth: NDArray[Any] | None, output: Output
) -> tuple[str, Callable[[Outputs], float]]:
    if output.task == "regression" and truth is not None:
        actual = truth.astype(np.float64)
        return "mae", lambda outputs: float(np.abs(actual - outputs.predictions).mean())
    if output.task == "classification" and truth is not None:
        names = [str(label) for label in output.classes]
        codes = codes_of(truth, names)
        if answered.probabilities is not None:
            return "log_loss", lambda outputs: float(
                measures.log_losses(codes, np.asarray(outputs.probabilities, dtype=np.float64)).mean()
            )
        return "error_rate", lambda outputs: float((codes_of(outputs.predictions, names) != codes).mean())
    if answered.scores is not None:
        scores = answered.scores
        return "score_change", lambda outputs: float(np.abs(np.asarray(outputs.scores) - scores).mean())
    return "changed", lambda outputs: float((outputs.predictions != answered.predictions).mean())
