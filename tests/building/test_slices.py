"""How good a model is by part of the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from dasier.building.frames import tidy
from dasier.building.infer import infer
from dasier.building.refinements import ColumnNotes, Refinements
from dasier.building.slices import LEAST_ROWS, slices
from dasier.building.steps import steps
from dasier.runtimes import Outputs

N = 120


def parts(task: str = "classification", *, important: tuple[str, ...] = ("isle", "size")) -> dict[str, Any]:
    """Give the parts of rows of which all are answered right but those of one island, and nulls."""
    rng = np.random.default_rng(2)
    table = pd.DataFrame(
        {
            "isle": np.where(np.arange(N) < 30, "Dream", "Biscoe"),
            "size": np.where(np.arange(N) % 10 == 0, np.nan, rng.normal(50, 5, N).round(1)),
            "age": rng.integers(1, 80, N),
            "useless": rng.normal(0, 1, N),
        }
    )
    truth = np.where(rng.random(N) < 0.5, "a", "b") if task == "classification" else rng.normal(10, 1, N)
    told = np.where(table["isle"] == "Dream", "a", truth) if task == "classification" else truth + 1
    schema = infer(
        table.assign(y=truth), task=task, target="y", refinements=Refinements(columns={"age": ColumnNotes(personal=True)})
    )  # fmt: skip
    ranked = [{"column": name, "value": 1.0} for name in important] + [{"column": "useless", "value": 0.0}]
    return slices(Outputs(told), truth, table, schema=schema, importance={"columns": ranked}, seed=1)


def test_the_part_that_is_answered_worse_is_seen() -> None:
    found = parts()

    by_isle = {one["value"]: one for one in found["parts"] if one["column"] == "isle"}
    assert found["measure"] == "accuracy"
    assert by_isle["Biscoe"]["measured"]["value"] == 1.0
    assert by_isle["Dream"]["measured"]["high"] < by_isle["Biscoe"]["measured"]["low"]


def test_the_parts_of_a_column_are_all_of_the_rows() -> None:
    for column in ("isle", "size", "age"):
        assert sum(one["rows"] for one in parts()["parts"] if one["column"] == column) == N


def test_empty_cells_are_a_part_of_their_own() -> None:
    (null,) = [one for one in parts()["parts"] if one.get("null")]

    assert (null["column"], null["rows"]) == ("size", 12)


def test_columns_that_tell_of_people_are_looked_at_and_those_that_do_not_matter_are_not() -> None:
    assert {one["column"] for one in parts(important=("isle",))["parts"]} == {"isle", "age"}


def test_a_part_of_few_rows_is_counted_and_not_measured() -> None:
    rng = np.random.default_rng(3)
    table = pd.DataFrame(
        {"isle": ["Dream"] * (LEAST_ROWS - 1) + ["Biscoe"] * 40, "x": rng.normal(size=LEAST_ROWS + 39)}
    )
    truth = np.array(["a", "b"] * 30)[: len(table)]
    schema = infer(table.assign(y=truth), task="classification", target="y")
    ranked = {"columns": [{"column": "isle", "value": 1.0}]}

    found = slices(Outputs(truth), truth, table, schema=schema, importance=ranked, seed=1)["parts"]

    assert [(one["value"], one["measured"] is None) for one in found] == [("Biscoe", False), ("Dream", True)]


def test_a_regressions_parts_have_a_mean_error() -> None:
    found = parts("regression")

    assert found["measure"] == "mae"
    assert all(one["measured"]["value"] == pytest.approx(1.0) for one in found["parts"])


def test_a_column_transformers_steps_say_which_columns_go_where() -> None:
    from tests import models

    told = steps(models.fitted("gulls").estimator)

    by_name = {one["name"]: one for one in told}
    assert by_name["n"]["columns"] == ["bill", "eggs"]
    assert by_name["w"]["columns"] == ["isle", "sex"]
    assert by_name["remainder"]["class"] == "drop"
    assert by_name["logisticregression"]["parameters"] == {"max_iter": 500}
    assert [one["depth"] for one in told[:3]] == [0, 1, 2]


def test_parts_by_yes_and_no_are_told_so_where_nulls_made_numbers_of_them() -> None:
    held = pd.array([True, False, None, True] * 10, dtype="boolean")
    table = tidy(pd.DataFrame({"ringed": held, "y": ["a", "b"] * 20})).frame
    schema = infer(table, task="classification", target="y")
    told = Outputs(table["y"].to_numpy())

    found = slices(
        told,
        told.predictions,
        table,
        schema=schema,
        importance={"columns": [{"column": "ringed", "value": 1.0}]},
        seed=1,
    )

    assert [one.get("value") for one in found["parts"]] == [False, True, None]
    assert found["parts"][0]["value"] is False
