"""Answer rows with a loaded version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dasier import runtimes
from dasier.errors import RowsRefused, Violation
from dasier.rows import MAX_VIOLATIONS

if TYPE_CHECKING:
    from dasier.rows import Pointer, Rows
    from dasier.runtimes import Outputs
    from dasier.serving.loading import Loaded

MOST_BLAMED = 100


def predict(loaded: Loaded, rows: Rows, pointer: Pointer) -> Outputs:
    """Give a version's answers to rows, in their order.

    Parameters
    ----------
    loaded : Loaded
    rows : Rows
        n rows.
    pointer : callable
        Where a row stands in the request.

    Raises
    ------
    RowsRefused
        If the model refuses rows, or gives a number that is not finite; naming each such row.
    """
    try:
        outputs = loaded.model.predict(rows)
    except ValueError as error:
        # As scikit-learn does for a row that the estimator was not made for: a category that its encoder never saw.
        raise RowsRefused(
            Violation(
                pointer(row, None), "not_answered", "The model cannot answer this row: a value is new to it."
            )
            for row in runtimes.blamed(loaded.model, rows, most=MOST_BLAMED)
        ) from error
    broken = outputs.unanswered()
    if broken.size:
        raise RowsRefused(
            Violation(
                pointer(row, None), "not_finite_answer", "The model gives no finite number for this row."
            )
            for row in broken[:MAX_VIOLATIONS].tolist()
        )
    return outputs
