"""Judge rows by their schema: nulls, infinities, whole numbers; warnings for what training did not see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dasier.errors import RowsRefused, Violation
from dasier.rows.held import Rows, RowWarning
from dasier.rows.plan import Plan, plan_of
from dasier.schema import EXACT_INTEGERS, Column, Schema, composed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dasier.rows.faults import Faults
    from dasier.rows.pointers import Pointer


def checked(
    schema: Schema,
    numbers: NDArray[np.float64],
    texts: NDArray[np.object_],
    *,
    pointer: Pointer,
    faults: Faults,
) -> Rows:
    """Judge nulls, infinities and whole numbers; give the rows with their warnings."""
    n_rows = len(numbers) if schema.number_columns else len(texts)
    if n_rows == 0 and not faults.count:
        raise RowsRefused([Violation(pointer(None, None), "no_rows", "There are no rows to answer.")])
    plan = plan_of(schema)
    outside = (numbers < plan.minima) | (numbers > plan.maxima)
    if plan.has_integers or plan.has_booleans or not np.isfinite(numbers).all():
        _judge_numbers(schema, numbers, faults)
    _judge_texts(schema, texts, faults)
    if faults.count:
        raise faults.refusal()
    texts, unseen = _recognised(plan, texts)
    return Rows(schema, numbers, texts, (*_outside(schema, outside), *unseen))


def _judge_numbers(schema: Schema, numbers: NDArray[np.float64], faults: Faults) -> None:
    nulls = np.isnan(numbers)
    infinite = np.isinf(numbers)
    for position, column in enumerate(schema.number_columns):
        if not column.nullable:
            _judge_nulls(column, np.flatnonzero(nulls[:, position]), faults)
        for index in np.flatnonzero(infinite[:, position]).tolist():
            faults.add(index, column.name, "not_finite", "This number is not finite.")
        if column.kind == "boolean":
            cells = numbers[:, position]
            for index in np.flatnonzero((cells != 0) & (cells != 1) & np.isfinite(cells)).tolist():
                faults.add(index, column.name, "wrong_type", "This column takes true or false.")
        if column.kind == "integer":
            cells = numbers[:, position]
            with np.errstate(invalid="ignore"):
                broken = (cells != np.rint(cells)) | (np.abs(cells) > EXACT_INTEGERS)
            for index in np.flatnonzero(broken & ~nulls[:, position] & ~infinite[:, position]).tolist():
                faults.add(
                    index, column.name, "not_integer", "This column takes a whole number of at most 2^53."
                )


def _judge_texts(schema: Schema, texts: NDArray[np.object_], faults: Faults) -> None:
    for position, column in enumerate(schema.text_columns):
        if not column.nullable:
            nulls = [index for index, cell in enumerate(texts[:, position]) if not isinstance(cell, str)]
            _judge_nulls(column, nulls, faults)


def _judge_nulls(column: Column, indices: Sequence[int] | NDArray[np.intp], faults: Faults) -> None:
    for index in map(int, indices):
        if faults.cells.isdisjoint({(index, column.name), (index, None)}):
            faults.add(index, column.name, "null", "This column takes no null: none was seen in training.")


def _outside(schema: Schema, outside: NDArray[np.bool_]) -> Iterator[RowWarning]:
    if outside.any():
        for index, position in np.argwhere(outside).tolist():
            column = schema.number_columns[position]
            unit = f" {column.unit}" if column.unit else ""
            detail = f"Training saw {column.minimum:g} to {column.maximum:g}{unit}; the answer is a guess outside it."
            yield RowWarning(index, column.name, "outside_training_range", detail)


def _recognised(plan: Plan, texts: NDArray[np.object_]) -> tuple[NDArray[np.object_], list[RowWarning]]:
    """Give the texts with categories as training spelt them, and a warning for each that it never saw.

    Accents may be sent composed or not, and look the same (Unicode NFC and NFD). Only a category that is not
    known as it stands is looked up by its composed form, so that nothing is spent on the others.
    """
    warnings: list[RowWarning] = []
    for position, name, known in plan.categories:
        cells = texts[:, position].tolist()
        if not any(isinstance(cell, str) for cell in set(cells).difference(known)):
            continue
        spellings = {composed(category): category for category in known}
        spelt = [spellings.get(composed(c), c) if isinstance(c, str) and c not in known else c for c in cells]
        texts = texts.copy()
        texts[:, position] = spelt
        detail = "This category was not seen in training; the answer does not know it."
        warnings += [
            RowWarning(index, name, "unseen_category", detail)
            for index, cell in enumerate(spelt)
            if isinstance(cell, str) and cell not in known
        ]
    return texts, warnings
