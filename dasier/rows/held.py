"""Validated rows, held the way a runtime wants them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.rows.plan import plan_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dasier.schema import Column, Schema


@dataclass(frozen=True, slots=True)
class RowWarning:
    """Something that a caller should know about a row that was answered."""

    row: int
    column: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Rows:
    """n validated rows.

    Attributes
    ----------
    schema : Schema
    numbers : ndarray of float64, shape (n, n_number_columns)
        The float, integer and boolean columns in schema order; a null is NaN, booleans are 0 and 1.
    texts : ndarray of object, shape (n, n_text_columns)
        The category and text columns in schema order; a null is NaN, as pandas gives it.
    warnings : tuple of RowWarning
    """

    schema: Schema
    numbers: NDArray[np.float64]
    texts: NDArray[np.object_]
    warnings: tuple[RowWarning, ...] = field(default=())

    def __len__(self) -> int:
        """Give n."""
        return len(self.numbers) if self.numbers.shape[1] else len(self.texts)

    def matrix(self) -> NDArray[Any]:
        """Give all columns in schema order: float64 (n, d) if all are numbers, else object (n, d)."""
        if self.schema.numeric:
            return self.numbers
        matrix = np.empty((len(self), len(self.schema.columns)), dtype=object)
        for position, column in enumerate(self.schema.columns):
            matrix[:, position] = self.column(column.name)
        return matrix

    def column(self, name: str) -> NDArray[Any]:
        """Give one column, shape (n,): float64 for numbers, object for strings."""
        is_number, position = plan_of(self.schema).places[name]
        return self.numbers[:, position] if is_number else self.texts[:, position]

    def take(self, indices: Sequence[int] | NDArray[np.intp] | slice) -> Rows:
        """Give some of the rows, without their warnings."""
        return Rows(self.schema, self.numbers[indices], self.texts[indices])

    def records(self) -> list[dict[str, Any]]:
        """Give rows as objects of JSON types: None for a null, int and bool where the column is one."""
        lists = {column.name: self.json_column(column) for column in self.schema.columns}
        return [dict(zip(lists, cells, strict=True)) for cells in zip(*lists.values(), strict=True)]

    def logged(self) -> dict[str, list[Any]]:
        """Give the cells of each column that tells of no person, for orjson, which writes a NaN as null.

        All floats in one call and all texts in one: what is done column by column costs a microsecond each.
        """
        plan = plan_of(self.schema)
        cells: dict[str, list[Any]] = dict(zip(plan.number_names, self.numbers.T.tolist(), strict=True))
        for column in plan.cast:
            cells[column.name] = self.json_column(column)
        if plan.text_names:
            cells |= zip(plan.text_names, self.texts.T.tolist(), strict=True)
        for name in plan.personal:
            del cells[name]
        return cells

    def json_column(self, column: Column) -> list[Any]:
        """Give one column's cells as JSON types: None for a null, int and bool where the column is one."""
        cells = self.column(column.name).tolist()
        cast: Callable[[Any], Any] = {"integer": int, "boolean": bool}.get(column.kind, lambda cell: cell)
        return [None if cell != cell else cast(cell) for cell in cells]  # noqa: PLR0124 (only NaN differs from itself)


def concatenate(parts: Sequence[Rows]) -> Rows:
    """Give the rows of several parts of one schema, one after the other."""
    return Rows(
        parts[0].schema,
        np.concatenate([part.numbers for part in parts]),
        np.concatenate([part.texts for part in parts]),
    )
