"""NaN, Infinity and 1e999 are refused coming in, and never go out."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from dasier.runtimes import Outputs
from dasier.serving.cache import LoadedVersions
from dasier.serving.loading import Loaded
from tests.contracts.forms import tensors
from tests.published import Api, built, frame, records

WORDS = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" + "0" * 400]
RECORD = '{"heat": 50.0, "noise": %s}'


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/models/pumps/predict", '{"instances": [%s, %s]}', "#/instances/1/noise"),
        ("/models/pumps/predict", "[%s, %s]", "#/1/noise"),
        ("/models/pumps/invocations", '{"dataframe_records": [%s, %s]}', "#/dataframe_records/1/noise"),
    ],
)
def test_json_with_such_a_number_is_400_with_a_pointer_to_it(api, word, path, body, pointer):
    sent = body % (RECORD % "50.0", RECORD % word)

    answer = api.ask("POST", path, sent.encode(), content_type="application/json")

    assert answer.status == 400
    assert pointer in [one["pointer"] for one in json.loads(answer.body)["errors"]]


@pytest.mark.parametrize("word", WORDS)
def test_a_tensor_with_such_a_number_is_400_with_a_pointer_to_it(api, word):
    tensor = '{"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [50.0, ' + word + "]}"
    sent = '{"inputs": [' + tensor + "]}"

    answer = api.ask("POST", "/v2/models/pumps/infer", sent.encode(), content_type="application/json")

    document = json.loads(answer.body)
    assert answer.status == 400
    assert "#/inputs/0/data/1" in [one["pointer"] for one in document["errors"]]
    assert isinstance(document["error"], str)


@pytest.mark.parametrize("word", ["NaN", "inf", "Infinity", "1e999", "-1e999"])
def test_a_table_with_such_a_number_is_refused_with_a_pointer_to_it(api, word):
    answer = api.ask(
        "POST", "/models/pumps/predict", f"heat,noise\n50,50\n50,{word}\n".encode(), content_type="text/csv"
    )

    assert answer.status in {400, 422}
    assert [one["pointer"] for one in json.loads(answer.body)["errors"]] == ["#/1/noise"]


@pytest.mark.parametrize(
    ("number", "code"), [(np.nan, "null"), (np.inf, "not_finite"), (-np.inf, "not_finite")]
)
def test_a_binary_tensor_with_such_a_number_is_refused_with_a_pointer_to_it(api, number, code):
    raw = struct.pack("<2d", 50, number)
    tensor = {"name": "x", "shape": [1, 2], "datatype": "FP64", "parameters": {"binary_data_size": 16}}
    head = json.dumps({"inputs": [tensor]}).encode()

    answer = api.ask(
        "POST", "/v2/models/pumps/infer", head + raw, inference_header_content_length=str(len(head))
    )

    found = [(one["pointer"], one["code"]) for one in json.loads(answer.body)["errors"]]
    assert answer.status == 422
    assert found == [("#/inputs/0/data/1", code)]


class _Broken:
    """Answers the second row with a number that is not finite."""

    def __init__(self, number):
        self.number = number

    def predict(self, rows):
        predictions = np.full(len(rows), 3.5)
        predictions[1] = self.number
        return Outputs(predictions)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/models/houses/predict", "#/instances/1"),
        ("/models/houses/invocations", "#/instances/1"),
        ("/v2/models/houses/infer", "#/inputs/0/data/1"),
    ],
)
def test_a_model_that_gives_such_a_number_is_422_and_it_goes_nowhere(published, number, path, pointer):
    published.publish("houses")
    broken = Loaded(built("houses").manifest, _Broken(number))
    published.service.loaded = LoadedVersions(10**9, lambda *_: broken, lambda: 0.0)
    rows = frame("houses", slice(0, 3))
    body = {"inputs": tensors("houses", rows)} if "v2" in path else {"instances": records(rows)}

    answer = Api(published).post(path, body)

    document = json.loads(answer.body, parse_constant=pytest.fail)
    assert answer.status == 422
    assert [one["pointer"] for one in document["errors"]] == [pointer]
