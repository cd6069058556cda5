"""A version's model with its answers to the rows that were held out, and what they are worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.building.evaluate import evaluate
from dasier.building.frames import to_rows
from dasier.building.importance import importance
from dasier.building.slices import slices
from dasier.errors import EstimatorUnsupported

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dasier.building.choice import Choice
    from dasier.building.trained import Trained
    from dasier.rows import Rows
    from dasier.runtimes import Model, Outputs
    from dasier.schema import Schema


@dataclass(frozen=True, slots=True)
class Judged:
    """A model with its answers to the held-out rows."""

    schema: Schema
    choice: Choice
    model: Model
    held_out: Rows
    outputs: Outputs
    truth: NDArray[Any] | None
    metrics: dict[str, Any]
    space: NDArray[np.float64] | None


def judge(trained: Trained, schema: Schema, choice: Choice, model: Model, held_out: Rows) -> Judged:
    """Ask a model for the rows that were held out, and measure its answers.

    Raises
    ------
    EstimatorUnsupported
        If it cannot answer them.
    """
    try:
        outputs = model.predict(held_out)
    except ValueError as error:
        first_line = str(error).partition("\n")[0].rstrip(".")
        raise EstimatorUnsupported(
            f"{trained.name}: the estimator cannot answer rows that were held out: {first_line}. "
            "Let it accept rows like those (an encoder by handle_unknown, nulls by an imputer)."
        ) from error
    unanswered = len(outputs.unanswered())
    if unanswered:
        raise EstimatorUnsupported(
            f"{trained.name}: the estimator gives no finite number for {unanswered} of {len(held_out)} rows that were "
            "held out. Let it answer rows like those (an isotonic regression by out_of_bounds, neighbours by a radius)."
        )
    truth = None if trained.target is None else trained.held_out[trained.target].to_numpy()
    space = _space(trained, held_out)
    if truth is None and trained.task in {"classification", "regression"}:
        # Brought from elsewhere with a sample that has no target: nothing can be measured.
        metrics: dict[str, Any] = {"split": dict(trained.split), "primary": None, "values": {}}
    else:
        metrics = evaluate(outputs, truth, output=schema.output, split=trained.split, space=space)
        metrics["importance"] = importance(
            lambda frame: model.predict(to_rows(frame, schema)),
            trained.held_out[trained.features],
            truth if trained.task in {"classification", "regression"} else None,
            output=schema.output,
            seed=trained.seed,
        )
        metrics["slices"] = slices(
            outputs,
            truth,
            trained.held_out,
            schema=schema,
            importance=metrics["importance"],
            seed=trained.seed,
        )
    return Judged(schema, choice, model, held_out, outputs, truth, metrics, space)


def _space(trained: Trained, held_out: Rows) -> NDArray[np.float64] | None:
    """Give the held-out rows where clusters and anomalies live: after all steps but the last."""
    if trained.task not in {"clustering", "anomaly_detection"}:
        return None
    steps = getattr(trained.estimator, "steps", None)
    if steps and len(steps) > 1:
        space = trained.estimator[:-1].transform(trained.held_out[trained.features])
        return np.asarray(space.toarray() if hasattr(space, "toarray") else space, dtype=np.float64)
    finite = held_out.schema.numeric and bool(np.isfinite(held_out.numbers).all())
    return held_out.numbers if finite else None
