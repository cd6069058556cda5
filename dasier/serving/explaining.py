"""Why this answer: what each feature adds to it, against a typical row.

Shapley values of the game in which a coalition of features has this row's values and the
others have the typical row's (the training medians and most frequent values). They need
nothing of the model but its answers, so every runtime explains, and they add up: the typical
row's number plus all contributions is the number that is explained. Up to `_EXACT` features
they are computed from every coalition; beyond, from random orders and their reverses, with
a fixed seed, so that the same row always gets the same explanation.

Sources: Shapley (1953); Štrumbelj and Kononenko (2014) for sampling; Mitchell, Cooper, Frank
and Holmes (2022) for orders taken with their reverses; Sundararajan and Najmi (2020) for the
typical row as the reference ("baseline Shapley").
"""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.errors import InvalidRequest, Violation
from dasier.rows import Rows, from_columns, pointer_in
from dasier.runtimes import Model, Outputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dasier.schema import Schema

_EXACT = 8
"""Features: 2^8 = 256 coalitions a row."""

_ORDERS = 12
"""Random orders, each also reversed."""

_BATCH_ROWS = 20_000
_MOST_ANSWERS = 500_000
"""How many answers of the model one request may cost: seconds for a forest."""
_NOISE = 1e-14
"""What sums of float64 leave of a feature that adds nothing, relative to the numbers summed."""


def explain(model: Model, rows: Rows, outputs: Outputs) -> list[dict[str, Any]]:
    """Give each row's contributions.

    Parameters
    ----------
    model : Model
    rows : Rows
        n rows.
    outputs : Outputs
        The model's answers to them.

    Returns
    -------
    list of dict
        A row each: ``of`` (what is explained: ``prediction``, ``score``, or the predicted class),
        ``reference`` (the typical row's number) and ``contributions`` by column, in the unit
        of a regression, in probability for a class. A model that gives labels alone is explained
        by whether the label stays what it is: 1 or 0.

    Raises
    ------
    InvalidRequest
        If there are more rows than can be explained in the time of a request.
    """
    schema = rows.schema
    most = max(1, _MOST_ANSWERS // len(_coalitions(len(schema.columns))))
    if len(rows) > most:
        detail = f"This model's answers are explained for at most {most} rows at a time."
        raise InvalidRequest(detail, [Violation("?explain", "too_many_rows", detail)])
    reference = _reference(schema)
    coalitions = _coalitions(len(schema.columns))
    weights = _weights(len(schema.columns))
    explanations = []
    for index in range(len(rows)):
        mixed = _mix(rows, index, reference, coalitions)
        of, numbers = _explained(schema, outputs, index, _answers(model, mixed))
        contributions = weights @ numbers
        contributions[np.abs(contributions) < _NOISE * max(1.0, float(np.abs(numbers).max()))] = 0.0
        explanations.append(
            {
                "of": of,
                "reference": float(numbers[0]),
                "contributions": dict(zip(schema.names, contributions.tolist(), strict=True)),
            }
        )
    return explanations


def _reference(schema: Schema) -> Rows:
    cells = {name: [cell] for name, cell in schema.typical().items()}
    return from_columns(schema, cells, pointer_in("#/typical", by_column=True))


@lru_cache(maxsize=64)
def _coalitions(n_features: int) -> NDArray[np.bool_]:
    """Give the coalitions whose answers are needed, shape (n_coalitions, n_features); the empty one first."""
    if n_features <= _EXACT:
        numbers = np.arange(2**n_features)
        return (numbers[:, None] >> np.arange(n_features) & 1).astype(bool)
    steps = [np.zeros(n_features, dtype=bool)]
    for order in _orders(n_features):
        present = np.zeros(n_features, dtype=bool)
        for feature in order:
            present = present.copy()
            present[feature] = True
            steps.append(present)
    return np.array(steps)


@lru_cache(maxsize=64)
def _weights(n_features: int) -> NDArray[np.float64]:
    """Give what turns the coalitions' answers into contributions, shape (n_features, n_coalitions)."""
    coalitions = _coalitions(n_features)
    weights = np.zeros((n_features, len(coalitions)))
    if n_features <= _EXACT:
        sizes = coalitions.sum(axis=1)
        for feature in range(n_features):
            inside = coalitions[:, feature]
            others = sizes - inside
            share = np.array([1 / (n_features * comb(n_features - 1, size)) for size in others.tolist()])
            weights[feature] = np.where(inside, share, -share)
        return weights
    orders = _orders(n_features)
    for number, order in enumerate(orders):
        for step, feature in enumerate(order):
            here = 1 + number * n_features + step
            weights[feature, here] += 1 / len(orders)
            weights[feature, here - 1 if step else 0] -= 1 / len(orders)
    return weights


def _orders(n_features: int) -> list[NDArray[np.intp]]:
    generator = np.random.default_rng(n_features)
    forward = [generator.permutation(n_features) for _ in range(_ORDERS)]
    return [order for pair in ((o, o[::-1]) for o in forward) for order in pair]


def _mix(rows: Rows, index: int, reference: Rows, coalitions: NDArray[np.bool_]) -> Rows:
    """Give one row a coalition: this row's values inside it, the typical row's outside."""
    is_number = np.array([column.is_number for column in rows.schema.columns])
    numbers = np.where(coalitions[:, is_number], rows.numbers[index], reference.numbers[0])
    texts = np.where(coalitions[:, ~is_number], rows.texts[index], reference.texts[0])
    return Rows(rows.schema, numbers, texts.astype(object))


def _answers(model: Model, mixed: Rows) -> Outputs:
    parts = [
        model.predict(mixed.take(slice(start, start + _BATCH_ROWS)))
        for start in range(0, len(mixed), _BATCH_ROWS)
    ]
    if len(parts) == 1:
        return parts[0]
    whole = {
        name: None
        if getattr(parts[0], name) is None
        else np.concatenate([getattr(part, name) for part in parts])
        for name in ("predictions", "probabilities", "scores")
    }
    return Outputs(**whole)  # type: ignore[arg-type]


def _explained(
    schema: Schema, outputs: Outputs, index: int, answers: Outputs
) -> tuple[str, NDArray[np.float64]]:
    """Give what is explained and its number for each coalition."""
    if schema.output.task == "regression":
        return "prediction", answers.predictions.astype(np.float64)
    if answers.scores is not None:
        return "score", answers.scores
    label = outputs.predictions.tolist()[index]
    if answers.probabilities is None:
        stays = np.asarray(answers.predictions == label, dtype=np.float64)
        return (str(label).lower() if isinstance(label, bool) else str(label)), stays
    position = schema.output.classes.index(label)
    return schema.output.class_keys[position], answers.probabilities[:, position]
