from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dasier import golden
from dasier.errors import GoldenMismatch
from dasier.manifest import Manifest, canonical
from dasier.rows import from_records, pointer_in
from dasier.runtimes import Outputs
from dasier.schema import Column, Output, Schema
from tests import models

SCHEMA = Schema(
    (
        Column(name="a", kind="float", nullable=True),
        Column(name="n", kind="integer"),
        Column(name="b", kind="boolean"),
        Column(name="c", kind="category", nullable=True),
    ),
    Output(name="y", task="classification", classes=("no", "yes"), probabilities=True),
)
SENT = [{"a": 0.1, "n": 3, "b": True, "c": "x"}, {"a": None, "n": -1, "b": False, "c": None}]
ROWS = from_records(SCHEMA, SENT, pointer_in("#"))
ANSWERS = Outputs(np.array(["no", "yes"], dtype=object), np.array([[0.9, 0.1], [0.2, 0.8]]))


class Says:
    """A model that says what it is told to."""

    def __init__(self, outputs: Outputs) -> None:
        self.outputs = outputs

    def predict(self, rows: Any) -> Outputs:
        assert repr(rows.records()) == repr(SENT)
        return self.outputs


def manifest(tolerance: float = 0.0, task: str = "classification", answers: Outputs = ANSWERS) -> Manifest:
    template = models.constant().manifest
    recorded = json.loads(canonical(golden.record(ROWS, answers)))
    schema = replace(SCHEMA, output=replace(SCHEMA.output, task=task))  # type: ignore[arg-type]
    return replace(
        template, schema=schema, golden=recorded, runtime=replace(template.runtime, tolerance=tolerance)
    )


def test_recorded_rows_come_back_from_json_as_they_were() -> None:
    found = golden.read_inputs(manifest().golden, SCHEMA)

    assert found.records() == SENT


def test_model_that_answers_as_it_did_passes() -> None:
    golden.replay(Says(ANSWERS), manifest())


@pytest.mark.parametrize(
    "outputs",
    [
        Outputs(np.array(["yes", "yes"], dtype=object), ANSWERS.probabilities),
        Outputs(np.array(["no"], dtype=object), ANSWERS.probabilities),
        Outputs(np.array(["no", "yes", "no"], dtype=object), ANSWERS.probabilities),
        Outputs(ANSWERS.predictions, np.array([[0.9, 0.1], [0.2, 0.800001]])),
        Outputs(ANSWERS.predictions, np.array([[0.9, 0.1], [0.2, np.nan]])),
        Outputs(ANSWERS.predictions, np.array([[0.9, 0.1, 0], [0.2, 0.8, 0]])),
        Outputs(ANSWERS.predictions),
        Outputs(ANSWERS.predictions, ANSWERS.probabilities, np.array([1.0, 2.0])),
    ],
    ids=["label", "fewer", "more", "number", "nan", "shape", "without", "scores"],
)
def test_model_that_answers_otherwise_is_refused(outputs: Outputs) -> None:
    with pytest.raises(GoldenMismatch):
        golden.replay(Says(outputs), manifest())


def test_numbers_may_be_off_by_the_tolerance_that_was_proved() -> None:
    off = Outputs(ANSWERS.predictions, ANSWERS.probabilities + 1e-6)  # type: ignore[operator]

    golden.replay(Says(off), manifest(tolerance=1e-5))
    with pytest.raises(GoldenMismatch, match="off by up to 1e-06"):
        golden.replay(Says(off), manifest())


def test_regression_is_held_to_its_numbers_relative_to_their_size() -> None:
    answers = Outputs(np.array([1e6, 2e6]))

    golden.replay(Says(Outputs(np.array([1e6, 2e6 + 1e-4]))), manifest(task="regression", answers=answers))
    with pytest.raises(GoldenMismatch):
        golden.replay(Says(Outputs(np.array([1e6, 2e6 + 1]))), manifest(task="regression", answers=answers))


@pytest.mark.parametrize("inputs", [{}, {"a": ["x"], "n": [1], "b": [True], "c": ["x"]}, {"a": [0.0]}])
def test_inputs_that_do_not_fit_the_schema_are_refused(inputs: dict[str, Any]) -> None:
    with pytest.raises(GoldenMismatch, match="do not fit"):
        golden.read_inputs({"inputs": inputs}, SCHEMA)
