"""The cheapest of several proved runtimes, and what counts as cheaper."""

from __future__ import annotations

import time
from unittest.mock import Mock

import pytest

from dasier.building.candidate import Candidate
from dasier.building.costs import ANSWERS, Cost, cheapest, measured
from dasier.rows.pointers import pointer_in
from dasier.rows.reading import from_columns
from tests import models


def taking(total_s: float) -> Cost:
    return Cost(0.5 * total_s, 0.5 * total_s / ANSWERS)


@pytest.mark.parametrize(
    ("arrays_s", "onnx_s", "taken"),
    [(1.0, 2.0, "arrays"), (1.0, 0.85, "arrays"), (1.0, 0.75, "onnx"), (0.0, 0.0, "arrays")],
)
def test_the_simpler_runtime_is_left_only_for_one_that_costs_a_fifth_less(arrays_s, onnx_s, taken) -> None:
    assert cheapest({"arrays": taking(arrays_s), "onnx": taking(onnx_s)}) == taken


def test_of_three_the_simplest_that_none_beats_is_taken() -> None:
    assert cheapest({"arrays": taking(3.0), "onnx": taking(2.0), "sklearn": taking(1.9)}) == "onnx"


def test_waiting_for_a_turn_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Mock(predict=lambda _rows: time.sleep(0.01))
    monkeypatch.setattr("dasier.building.costs.load", lambda *_given: model)
    rows = from_columns(models.X, {"x": [0.5]}, pointer_in("inputs", by_column=True))

    cost = measured([Candidate("arrays", "float64", b"")], models.X, rows)["arrays"]

    assert cost.start_s > 0
    assert 0 < cost.row_s < 0.005
