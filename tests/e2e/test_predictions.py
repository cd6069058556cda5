"""Each recipe's model, asked over the API, answers what the fitted estimator answers."""

from __future__ import annotations

import csv
import io
import json
import urllib.request
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.e2e.conftest import ROOT, Up

if TYPE_CHECKING:
    from dasier.building.trained import Trained

RECIPES = sorted(path.parent.name for path in ROOT.glob("model_builds/*/params.toml"))
ROWS = 40

pytestmark = pytest.mark.xdist_group("up")


@cache
def trained(name: str) -> Trained:
    from dasier.building.recipe import read
    from dasier.building.training import train

    return train(read(ROOT / "model_builds" / name))


def rows_of(name: str) -> list[dict[str, Any]]:
    made = trained(name)
    frame = made.held_out[made.features].head(ROWS).astype(object)
    return frame.where(frame.notna(), None).to_dict("records")


def ask(up: Up, path: str, body: bytes, content_type: str = "application/json") -> Any:
    request = urllib.request.Request(
        up.api + path, data=body, headers={"content-type": content_type}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


@pytest.mark.parametrize("name", RECIPES)
def test_predictions_equal_the_fitted_estimator_s(up: Up, name: str) -> None:
    made = trained(name)
    frame = made.held_out[made.features].head(ROWS)

    found = ask(up, f"/models/{name}/predict", json.dumps({"instances": rows_of(name)}).encode())[
        "predictions"
    ]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a category that the fitted rows lack
        expected = made.estimator.predict(frame).tolist()
        if "probabilities" in found[0]:
            probabilities = made.estimator.predict_proba(frame)
    answered = [one["prediction"] for one in found]
    if made.task == "regression":
        np.testing.assert_allclose(answered, np.ravel(expected), rtol=1e-6)
    else:
        assert answered == expected
    if "probabilities" in found[0]:
        shares = [list(one["probabilities"].values()) for one in found]
        np.testing.assert_allclose(shares, probabilities, atol=1e-6)


@pytest.mark.parametrize("name", RECIPES)
def test_every_request_form_gives_the_same_numbers(up: Up, name: str) -> None:
    rows = rows_of(name)
    names = list(rows[0])
    arrays = [list(row.values()) for row in rows]
    forms: dict[str, Any] = {
        "instances": {"instances": rows},
        "arrays": {"instances": arrays},
        "inputs": {"inputs": {column: [row[column] for row in rows] for column in names}},
        "dataframe_split": {"dataframe_split": {"columns": names, "data": arrays}},
        "dataframe_records": {"dataframe_records": rows},
        "bare": rows,
    }

    answers = {
        form: ask(up, f"/models/{name}/predict", json.dumps(document).encode())["predictions"]
        for form, document in forms.items()
    }
    answers["csv"] = ask(up, f"/models/{name}/predict", as_csv(names, arrays), "text/csv")["predictions"]
    invoked = ask(up, f"/models/{name}/invocations", json.dumps(forms["dataframe_split"]).encode())[
        "predictions"
    ]
    inferred = ask(up, f"/v2/models/{name}/infer", json.dumps(as_tensors(rows)).encode())

    for form, answer in answers.items():
        assert answer == answers["instances"], form
    labels = [one["prediction"] for one in answers["instances"]]
    assert invoked == labels
    assert inferred["outputs"][0]["data"] == labels


def as_csv(names: list[str], arrays: list[list[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([["" if cell is None else cell for cell in row] for row in arrays])
    return text.getvalue().encode()


def as_tensors(rows: list[dict[str, Any]]) -> dict[str, Any]:
    tensors = []
    for column in rows[0]:
        cells = [row[column] for row in rows]
        known = [cell for cell in cells if cell is not None]
        datatype = "BYTES" if isinstance(known[0], str) else "INT64" if isinstance(known[0], int) else "FP64"
        tensors.append({"name": column, "shape": [len(rows)], "datatype": datatype, "data": cells})
    return {"inputs": tensors}
