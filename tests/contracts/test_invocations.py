"""MLflow's wire format."""

from __future__ import annotations

import json

import pytest

from tests.contracts.forms import TABLES
from tests.published import expected, frame, records

PATH = "/models/birds/invocations"


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"]
)
def test_json_is_read_whatever_its_parameters(api, content_type):
    answer = api.post(PATH, {"instances": records(frame("birds"))}, content_type=content_type)

    assert json.loads(answer.body) == {"predictions": expected("birds", frame("birds"))}


@pytest.mark.parametrize("key", ["params", "parameters"])
def test_parameters_are_passed_over(api, key):
    document = api.json("POST", PATH, {"instances": records(frame("birds")), key: {"temperature": 1}})

    assert document == {"predictions": expected("birds", frame("birds"))}


def test_the_answer_says_its_version(api):
    answer = api.post(PATH, {"instances": records(frame("birds"))})

    assert answer.headers["x-model-version"] == "1"


def test_the_root_of_a_server_with_a_default_model_answers_too(api):
    answer = api.post("/invocations", {"dataframe_records": records(frame("birds"))})

    assert json.loads(answer.body) == {"predictions": expected("birds", frame("birds"))}
    assert api.get("/ping").status == 200


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "application/xml", "text/plain", "csv"]
)
def test_another_content_type_is_415(api, content_type):
    answer = api.ask("POST", PATH, b"{}", content_type=content_type)

    document = json.loads(answer.body)
    assert answer.status == 415
    assert document["error_code"] == "BAD_REQUEST"
    assert document["message"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        [{"a": 1}],
        {"rows": []},
        {"instances": [{}], "inputs": {}},
        {"dataframe_split": {"columns": [], "data": []}, "dataframe_records": []},
        {"instances": {"a": 1}},
        {"instances": [{}], "else": 1},
    ],
)
def test_anything_but_exactly_one_form_is_400(api, body):
    answer = api.post(PATH, body)

    assert answer.status == 400
    assert json.loads(answer.body)["error_code"] == "BAD_REQUEST"


def test_rows_that_do_not_fit_name_row_and_column_in_the_message(api):
    rows = records(frame("birds"))
    rows[3]["mass_g"] = "heavy"

    answer = api.post(PATH, {"instances": rows})

    document = json.loads(answer.body)
    assert answer.status == 422
    assert document["error_code"] == "INVALID_PARAMETER_VALUE"
    assert "#/instances/3/mass_g" in document["message"]
    assert "heavy" not in answer.body.decode()


def test_an_unknown_model_is_told_in_mlflows_words(api):
    answer = api.post("/models/nobody/invocations", TABLES["instances"](frame("birds")))

    assert answer.status == 404
    assert json.loads(answer.body)["error_code"] == "RESOURCE_DOES_NOT_EXIST"
