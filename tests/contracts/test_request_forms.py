"""The same rows give the same numbers in whatever form they come: those of the fitted estimator."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.contracts.forms import TABLES, answered, packed, schema_of, send, tensors
from tests.published import MODELS, expected, frame, records, trained

EVERY_MODEL = pytest.mark.parametrize("name", MODELS)
OUTPUTS = {
    "birds": ["predict", "predict_proba"],
    "cells": ["predict", "predict_proba"],
    "houses": ["predict"],
    "pumps": ["predict", "score"],
}


def _same(found, wanted):
    if isinstance(wanted[0], float):
        assert np.allclose(found, wanted, rtol=1e-6, atol=0)
    else:
        assert list(found) == wanted


def _same_probabilities(name, found, rows):
    estimator = trained(name).estimator
    assert (found is not None) == hasattr(estimator, "predict_proba")
    if found is not None:
        assert np.allclose(found, estimator.predict_proba(rows), rtol=0, atol=1e-6)


def _numbers(inference):
    """Give the outputs of an inference by name, reshaped."""
    return {one["name"]: np.array(one["data"]).reshape(one["shape"]) for one in inference["outputs"]}


@EVERY_MODEL
@pytest.mark.parametrize("form", [*TABLES, "a bare array"])
def test_predict_answers_a_form_as_the_estimator_does(api, name, form):
    rows = frame(name)
    body = records(rows) if form == "a bare array" else TABLES[form](rows)

    labels, probabilities = answered(name, send(api, f"/models/{name}/predict", body))

    _same(labels, expected(name, rows))
    _same_probabilities(name, probabilities, rows)


@EVERY_MODEL
def test_one_version_answers_as_what_serves(api, name):
    rows = frame(name)

    labels, probabilities = answered(
        name, send(api, f"/models/{name}/versions/1/predict", TABLES["instances"](rows))
    )

    _same(labels, expected(name, rows))
    _same_probabilities(name, probabilities, rows)


@EVERY_MODEL
@pytest.mark.parametrize("form", TABLES)
def test_invocations_answers_a_form_as_the_estimator_does(api, name, form):
    rows = frame(name)

    answer = send(api, f"/models/{name}/invocations", TABLES[form](rows))

    document = json.loads(answer.body)
    assert list(document) == ["predictions"]
    _same(document["predictions"], expected(name, rows))


@EVERY_MODEL
@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
@pytest.mark.parametrize("place", ["", "/versions/1"], ids=["serving", "version"])
def test_infer_answers_columns_as_the_estimator_does(api, name, nested, place):
    rows = frame(name)
    body = {
        "inputs": tensors(name, rows, nested=nested)[::-1],
        "outputs": [{"name": o} for o in OUTPUTS[name]],
    }

    document = api.json("POST", f"/v2/models/{name}{place}/infer", body)

    found = _numbers(document)
    _same(found["predict"].tolist(), expected(name, rows))
    _same_probabilities(name, found.get("predict_proba"), rows)


@pytest.mark.parametrize("name", ["cells", "houses", "pumps"])
@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
def test_infer_answers_one_matrix_of_numbers(api, name, nested):
    rows = frame(name)
    matrix = rows.to_numpy(dtype=float)
    data = matrix.tolist() if nested else matrix.ravel().tolist()
    tensor = {"name": "whatever", "shape": list(matrix.shape), "datatype": "FP64", "data": data}

    document = api.json("POST", f"/v2/models/{name}/infer", {"inputs": [tensor]})

    _same(_numbers(document)["predict"].tolist(), expected(name, rows))


@EVERY_MODEL
def test_infer_reads_binary_tensors(api, name):
    rows = frame(name, slice(0, 30))
    texts = [column.name for column in schema_of(name).text_columns]
    rows = rows[rows[texts].notna().all(axis=1)] if texts else rows
    body, headers = packed(tensors(name, rows), outputs=[{"name": one} for one in OUTPUTS[name]])

    answer = api.ask("POST", f"/v2/models/{name}/infer", body, **headers)

    assert answer.status == 200, answer.body
    found = _numbers(json.loads(answer.body))
    _same(found["predict"].tolist(), expected(name, rows))
    _same_probabilities(name, found.get("predict_proba"), rows)


def test_an_anomaly_is_scored_alike_in_both_formats(api):
    rows = frame("pumps")
    wanted = trained("pumps").estimator.decision_function(rows)

    native = api.json("POST", "/models/pumps/predict", {"instances": records(rows)})
    inference = api.json(
        "POST", "/v2/models/pumps/infer", {"inputs": tensors("pumps", rows), "outputs": [{"name": "score"}]}
    )

    assert np.allclose([one["score"] for one in native["predictions"]], wanted, atol=1e-6)
    assert np.allclose(_numbers(inference)["score"], wanted, atol=1e-6)


def test_a_regression_says_its_unit(api):
    document = api.json("POST", "/models/houses/predict", {"instances": records(frame("houses"))})

    assert {one["unit"] for one in document["predictions"]} == {"kEUR"}
