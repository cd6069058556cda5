"""The predict function, asked as API Gateway asks it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from functions import predict
from tests.functions.events import call, recorded
from tests.published import expected, trained

PUMP = pd.DataFrame({"heat": [51.2], "noise": [48.9]})
BIRD = pd.DataFrame(
    {
        "beak mm": [39.1],
        "mass_g": [3750.0],
        "eggs": [2],
        "ringed": [True],
        "île": ["Torgersen"],
        "sex": [np.nan],
    }
)


def test_a_row_is_answered_with_probabilities_and_an_explanation_that_adds_up(api):
    answer, body = call(api, predict.ROUTES, "predict")

    document = json.loads(body)
    told = document["predictions"][0]
    shares = trained("birds").estimator.predict_proba(BIRD)[0]
    explanation = told["explanation"]
    assert answer["statusCode"] == 200
    assert told["prediction"] == expected("birds", BIRD)[0]
    assert list(told["probabilities"].values()) == pytest.approx(list(shares), abs=1e-6)
    assert explanation["of"] == told["prediction"]
    assert explanation["reference"] + sum(explanation["contributions"].values()) == pytest.approx(max(shares))


def test_the_answer_carries_the_gateways_request_id_and_the_version(api):
    answer, body = call(api, predict.ROUTES, "predict")

    assert answer["headers"]["x-request-id"] == recorded("predict")["requestContext"]["requestId"]
    assert answer["headers"]["x-model-version"] == "1"
    assert (json.loads(body)["model"], json.loads(body)["version"]) == ("birds", 1)
    assert len(json.loads(body)["prediction_id"]) == 26


@pytest.mark.parametrize("event", ["predict_csv", "predict_version"])
def test_a_table_and_a_version_are_answered(api, event):
    _, body = call(api, predict.ROUTES, event)

    assert [one["prediction"] for one in json.loads(body)["predictions"]] == expected("pumps", PUMP)


def test_a_body_may_come_as_text(api):
    _, body = call(api, predict.ROUTES, "predict_as_text")

    assert [one["prediction"] for one in json.loads(body)["predictions"]] == expected("birds", BIRD)


def test_a_bare_array_is_answered_so_that_a_frame_can_be_made_of_it(api):
    _, body = call(api, predict.ROUTES, "predict_as_text")

    framed = pd.DataFrame.from_dict(json.loads(body))
    assert framed["predict"].tolist() == expected("birds", BIRD)
    assert framed["predictions"][0]["prediction"] == framed["predict"][0]


def test_a_warning_stands_in_its_row_where_a_frame_is_to_be_made(api):
    rows = [{"heat": 50.0, "noise": 50.0}, {"heat": 900.0, "noise": 50.0}]

    framed = pd.DataFrame.from_dict(api.json("POST", "/models/pumps/predict", rows))

    assert "warnings" not in framed["predictions"][0]
    assert [one["column"] for one in framed["predictions"][1]["warnings"]] == ["heat"]


def test_an_invocation_is_answered(api):
    _, body = call(api, predict.ROUTES, "invocations")

    assert json.loads(body) == {"predictions": expected("pumps", PUMP)}


def test_binary_tensors_are_answered_in_base64(api):
    answer, body = call(api, predict.ROUTES, "infer_binary")

    length = int(answer["headers"]["inference-header-content-length"])
    assert answer["isBase64Encoded"] is True
    assert answer["headers"]["content-type"] == "application/octet-stream"
    assert json.loads(body[:length])["id"] == "42"
    assert np.frombuffer(body[length:], "<i8").tolist() == expected("pumps", PUMP)


def test_a_version_is_ready(api):
    _, body = call(api, predict.ROUTES, "ready")

    assert json.loads(body) == {"name": "pumps", "ready": True}


def test_another_method_is_405_and_told_which_there_are(api):
    answer, body = call(api, predict.ROUTES, "wrong_method")

    assert answer["statusCode"] == 405
    assert answer["headers"]["allow"] == "POST"
    assert json.loads(body)["status"] == 405
