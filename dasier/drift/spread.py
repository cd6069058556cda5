"""How a column was spread in training, in bins that what callers send is counted in as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.schema import composed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dasier.drift.statistics import Counts

MOST_BINS = 10
"""Bins of the stability index: its thresholds were found with ten (Siddiqi 2006)."""

_BOOLEANS = {"true": "true", "1": "true", "1.0": "true", "false": "false", "0": "false", "0.0": "false"}
"""How a boolean may be written in a baseline or a log."""


@dataclass(frozen=True)
class Spread:
    """A column or the output as training showed it.

    Attributes
    ----------
    name : str
    kind : str
        Of the schema: ``float``, ``integer``, ``boolean``, ``category``, ``text``, or ``label`` for classes.
    edges : array of float or None
        Of a histogram's bins, ascending; None for values.
    values : tuple of str
        The most frequent ones, which have a bin each; empty for numbers.
    known : frozenset of str
        Every value of training.
    trained : array of int
        How many training rows each bin holds: below the range, the bins, above it, null. For values: theirs, the rarer
        ones together, those never seen, null.
    singles : int
        Values that one training row alone had: how often a new value was met there (Good 1953, Biometrika 40).
    """

    name: str
    kind: str
    edges: NDArray[np.float64] | None
    values: tuple[str, ...]
    known: frozenset[str]
    trained: Counts
    singles: int = 0

    @classmethod
    def of(cls, name: str, kind: str, spread: Mapping[str, Any]) -> Spread:
        """Read what the baseline says of a column (`dasier.building.baseline`)."""
        nulls = int(spread.get("nulls", 0))
        if "edges" in spread:
            edges = np.asarray(spread["edges"], dtype=np.float64)
            counts = [int(count) for count in spread["counts"]] if len(edges) else []
            trained = np.array([0, *counts, 0, nulls], dtype=np.int64)
            return cls(name, kind, edges, (), frozenset(), trained)
        held: dict[str, int] = {}
        for value, count in spread["values"].items():
            held[_key(value, kind)] = held.get(_key(value, kind), 0) + int(count)
        ordered = sorted(held, key=lambda value: (-held[value], value))
        often, rare = ordered[: MOST_BINS - 1], ordered[MOST_BINS - 1 :]
        counts = [*(held[value] for value in often), sum(held[value] for value in rare), 0, nulls]
        singles = sum(count == 1 for count in held.values())
        return cls(name, kind, None, tuple(often), frozenset(held), np.array(counts, dtype=np.int64), singles)

    def count(self, cells: Sequence[Any]) -> Counts:
        """Give how many cells each bin holds; they add up to the number of cells.

        Raises
        ------
        ValueError, TypeError
            If a cell is not of the column's kind.
        """
        there = [cell for cell in cells if cell is not None]
        counted = np.zeros(len(self.trained), dtype=np.int64)
        counted[-1] = len(cells) - len(there)
        if not there:
            return counted
        if self.edges is None:
            places = {value: place for place, value in enumerate(self.values)}
            for cell in there:
                value = _key(cell, self.kind)
                rarer = len(self.values) + (value not in self.known)
                counted[places.get(value, rarer)] += 1
            return counted
        numbers = np.array([len(cell) if self.kind == "text" else float(cell) for cell in there])
        counted[: len(self.trained) - 1] += np.bincount(self._bins(numbers), minlength=len(self.trained) - 1)
        return counted

    def _bins(self, numbers: NDArray[np.float64]) -> NDArray[np.intp]:
        """Give the bin of each number as `numpy.histogram` does: the last edge belongs to the last bin."""
        edges = self.edges
        if edges is None or not len(edges):
            return np.ones(len(numbers), dtype=np.intp)  # all null in training: whatever comes was never seen
        last = len(self.trained) - 2
        places = np.clip(np.searchsorted(edges, numbers, side="right"), 0, last - 1)
        return np.where(numbers > edges[-1], last, np.where(numbers < edges[0], 0, places))

    def outside(self, counted: Counts) -> int:
        """Give how many were out of the range of training, or a value that it never saw."""
        return int(counted[-2]) if self.edges is None else int(counted[0] + counted[-2])

    def ordered(self, counted: Counts) -> Counts:
        """Give the bins of what is not null, in their order: what a distribution function is made of."""
        return counted[:-1]

    def coarse(self, counted: Counts) -> Counts:
        """Give at most ten bins; what is outside counts to the nearest, what was never seen to the rarer values."""
        if self.edges is None:
            rare: Counts = np.append(counted[:-3], counted[-3] + counted[-2])
            return rare
        if len(counted) < 4:
            return counted[:-1]
        inner = counted[1:-2].copy()
        inner[0] += counted[0]
        inner[-1] += counted[-2]
        starts = np.unique(np.linspace(0, len(inner), min(MOST_BINS, len(inner)), endpoint=False).astype(int))
        merged: Counts = np.add.reduceat(inner, starts)
        return merged


def _key(cell: Any, kind: str) -> str:
    text = str(cell)
    return _BOOLEANS.get(text.lower(), text) if kind == "boolean" else composed(text)


def spreads(baseline: Mapping[str, Any], kinds: Mapping[str, str]) -> dict[str, Spread]:
    """Give the columns of a baseline by name, those of whose kind is told."""
    columns = baseline["columns"]
    return {name: Spread.of(name, kind, columns[name]) for name, kind in kinds.items() if name in columns}
