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
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from dasier.schema import Schema

_EXACT = 8
"""Features: 2^8 = 256 coalitions a row."""

_ORDERS = 12
"""Random orders, each also reversed."""

_CELLS = 2_000_000
"""How many cells the model is asked about at a time: 16 MB of numbers, however many columns there are."""

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
    n_features = len(schema.columns)
    most = max(1, _MOST_ANSWERS // _count(n_features))
    if len(rows) > most:
        detail = f"This model's answers are explained for at most {most} rows at a time."
        raise InvalidRequest(detail, [Violation("?explain", "too_many_rows", detail)])
    reference = _reference(schema)
    explanations = []
    for index in range(len(rows)):
        answers = _answers(model, _mixtures(rows, index, reference))
        of, numbers = _explained(schema, outputs, index, answers)
        contributions = _contributions(n_features, numbers)
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


def _count(n_features: int) -> int:
    """Give how many coalitions a row's explanation asks the model about."""
    return 2**n_features if n_features <= _EXACT else 1 + 2 * _ORDERS * n_features


def _coalitions(n_features: int) -> Iterator[NDArray[np.bool_]]:
    """Give the coalitions whose answers are needed, shape (at most `_CELLS` // n, n) a part; the empty one first."""
    at_once = max(1, _CELLS // n_features)
    for start in range(0, _count(n_features), at_once):
        yield _part(n_features, start, min(start + at_once, _count(n_features)))


@lru_cache(maxsize=8)
def _part(n_features: int, start: int, stop: int) -> NDArray[np.bool_]:
    """Give the coalitions of some numbers: every one there is or, beyond `_EXACT` features, the steps of the random orders."""
    numbers = np.arange(start, stop)
    if n_features <= _EXACT:
        return (numbers[:, None] >> np.arange(n_features) & 1).astype(bool)
    order, step = np.divmod(numbers - 1, n_features)
    step[numbers == 0] = -1  # before the first step there is nothing in it
    ranks = np.argsort(_orders(n_features), axis=1)
    return np.asarray(ranks[order] <= step[:, None])


def _contributions(n_features: int, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give what each feature adds, shape (n_features,), of the numbers for the coalitions in their order."""
    if n_features <= _EXACT:
        return _weights(n_features) @ numbers
    orders = _orders(n_features)
    steps = numbers[1:].reshape(orders.shape)
    before = np.column_stack([np.full(len(orders), numbers[0]), steps[:, :-1]])
    added = np.empty_like(steps)
    np.put_along_axis(added, orders, steps - before, axis=1)
    return np.asarray(added.mean(axis=0))


@lru_cache(maxsize=_EXACT)
def _weights(n_features: int) -> NDArray[np.float64]:
    """Give what turns the answers to every coalition into contributions, shape (n_features, 2^n_features)."""
    coalitions = _part(n_features, 0, 2**n_features)
    weights = np.zeros((n_features, len(coalitions)))
    sizes = coalitions.sum(axis=1)
    for feature in range(n_features):
        inside = coalitions[:, feature]
        others = sizes - inside
        share = np.array([1 / (n_features * comb(n_features - 1, size)) for size in others.tolist()])
        weights[feature] = np.where(inside, share, -share)
    return weights


@lru_cache(maxsize=64)
def _orders(n_features: int) -> NDArray[np.intp]:
    """Give random orders of the features, each followed by its reverse, shape (2 * `_ORDERS`, n_features)."""
    generator = np.random.default_rng(n_features)
    forward = (generator.permutation(n_features) for _ in range(_ORDERS))
    return np.array([order for one in forward for order in (one, one[::-1])])


def _mixtures(rows: Rows, index: int, reference: Rows) -> Iterator[Rows]:
    """Give one row each coalition: this row's values inside it, the typical row's outside."""
    is_number = np.array([column.is_number for column in rows.schema.columns])
    for coalitions in _coalitions(len(is_number)):
        numbers = np.where(coalitions[:, is_number], rows.numbers[index], reference.numbers[0])
        texts = np.where(coalitions[:, ~is_number], rows.texts[index], reference.texts[0])
        yield Rows(rows.schema, numbers, texts.astype(object))


def _answers(model: Model, parts: Iterable[Rows]) -> Outputs:
    answered = [model.predict(part) for part in parts]
    whole = {
        name: None
        if getattr(answered[0], name) is None
        else np.concatenate([getattr(part, name) for part in answered])
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
