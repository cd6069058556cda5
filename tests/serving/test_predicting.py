from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dasier.errors import RowsRefused
from dasier.rows import MAX_VIOLATIONS, Rows, from_records, pointer_in
from dasier.runtimes import Outputs
from dasier.serving.predicting import predict
from tests.models import X

AT = pointer_in("#/instances")


def rows(*cells: float) -> Rows:
    return from_records(X, [{"x": cell} for cell in cells], AT)


def refused(model: Any, asked: Rows) -> list[tuple[str, str]]:
    with pytest.raises(RowsRefused) as caught:
        predict(SimpleNamespace(model=model), asked, AT)  # type: ignore[arg-type]
    return [(violation.pointer, violation.code) for violation in caught.value.violations]


class Inverse:
    """Gives what is not finite for 0, and refuses what is negative."""

    def predict(self, asked: Rows) -> Outputs:
        if (asked.numbers < 0).any():
            raise ValueError("Found unknown categories")
        with np.errstate(divide="ignore"):
            return Outputs(1 / asked.numbers[:, 0])


def test_answers_are_in_the_order_of_the_rows() -> None:
    outputs = predict(SimpleNamespace(model=Inverse()), rows(1, 2, 4), AT)  # type: ignore[arg-type]

    assert outputs.predictions.tolist() == [1, 0.5, 0.25]


def test_number_that_is_not_finite_is_never_given() -> None:
    assert refused(Inverse(), rows(1, 0, 2, 0)) == [
        ("#/instances/1", "not_finite_answer"),
        ("#/instances/3", "not_finite_answer"),
    ]


@pytest.mark.parametrize("field", ["probabilities", "scores"])
def test_nan_among_probabilities_or_scores_names_its_row(field: str) -> None:
    shape = (2, 2) if field == "probabilities" else (2,)
    numbers = np.full(shape, 0.5)
    numbers[1] = np.nan
    model = SimpleNamespace(predict=lambda _: Outputs(np.array(["a", "b"]), **{field: numbers}))

    assert refused(model, rows(1, 2)) == [("#/instances/1", "not_finite_answer")]


def test_rows_that_the_estimator_refuses_are_found() -> None:
    cells = [1.0] * 100
    cells[3] = cells[97] = -1

    assert refused(Inverse(), rows(*cells)) == [
        ("#/instances/3", "not_answered"),
        ("#/instances/97", "not_answered"),
    ]


def test_refusals_are_not_listed_without_end() -> None:
    assert len(refused(Inverse(), rows(*[0.0] * 5_000))) == MAX_VIOLATIONS
    assert 0 < len(refused(Inverse(), rows(*[-1.0] * 5_000))) <= MAX_VIOLATIONS
