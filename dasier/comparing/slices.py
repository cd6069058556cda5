"""Which parts of the rows change more than the others, with many of them looked at.

A part that stands out among many may do so by chance. So the changes are shuffled over the rows, again and again,
and the most striking part of each shuffle is what a part is held against: the probability that is told is that
of *any* part looking so (Westfall and Young 1993, the maximum of the statistics).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.gate.holdout import belongs
from dasier.measuring.measures import CELLS_AT_ONCE, MANY_ROWS, RESAMPLES, intervals, mean, wilson
from dasier.rules import DEFAULT_LEAST_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from dasier.rules import Slice

    Floats = NDArray[np.float64]

SEED = 1979
STANDS_OUT = 0.05
"""The probability, over all parts together, below which chance is no explanation any more."""

MOST_VALUES = 50
"""The values of a column that are looked at: the most frequent."""

_BINS = 4
_FEW = 10
"""A column of numbers with no more values than this is looked at by value, not by range."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the rows.

    Attributes
    ----------
    title : str
    column : str
    inside : ndarray of bool, shape (n,)
    of_gate : bool
        Whether the recipe's table ``[gate]`` names it.
    """

    title: str
    column: str
    inside: NDArray[np.bool_]
    of_gate: bool = False


def parts_of(columns: Mapping[str, Sequence[Any]], named: Sequence[Slice] = ()) -> list[Part]:
    """Give the parts that are looked at: those that the gate names, each value, and ranges of numbers that hold about as many rows each."""
    found = [
        Part(
            one.title,
            one.column,
            np.array([belongs(cell, one) for cell in columns[one.column]]),
            of_gate=True,
        )
        for one in {one.title: one for one in named}.values()
        if one.column in columns
    ]
    titles = {part.title for part in found}
    for name, cells in columns.items():
        found += [part for part in _of_column(name, cells) if part.title not in titles]
    return found


def _of_column(name: str, cells: Sequence[Any]) -> Iterator[Part]:
    null = np.array([cell is None for cell in cells])
    if null.any():
        yield Part(f"{name} is null", name, null)
    held = [cell for cell in cells if cell is not None]
    numbers = all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in held)
    if numbers and len(set(held)) > _FEW:
        yield from _ranges(name, np.array([np.nan if cell is None else cell for cell in cells], dtype=float))
        return
    values, counts = np.unique([_shown(cell) for cell in held], return_counts=True)
    shown = np.array([_shown(cell) for cell in cells])
    for value in values[np.argsort(-counts, kind="stable")][:MOST_VALUES].tolist():
        yield Part(f"{name} = {value}", name, (shown == value) & ~null)


def _ranges(name: str, cells: Floats) -> Iterator[Part]:
    # Fewer parts of few rows: each should be large enough to show anything.
    n_bins = max(2, min(_BINS, len(cells) // DEFAULT_LEAST_ROWS))
    edges = np.unique(np.nanquantile(cells, np.linspace(0, 1, n_bins + 1), method="inverted_cdf"))
    for position, (low, high) in enumerate(pairwise(edges.tolist())):
        last = position == len(edges) - 2
        inside = (cells >= low) & ((cells <= high) if last else (cells < high))
        yield Part(f"{name} {low:.10g} to {'' if last else 'under '}{high:.10g}", name, inside)


def _shown(cell: Any) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    return f"{cell:.15g}" if isinstance(cell, float) else str(cell)  # six digits would make one value of two


def told_of(
    parts: Sequence[Part],
    size: Floats,
    *,
    signed: Floats | None = None,
    least_rows: int = DEFAULT_LEAST_ROWS,
    most: int = 20,
) -> dict[str, Any]:
    """Give the parts that changed most, worst first: those that stand out, then the others.

    Parameters
    ----------
    parts
        Of the n rows.
    size : ndarray, shape (n,)
        How far each row changed: 0 or 1 for a label, else a distance.
    signed : ndarray or None
        For numbers: the change with its sign.
    least_rows
        Smaller parts are only counted, unless the gate names them; they do not count among those looked at.
    most
        How many are told beside those that the gate names.
    """
    large = [part for part in parts if part.inside.sum() >= least_rows]
    chances = dict(zip((id(part) for part in large), _chances(large, size), strict=True))
    few = [part for part in parts if part.of_gate and id(part) not in chances]
    told = []
    for part in [*large, *few]:
        chance = chances.get(id(part))
        told.append((part, chance, float(size[part.inside].mean()) if part.inside.any() else None))
    told.sort(
        key=lambda one: (
            one[1] is None,
            one[1] is not None and one[1] >= STANDS_OUT,
            -(one[2] or 0.0),
            -int(one[0].inside.sum()),
        )
    )
    kept = [one for position, one in enumerate(told) if position < most or one[0].of_gate]
    return {
        "measure": "changed" if signed is None else "mean_absolute",
        "all_rows": float(size.mean()) if len(size) else None,
        "least_rows": least_rows,
        "looked_at": len(large),
        "too_few": len(parts) - len(large),
        "told": [_told(part, chance, size, signed) for part, chance, _ in kept],
    }


def _told(part: Part, chance: float | None, size: Floats, signed: Floats | None) -> dict[str, Any]:
    inside = size[part.inside]
    told: dict[str, Any] = {
        "slice": part.title,
        "column": part.column,
        "of_gate": part.of_gate,
        "rows": len(inside),
        "chance": chance,
        "stands_out": chance is not None and chance < STANDS_OUT,
    }
    if not len(inside):
        return told
    if signed is None:
        changed = int(inside.sum())
        return told | {"changed": changed, **wilson(changed, len(inside))}
    return (
        told
        | dict(intervals({"_": mean(inside)}, len(inside), seed=SEED)["_"])
        | {"bias": float(signed[part.inside].mean())}
    )


def _chances(parts: Sequence[Part], size: Floats) -> list[float]:
    """Give for each part how likely chance makes any of them stand out as much."""
    n_rows, spread = len(size), float(size.std())
    if not parts or spread <= 1e-12 * max(1.0, float(np.abs(size).max())):
        return [1.0] * len(parts)
    inside = np.stack([part.inside for part in parts], axis=1).astype(np.float64)
    counts = inside.sum(axis=0)
    # The standard error of a mean of some of n rows, drawn without replacement (Cochran 1977, ch. 2).
    errors = spread * np.sqrt((1 - counts / n_rows) / counts * n_rows / max(1, n_rows - 1))
    errors[errors == 0] = np.inf  # all of the rows: nothing to stand out from
    centre = size.mean()
    found = (size @ inside / counts - centre) / errors
    rng = np.random.default_rng(SEED)
    todo = RESAMPLES if n_rows < MANY_ROWS else RESAMPLES // 5
    at_once = max(1, CELLS_AT_ONCE // n_rows)
    reached = np.zeros(len(parts))
    for start in range(0, todo, at_once):
        shuffled = rng.permuted(np.tile(size, (min(at_once, todo - start), 1)), axis=1)
        highest = ((shuffled @ inside / counts - centre) / errors).max(axis=1)
        reached += (highest[:, None] >= found[None, :] - 1e-9).sum(axis=0)
    return [float(chance) for chance in (1 + reached) / (1 + todo)]
