"""Steps that put columns together: pipelines, choices of columns, imputers and encoders.

Rows come in as an array, or as a pair of arrays, numbers and texts, where there are both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dasier.runtimes.arrays.container import Node

    Step = Callable[[Any], Any]

_MOST_COLUMNS = 1_000_000
"""More are refused: steps that pass all columns on many times, one behind the other, multiply them."""

NUMBERS, TEXTS, ALL = 0, 1, 2
"""Which array of the rows a step takes its columns of: of a pair, or the one that there is."""


def pipeline(_node: Node, parts: Sequence[Step]) -> Step:
    """Do one step after the other."""
    if len(parts) == 2:
        first, second = parts
        return lambda rows: second(first(rows))

    def run(rows: Any) -> Any:
        for part in parts:
            rows = part(rows)
        return rows

    return run


def side_by_side(node: Node, parts: Sequence[Step]) -> Step:
    """Let each part see its columns, and put what they give next to each other."""
    sources = node.values["sources"]
    chosen = [_chooser(source, node.arrays.get(f"columns{i}")) for i, source in enumerate(sources)]
    pairs = list(zip(chosen, parts, strict=True))
    if len(pairs) == 1:
        choose, only = pairs[0]
        return lambda rows: only(choose(rows))

    def transform(rows: Any) -> Any:
        found = [part(choose(rows)) for choose, part in pairs]
        if sum([one.shape[1] for one in found]) > _MOST_COLUMNS:
            message = "there are too many columns"
            raise ValueError(message)
        return np.concatenate(found, axis=1)

    return transform


def _chooser(source: int, columns: NDArray[Any] | None) -> Step:
    if source == ALL:
        return (lambda rows: rows) if columns is None else (lambda rows: rows[:, columns])
    if columns is None:
        return lambda rows: rows[source]
    return lambda rows: rows[source][:, columns]


def imputed(node: Node, _parts: Any) -> Step:
    """Fill nulls in with a number a column, drop columns, append which were null."""
    filling, kept = node.arrays["filling"], node.arrays.get("kept")
    marked, missing = node.arrays.get("marked"), node.values["missing"]
    refuses_nulls = missing is not None

    def transform(x: NDArray[np.float64]) -> NDArray[np.float64]:
        gaps = np.isnan(x) if missing is None else x == missing
        if refuses_nulls and np.isnan(x).any():
            message = "Input X contains NaN."
            raise ValueError(message)
        filled = np.where(gaps, filling, x)
        if kept is not None:
            filled = filled[:, kept]
        if marked is None:
            return filled
        return np.concatenate([filled, gaps[:, marked]], axis=1)

    return transform


def imputed_texts(node: Node, _parts: Any) -> Step:
    """Fill nulls in with a string a column."""
    filling = np.array(node.values["filling"], dtype=object)

    def transform(texts: NDArray[np.object_]) -> NDArray[np.object_]:
        return np.where(texts == texts, texts, filling)  # noqa: PLR0124 (only NaN differs from itself)

    return transform


def one_hot(node: Node, _parts: Any) -> Step:
    """Give a column of zeros and ones for each category."""
    finders = _finders(node)
    slots = [node.arrays[f"codes{i}"].astype(np.intp) for i in range(len(finders))]
    width = int(node.values["width"])
    if any(slot.min(initial=0) < 0 or slot.max(initial=0) > width for slot in slots) or width > sum(
        map(len, slots)
    ):
        message = "the categories and their columns do not fit"
        raise ValueError(message)

    def transform(cells: NDArray[Any]) -> NDArray[np.float64]:
        found = np.zeros((len(cells), width + 1))  # the last column takes what no category is marked for
        every = np.arange(len(cells))
        for position, (find, slot) in enumerate(zip(finders, slots, strict=True)):
            found[every, slot.take(find(cells[:, position]))] = 1.0
        return found[:, :width]

    return transform


def looked_up(node: Node, _parts: Any) -> Step:
    """Give a number, or several, for each category."""
    finders = _finders(node)
    tables = [node.arrays[f"codes{i}"] for i in range(len(finders))]

    def transform(cells: NDArray[Any]) -> NDArray[np.float64]:
        parts = [
            table.take(find(cells[:, position]), axis=0)
            for position, (find, table) in enumerate(zip(finders, tables, strict=True))
        ]
        return np.concatenate(parts, axis=1)

    return transform


def _finders(node: Node) -> list[Callable[[NDArray[Any]], NDArray[np.intp]]]:
    """Give, for each column, what finds the positions of cells among its categories: n for others, n + 1 for nulls."""
    strict, null_known = node.values["strict"], node.values["null_known"]
    return [
        _checked(
            _text_finder(texts) if texts is not None else _number_finder(node.arrays[f"categories{i}"]),
            len(texts) if texts is not None else len(node.arrays[f"categories{i}"]),
            strict=strict,
            null_known=null_known[i],
        )
        for i, texts in enumerate(node.values["categories"])
    ]


def _text_finder(categories: Sequence[str]) -> Callable[[NDArray[Any]], NDArray[np.intp]]:
    known = {category: position for position, category in enumerate(categories)}
    other, null = len(categories), len(categories) + 1

    def find(cells: NDArray[Any]) -> NDArray[np.intp]:
        get = known.get
        found = [get(cell, other) if cell == cell else null for cell in cells.tolist()]  # noqa: PLR0124 (a NaN)
        return np.array(found, dtype=np.intp)

    return find


def _number_finder(categories: NDArray[np.float64]) -> Callable[[NDArray[Any]], NDArray[np.intp]]:
    other, null = len(categories), len(categories) + 1
    ends = np.append(categories, np.inf)

    def find(cells: NDArray[Any]) -> NDArray[np.intp]:
        at = np.searchsorted(categories, cells)
        at = np.where(ends.take(at) == cells, at, other)
        return np.where(np.isnan(cells), null, at)

    return find


def _checked(
    find: Callable[[NDArray[Any]], NDArray[np.intp]], other: int, *, strict: bool, null_known: bool
) -> Callable[[NDArray[Any]], NDArray[np.intp]]:
    """Raise where the encoder was told to: at categories that it never saw, a null among them."""
    if not strict:
        return find

    def find_known(cells: NDArray[Any]) -> NDArray[np.intp]:
        found = find(cells)
        if (found == other).any() or (not null_known and (found > other).any()):
            message = "Found unknown categories."
            raise ValueError(message)
        return found

    return find_known


KINDS = {
    "pipeline": pipeline,
    "side_by_side": side_by_side,
    "imputed": imputed,
    "imputed_texts": imputed_texts,
    "one_hot": one_hot,
    "looked_up": looked_up,
}
