from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dasier.building.frames import to_rows
from dasier.errors import InvalidRequest
from dasier.rows import Rows, from_records, pointer_in
from dasier.runtimes import Outputs, load
from dasier.schema import Column, Output, Schema
from dasier.serving.explaining import explain
from tests import models

AT = pointer_in("#")


def wide(n: int) -> Schema:
    columns = tuple(Column(name=f"x{i}", kind="float", typical=float(i)) for i in range(n))
    return Schema(columns, Output(name="y", task="regression"))


class Linear:
    """Weighs columns."""

    def __init__(self, weights: list[float]) -> None:
        self.weights = np.array(weights)

    def predict(self, rows: Rows) -> Outputs:
        return Outputs(rows.numbers @ self.weights)


class Product:
    """Multiplies columns: nothing about it is additive."""

    def predict(self, rows: Rows) -> Outputs:
        return Outputs(rows.numbers.prod(axis=1))


@pytest.mark.parametrize("n", [1, 2, 8, 9, 20])
def test_contributions_to_a_linear_model_are_exact(n: int) -> None:
    schema = wide(n)
    weights = [(-1.0) ** i * (i + 0.5) for i in range(n)]
    cells = [3.0 * i - 7 for i in range(n)]
    rows = from_records(schema, [dict(zip(schema.names, cells, strict=True))], AT)
    model = Linear(weights)

    explanation = explain(model, rows, model.predict(rows))[0]

    expected = [w * (x - i) for i, (w, x) in enumerate(zip(weights, cells, strict=True))]
    assert list(explanation["contributions"].values()) == pytest.approx(expected, abs=1e-9)
    assert explanation["of"] == "prediction"
    assert explanation["reference"] == pytest.approx(sum(w * i for i, w in enumerate(weights)))


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=11))
def test_reference_and_contributions_sum_to_the_prediction(cells: list[float]) -> None:
    schema = wide(len(cells))
    rows = from_records(schema, [dict(zip(schema.names, cells, strict=True))], AT)
    outputs = Product().predict(rows)

    explanation = explain(Product(), rows, outputs)[0]

    total = explanation["reference"] + sum(explanation["contributions"].values())
    assert total == pytest.approx(outputs.predictions[0], rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("name", list(models.FITTED))
def test_explanation_sums_to_the_answer_for_every_task(name: str) -> None:
    build, trained = models.built(name), models.fitted(name)
    schema = build.manifest.schema
    model = load(build.manifest.runtime.name, build.blobs["model"], schema)
    rows = to_rows(trained.held_out.iloc[:6], schema)
    outputs = model.predict(rows)

    for index, explanation in enumerate(explain(model, rows, outputs)):
        total = explanation["reference"] + sum(explanation["contributions"].values())
        assert total == pytest.approx(_explained(outputs, schema, index), abs=1e-6)
        assert set(explanation["contributions"]) == set(schema.names)


def _explained(outputs: Outputs, schema: Schema, index: int) -> float:
    if schema.output.task == "regression":
        return float(outputs.predictions[index])
    if outputs.scores is not None:
        return float(outputs.scores[index])
    if outputs.probabilities is None:
        return 1.0
    return float(outputs.probabilities[index, schema.output.classes.index(outputs.predictions[index])])


def test_real_linear_model_is_explained_by_its_coefficients() -> None:
    build = models.built("flats")
    schema = build.manifest.schema
    model = load(build.manifest.runtime.name, build.blobs["model"], schema)
    rows = from_records(schema, [{"area": 5.0, "floor": 1.0}], AT)
    typical = schema.typical()

    explanation = explain(model, rows, model.predict(rows))[0]

    assert explanation["contributions"]["area"] == pytest.approx(3 * (5 - typical["area"]), abs=1e-6)
    assert explanation["contributions"]["floor"] == pytest.approx(-2 * (1 - typical["floor"]), abs=1e-6)


def test_column_that_the_model_ignores_contributes_exactly_nothing() -> None:
    schema = wide(3)
    rows = from_records(schema, [{"x0": 5, "x1": 6, "x2": 7}], AT)
    model = Linear([0.1, 0.0, 0.3])

    assert explain(model, rows, model.predict(rows))[0]["contributions"]["x1"] == 0


def test_same_row_gets_the_same_explanation() -> None:
    schema = wide(12)
    rows = from_records(schema, [dict.fromkeys(schema.names, 2.5)], AT)
    outputs = Product().predict(rows)

    assert explain(Product(), rows, outputs) == explain(Product(), rows, outputs)


def test_more_rows_than_can_be_explained_in_a_request_are_refused() -> None:
    schema = wide(8)
    rows = from_records(schema, [dict.fromkeys(schema.names, 2.5)] * 5_000, AT)

    with pytest.raises(InvalidRequest, match="at most 1953 rows"):
        explain(Product(), rows, Product().predict(rows))


def test_explanation_of_many_columns_takes_little_memory() -> None:
    """One row of so many columns once took 430 MB: a caller could end the process with it."""
    schema = wide(1_000)
    rows = from_records(schema, [dict.fromkeys(schema.names, 2.5)], AT)
    model = Linear([0.5] * 1_000)
    outputs = model.predict(rows)

    tracemalloc.start()
    explanation = explain(model, rows, outputs)[0]
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert explanation["contributions"]["x10"] == pytest.approx(0.5 * (2.5 - 10))
    assert peak_bytes < 60e6
