from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from dasier.building.baseline import baseline
from dasier.building.infer import infer
from dasier.building.refinements import ColumnNotes, Refinements
from dasier.manifest import canonical
from dasier.runtimes import Outputs
from tests import models

TABLE = pd.DataFrame(
    {
        "size": [1.0, 2.0, 3.0, np.nan],
        "count": [1, 1, 1, 1],
        "open": [True, False, True, True],
        "town": ["Oslo", None, "Rome", "Oslo"],
        "note": [f"note {n}" * n for n in range(1, 5)],
        "y": [0.5, 1.5, 2.5, 3.5],
    }
)


@pytest.fixture
def found() -> dict[str, object]:
    """Give the baseline of a small table."""
    schema = infer(TABLE, task="regression", target="y")
    return baseline(TABLE, Outputs(TABLE["y"].to_numpy()), schema)


def test_every_row_is_counted_in_every_column(found: dict[str, object]) -> None:
    for column in found["columns"].values():  # type: ignore[attr-defined]
        counted = sum(column["counts"]) if "counts" in column else sum(column["values"].values())
        assert counted + column["nulls"] == 4


def test_column_of_one_value_has_one_edge(found: dict[str, object]) -> None:
    assert found["columns"]["count"] == {"nulls": 0, "edges": [1.0], "counts": [4]}  # type: ignore[index]


def test_column_whose_texts_were_all_held_out_has_no_edges() -> None:
    notes = Refinements(columns={"note": ColumnNotes(kind="text")})
    schema = infer(TABLE, task="regression", target="y", refinements=notes)
    fitted_rows = TABLE.assign(note=np.array([np.nan] * 4, dtype=object))

    counted = baseline(fitted_rows, Outputs(TABLE["y"].to_numpy()), schema)["columns"]["note"]

    assert counted == {"nulls": 4, "edges": [], "counts": [0]}


def test_strings_and_booleans_are_counted_by_value(found: dict[str, object]) -> None:
    assert found["columns"]["town"]["values"] == {"Oslo": 2, "Rome": 1}  # type: ignore[index]
    assert sum(found["columns"]["open"]["values"].values()) == 4  # type: ignore[index]


def test_baseline_is_json(found: dict[str, object]) -> None:
    assert json.loads(canonical(found)) == found


def test_labels_are_counted_in_the_output() -> None:
    leaves = models.built("leaves")

    output = json.loads(leaves.blobs["baseline"])["output"]

    assert sum(output["values"].values()) == len(models.fitted("leaves").held_out)
