"""Rows on which two implementations of a model are likeliest to differ.

Held-out rows alone prove little: they stand where training rows stood. A conversion goes wrong
outside the training range, at nulls, at categories that training never saw, at zeros, on the very rows that a model
remembers, and on rows that stand within a rounding error of a tree's threshold. Each such kind of row is made here,
all legal under the schema, and the same for the same seed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.building.thresholds import thresholds
from dasier.rows import Rows
from dasier.schema import EXACT_INTEGERS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from numpy.typing import NDArray

    from dasier.schema import Column, Schema

_MOST_THRESHOLDS = 300
_UNSEEN = ("unseen by training", "", "é 未見")
_TINY = (1e-20, 5e-324)
_FARTHEST = 6
"""Orders of magnitude beyond the training range: grams for tonnes."""

OF_CONVERSIONS = frozenset({"far", "edges", "fitted"})
"""Kinds that the estimator's own copy is not asked: sums that cancel to nothing, or rows that stand exactly at a border, tell
whether a matrix lies otherwise in memory, and that is all that can differ in a copy."""


@dataclass(frozen=True, slots=True)
class Probes:
    """Rows by kind.

    Attributes
    ----------
    kinds : mapping from str to Rows
        ``held_out``, ``inside``, ``outside``, ``nulls``, ``unseen``, ``at_thresholds``, ``far``, ``edges``, ``fitted``; a
        kind that does not apply to the schema or the estimator is left out.
    unprobed : int
        How many thresholds stand behind a transformation that is not undone here.
    """

    kinds: Mapping[str, Rows]
    unprobed: int = 0

    def __len__(self) -> int:
        """Give the number of rows."""
        return sum(map(len, self.kinds.values()))

    def without(self, kinds: Collection[str]) -> Probes:
        """Give the rows of other kinds than these."""
        return replace(self, kinds={kind: rows for kind, rows in self.kinds.items() if kind not in kinds})


def probes(  # noqa: PLR0913 (keywords, each a source of rows)
    schema: Schema,
    held_out: Rows,
    estimator: Any = None,
    *,
    fitted: Rows | None = None,
    seed: int,
    size: int = 300,
) -> Probes:
    """Give rows of every kind.

    Parameters
    ----------
    schema
    held_out
        Rows that the estimator was not fitted on; at most 2,000 of them are taken.
    estimator
        The fitted one, whose trees are searched for thresholds; None for none.
    fitted
        Rows that it was fitted on, if they are known.
    seed
    size
        How many rows of each random kind.
    """
    rng = np.random.default_rng(seed)
    found = thresholds(estimator, schema)
    kinds = {
        "held_out": held_out.take(np.sort(rng.permutation(len(held_out))[:2000])),
        "inside": _random(schema, held_out, rng, size=size, margin=0.0),
        "outside": _random(schema, held_out, rng, size=size, margin=1.0),
        "nulls": _nulls(schema, held_out, rng, size=size),
        "unseen": _unseen(schema, held_out, rng, size=size),
        "at_thresholds": _at_thresholds(schema, held_out, found.by_column, rng),
        "far": _far(schema, held_out, rng, size=size),
        "edges": _edges(schema, held_out, rng, size=size),
        "fitted": fitted and fitted.take(np.sort(rng.permutation(len(fitted))[:size])),
    }
    return Probes({kind: rows for kind, rows in kinds.items() if rows is not None}, found.unreached)


def _drawn(held_out: Rows, rng: np.random.Generator, size: int) -> tuple[NDArray[Any], NDArray[Any]]:
    chosen = held_out.take(rng.integers(0, len(held_out), size))
    return chosen.numbers.copy(), chosen.texts.copy()


def _random(
    schema: Schema, held_out: Rows, rng: np.random.Generator, *, size: int, margin: float
) -> Rows | None:
    """Give rows whose numbers are uniform in the range, widened on both sides by `margin` times its width."""
    if margin and not schema.number_columns:
        return None
    numbers, texts = _drawn(held_out, rng, size)
    for position, column in enumerate(schema.number_columns):
        low, high = _range(column, held_out.numbers[:, position])
        width = (high - low) * margin
        numbers[:, position] = _legal(column, rng.uniform(low - width, high + width, size))
    for position, text_column in enumerate(schema.text_columns):
        if text_column.categories:
            texts[:, position] = rng.choice(np.array(text_column.categories, dtype=object), size)
    return Rows(schema, numbers, texts)


def _nulls(schema: Schema, held_out: Rows, rng: np.random.Generator, *, size: int) -> Rows | None:
    """Give rows with a null here and there, and one with every null that is allowed."""
    nullable_numbers = np.array([column.nullable for column in schema.number_columns], dtype=bool)
    nullable_texts = np.array([column.nullable for column in schema.text_columns], dtype=bool)
    if not nullable_numbers.any() and not nullable_texts.any():
        return None
    numbers, texts = _drawn(held_out, rng, size)
    for cells, nullable in ((numbers, nullable_numbers), (texts, nullable_texts)):
        if nullable.any():
            mask = (rng.random(cells.shape) < 0.3) & nullable
            mask[0] = nullable
            cells[mask] = np.nan
    return Rows(schema, numbers, texts)


def _unseen(schema: Schema, held_out: Rows, rng: np.random.Generator, *, size: int) -> Rows | None:
    if not schema.text_columns:
        return None
    numbers, texts = _drawn(held_out, rng, size)
    mask = rng.random(texts.shape) < 0.5
    texts[mask] = rng.choice(np.array(_UNSEEN, dtype=object), int(mask.sum()))
    return Rows(schema, numbers, texts)


def _at_thresholds(
    schema: Schema, held_out: Rows, found: Mapping[str, NDArray[np.float64]], rng: np.random.Generator
) -> Rows | None:
    """Give rows with one number at a threshold or next to it, and rows with every number at the nearest one."""
    numbers: list[NDArray[np.float64]] = []
    texts: list[NDArray[np.object_]] = []
    share = max(1, _MOST_THRESHOLDS // max(1, len(found)))
    positions = {column.name: index for index, column in enumerate(schema.number_columns)}
    for name, values in found.items():
        column = schema.by_name[name]
        for value in _around(rng.permutation(values)[:share]):
            drawn, words = _drawn(held_out, rng, len(value))
            drawn[:, positions[name]] = _legal(column, value)
            numbers.append(drawn)
            texts.append(words)
    if not numbers:
        return None
    for shift in range(5):
        drawn, words = _drawn(held_out, rng, min(300, len(held_out)))
        for name, values in found.items():
            cells = drawn[:, positions[name]]
            nearest = values[_nearest(values, np.nan_to_num(cells))]
            snapped = list(_around(nearest))[shift]
            drawn[:, positions[name]] = np.where(
                np.isnan(cells), cells, _legal(schema.by_name[name], snapped)
            )
        numbers.append(drawn)
        texts.append(words)
    return Rows(schema, np.concatenate(numbers), np.concatenate(texts))


def _far(schema: Schema, held_out: Rows, rng: np.random.Generator, *, size: int) -> Rows | None:
    """Give rows with numbers that are up to a million times farther away than the training range is wide."""
    if not schema.number_columns:
        return None
    numbers, texts = _drawn(held_out, rng, size)
    for position, column in enumerate(schema.number_columns):
        low, high = _range(column, held_out.numbers[:, position])
        far = (high - low) * 10 ** rng.uniform(1, _FARTHEST, size) * rng.choice([-1, 1], size)
        cells = numbers[:, position]
        numbers[:, position] = _legal(column, np.where(rng.random(size) < 0.5, (low + high) / 2 + far, cells))
    return Rows(schema, numbers, texts)


def _edges(schema: Schema, held_out: Rows, rng: np.random.Generator, *, size: int) -> Rows | None:
    """Give rows with zeros of both signs, ends of the range and next to nothing, and rows of nothing else."""
    if not schema.number_columns:
        return None
    numbers, texts = _drawn(held_out, rng, size)
    for position, column in enumerate(schema.number_columns):
        edges = np.array([0.0, -0.0, *_range(column, held_out.numbers[:, position]), *_TINY])
        cells = np.where(rng.random(size) < 0.5, rng.choice(edges, size), numbers[:, position])
        cells[: len(edges)] = edges
        numbers[:, position] = _legal(column, cells)
    return Rows(schema, numbers, texts)


def _around(values: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Give thresholds themselves, and their neighbours in float64 and in float32."""
    yield values
    yield np.nextafter(values, np.inf)
    yield np.nextafter(values, -np.inf)
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    yield np.nextafter(single, np.float32(np.inf)).astype(np.float64)
    yield np.nextafter(single, np.float32(-np.inf)).astype(np.float64)


def _nearest(values: NDArray[np.float64], cells: NDArray[np.float64]) -> NDArray[np.intp]:
    """Give, for each cell, the position of the nearest of sorted values."""
    right = np.clip(np.searchsorted(values, cells), 1, max(1, len(values) - 1))
    left = right - 1
    right = np.minimum(right, len(values) - 1)
    return np.where(np.abs(cells - values[left]) <= np.abs(cells - values[right]), left, right)


def _range(column: Column, seen: NDArray[np.float64]) -> tuple[float, float]:
    if column.kind == "boolean":
        return 0.0, 1.0
    if column.minimum is not None and column.maximum is not None:
        return column.minimum, column.maximum
    finite = seen[np.isfinite(seen)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)


def _legal(column: Column, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give values that validation lets through: whole numbers, or 0 and 1, where the kind asks for it."""
    if column.kind == "integer":
        return np.clip(np.rint(values), -EXACT_INTEGERS, EXACT_INTEGERS)  # validation refuses larger ones
    if column.kind == "boolean":
        return (values > 0.5).astype(np.float64)
    return values
