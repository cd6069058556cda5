"""Open Inference Protocol v2: metadata, outputs, datatypes, binary answers, and what is refused."""

from __future__ import annotations

import json
import struct

import numpy as np
import pandas as pd
import pytest

from tests.contracts.forms import packed, tensors
from tests.published import expected, frame, trained

DTYPES = {
    "UINT8": "u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8",
    "INT8": "i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8",
    "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
WHOLE = pd.DataFrame([[1, 2, 3, 4], [4, 3, 2, 1], [0, 0, 5, 0]], columns=["a", "b", "c", "d"])
INFER = "/v2/models/{}/infer"


def _predict(document):
    return next(one["data"] for one in document["outputs"] if one["name"] == "predict")


def _cells(data, *, datatype="FP64", shape=None, **more):
    matrix = {"name": "x", "shape": shape or list(np.shape(data)), "datatype": datatype, "data": data}
    return {"inputs": [matrix | more]}


def test_the_server_says_what_it_is(api):
    document = api.json("GET", "/v2")

    assert document["name"] == "dasier"
    assert document["extensions"] == ["binary_tensor_data"]


def test_the_server_lives_and_is_ready(api):
    assert api.json("GET", "/v2/health/live") == {"live": True}
    assert api.json("GET", "/v2/health/ready") == {"ready": True}


@pytest.mark.parametrize("path", ["/v2/", "/v2/models/birds/", "/v2/models/birds/ready/", "/v2/health/live/"])
def test_a_slash_at_the_end_makes_no_difference(api, path):
    assert api.json("GET", path) == api.json("GET", path.rstrip("/"))


@pytest.mark.parametrize("place", ["", "/versions/1"])
def test_a_model_says_which_tensors_it_takes_and_gives(api, place):
    document = api.json("GET", f"/v2/models/birds{place}")

    assert document["versions"] == ["1"]
    assert [(one["name"], one["datatype"], one["shape"]) for one in document["inputs"]] == [
        ("beak mm", "FP64", [-1]),
        ("mass_g", "FP64", [-1]),
        ("eggs", "INT64", [-1]),
        ("ringed", "BOOL", [-1]),
        ("île", "BYTES", [-1]),
        ("sex", "BYTES", [-1]),
    ]
    assert document["outputs"] == [
        {"name": "predict", "datatype": "BYTES", "shape": [-1]},
        {"name": "predict_proba", "datatype": "FP64", "shape": [-1, 3]},
    ]


@pytest.mark.parametrize(
    ("name", "outputs"),
    [
        ("cells", [("predict", "INT64"), ("predict_proba", "FP64")]),
        ("houses", [("predict", "FP64")]),
        ("pumps", [("predict", "INT64"), ("score", "FP64")]),
    ],
)
def test_outputs_are_of_the_type_that_the_metadata_say(api, name, outputs):
    asked = {"inputs": tensors(name, frame(name)), "outputs": [{"name": one} for one, _ in outputs]}

    described = api.json("GET", f"/v2/models/{name}")["outputs"]
    answered = api.json("POST", INFER.format(name), asked)["outputs"]

    assert [(one["name"], one["datatype"]) for one in described] == outputs
    assert [(one["name"], one["datatype"]) for one in answered] == outputs


@pytest.mark.parametrize("place", ["", "/versions/1"])
def test_a_model_is_ready_once_it_has_answered_its_golden_records(api, place):
    assert api.json("GET", f"/v2/models/birds{place}/ready") == {"name": "birds", "ready": True}


def test_a_model_that_does_not_exist_is_not_ready(api):
    answer = api.get("/v2/models/nobody/ready")

    assert answer.status == 404
    assert isinstance(json.loads(answer.body)["error"], str)


def test_only_predict_is_answered_unless_more_is_asked_for(api):
    document = api.json("POST", INFER.format("birds"), {"inputs": tensors("birds", frame("birds"))})

    assert [one["name"] for one in document["outputs"]] == ["predict"]
    assert (document["model_name"], document["model_version"]) == ("birds", "1")
    assert "id" not in document


def test_an_id_is_given_back(api):
    asked = {"id": "mine", "inputs": tensors("birds", frame("birds"))}

    assert api.json("POST", INFER.format("birds"), asked)["id"] == "mine"


def test_parameters_that_mean_nothing_here_are_passed_over(api):
    inputs = [one | {"parameters": {"content_type": "np"}} for one in tensors("birds", frame("birds"))]
    asked = {
        "parameters": {"priority": 3},
        "inputs": inputs,
        "outputs": [{"name": "predict", "parameters": {}}],
    }

    assert _predict(api.json("POST", INFER.format("birds"), asked)) == expected("birds", frame("birds"))


@pytest.mark.parametrize("datatype", DTYPES)
@pytest.mark.parametrize("binary", [False, True], ids=["json", "binary"])
def test_every_datatype_of_numbers_is_read(api, datatype, binary):
    wanted = expected("cells", WHOLE)
    if binary:
        raw = WHOLE.to_numpy().astype(DTYPES[datatype]).tobytes()
        tensor = {
            "name": "x",
            "shape": [3, 4],
            "datatype": datatype,
            "parameters": {"binary_data_size": len(raw)},
        }
        head = json.dumps({"inputs": [tensor]}).encode()
        answer = api.ask(
            "POST", INFER.format("cells"), head + raw, inference_header_content_length=str(len(head))
        )
        document = json.loads(answer.body)
    else:
        document = api.json(
            "POST", INFER.format("cells"), _cells(WHOLE.to_numpy().tolist(), datatype=datatype)
        )

    assert _predict(document) == wanted


@pytest.mark.parametrize("cells", [[True, False], [1, 0]])
@pytest.mark.parametrize("datatype", ["BOOL", "UINT8", "FP32"])
def test_a_boolean_column_takes_booleans_or_0_and_1(api, cells, datatype):
    if datatype != "BOOL":
        cells = [int(cell) for cell in cells]
    rows = frame("houses", slice(0, 2)).assign(garden=[True, False])
    inputs = tensors("houses", rows)
    inputs[2] = {"name": "garden", "shape": [2], "datatype": datatype, "data": cells}

    document = api.json("POST", INFER.format("houses"), {"inputs": inputs})

    assert _predict(document) == expected("houses", rows)


def test_whole_numbers_may_come_as_floats(api):
    rows = frame("houses", slice(0, 2))
    inputs = tensors("houses", rows)
    inputs[1]["datatype"] = "FP32"

    assert _predict(api.json("POST", INFER.format("houses"), {"inputs": inputs})) == expected("houses", rows)


def test_a_nan_in_binary_data_is_a_null(api):
    rows = frame("birds", slice(0, 30))
    rows = rows[rows["sex"].notna()].head(4).assign(**{"beak mm": np.nan})
    body, headers = packed(tensors("birds", rows))

    answer = api.ask("POST", INFER.format("birds"), body, **headers)

    assert _predict(json.loads(answer.body)) == expected("birds", rows)


@pytest.mark.parametrize("content_type", [None, "application/octet-stream", "application/json"])
def test_binary_tensors_are_read_whatever_the_content_type_is(api, content_type):
    rows = frame("cells")
    body, headers = packed(tensors("cells", rows))
    if content_type:
        headers["content_type"] = content_type

    answer = api.ask("POST", INFER.format("cells"), body, **headers)

    assert _predict(json.loads(answer.body)) == expected("cells", rows)


def _unpacked(answer):
    length = int(answer.headers["inference-header-content-length"])
    document, tail = json.loads(answer.body[:length]), answer.body[length:]
    raw = {}
    for one in document["outputs"]:
        if "parameters" in one:
            size = one["parameters"]["binary_data_size"]
            raw[one["name"]], tail = tail[:size], tail[size:]
    assert tail == b""
    return document, raw


def test_every_output_is_binary_when_that_is_asked_for_once(api):
    rows = frame("birds")
    asked = {
        "inputs": tensors("birds", rows),
        "outputs": [{"name": "predict"}, {"name": "predict_proba"}],
        "parameters": {"binary_data_output": True},
    }

    answer = api.post(INFER.format("birds"), asked)

    document, raw = _unpacked(answer)
    labels = b"".join(struct.pack("<I", len(word)) + word.encode() for word in expected("birds", rows))
    shares = np.frombuffer(raw["predict_proba"], "<f8").reshape(8, 3)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert [one["shape"] for one in document["outputs"]] == [[8], [8, 3]]
    assert raw["predict"] == labels
    assert np.allclose(shares, trained("birds").estimator.predict_proba(rows), atol=1e-6)


def test_one_output_may_be_binary_and_another_not(api):
    rows = frame("cells")
    outputs = [{"name": "predict", "parameters": {"binary_data": True}}, {"name": "predict_proba"}]

    answer = api.post(INFER.format("cells"), {"inputs": tensors("cells", rows), "outputs": outputs})

    document, raw = _unpacked(answer)
    assert np.frombuffer(raw["predict"], "<i8").tolist() == expected("cells", rows)
    assert len(document["outputs"][1]["data"]) == 16


@pytest.mark.parametrize(
    ("status", "pointer", "change"),
    [
        (400, "#/inputs/0/datatype", {"datatype": "FP128"}),
        (400, "#/inputs/0/datatype", {"datatype": None}),
        (400, "#/inputs/0/name", {"name": 3}),
        (400, "#/inputs/0/parameters", {"parameters": []}),
        (400, "#/inputs/0/data", {"data": "1234"}),
        (400, "#/inputs/0/data/1", {"data": [1, "2", 3, 4]}),
        (400, "#/inputs/0/data/1", {"data": [1, [2], 3, 4]}),
        (400, "#/inputs/0/data/2", {"datatype": "INT8", "data": [1, 2, 300, 4]}),
        (400, "#/inputs/0/data/2", {"datatype": "UINT8", "data": [1, 2, -3, 4]}),
        (400, "#/inputs/0/data/3", {"datatype": "INT64", "data": [1, 2, 3, 4.5]}),
        (400, "#/inputs/0/data/0", {"datatype": "BOOL", "data": [2, 0, 1, 1]}),
        (400, "#/inputs/0/data/0/1", {"data": [[1, True, 3, 4]]}),
        (400, "#/inputs/0/shape", {"shape": [1, 3], "data": [1, 2, 3]}),
        (422, "#/inputs/0/datatype", {"datatype": "BYTES", "data": ["1", "2", "3", "4"]}),
        (422, "#/inputs/0/data/2", {"data": [1, 2, None, 4]}),
        (422, "#/inputs/0/name", {"shape": [4], "name": "nobody"}),
    ],
)
def test_a_tensor_that_is_wrong_is_refused_where_it_is_wrong(api, status, pointer, change):
    body = _cells([1, 2, 3, 4], shape=[1, 4])
    body["inputs"][0] |= change

    answer = api.post(INFER.format("cells"), body)

    document = json.loads(answer.body)
    assert answer.status == status, document
    assert pointer in [one["pointer"] for one in document["errors"]]
    assert document["error"]


@pytest.mark.parametrize(
    ("pointer", "body"),
    [
        ("#", []),
        ("#/inputs", {}),
        ("#/inputs", {"inputs": []}),
        ("#/inputs/0", {"inputs": [1]}),
        ("#/id", _cells([1, 2, 3, 4], shape=[1, 4]) | {"id": 7}),
        ("#/parameters", _cells([1, 2, 3, 4], shape=[1, 4]) | {"parameters": 7}),
        ("#/outputs", _cells([1, 2, 3, 4], shape=[1, 4]) | {"outputs": "predict"}),
        ("#/outputs/0", _cells([1, 2, 3, 4], shape=[1, 4]) | {"outputs": ["predict"]}),
        ("#/outputs/1/name", _cells([1], shape=[1]) | {"outputs": [{"name": "predict"}, {"name": "score"}]}),
    ],
)
def test_what_is_no_request_is_refused_where_it_is_wrong(api, pointer, body):
    answer = api.post(INFER.format("cells"), body)

    assert answer.status == 400
    assert pointer in [one["pointer"] for one in json.loads(answer.body)["errors"]]


def test_missing_unknown_and_unfit_columns_are_all_told(api):
    inputs = tensors("birds", frame("birds"))
    inputs[0]["name"] = "beak"
    inputs[1]["name"] = "eggs"
    inputs[4] |= {"datatype": "INT8", "data": [1] * 8}

    answer = api.post(INFER.format("birds"), {"inputs": inputs})

    found = {(one["pointer"], one["code"]) for one in json.loads(answer.body)["errors"]}
    assert answer.status == 422
    assert found == {
        ("#/inputs/0/name", "unknown_column"),
        ("#/inputs/2/name", "duplicate_column"),
        ("#/inputs/4/datatype", "wrong_type"),
        ("#/inputs", "missing"),
    }


def test_a_boolean_column_takes_no_2(api):
    inputs = tensors("houses", frame("houses", slice(0, 2)))
    inputs[2] |= {"datatype": "INT8", "data": [1, 2]}

    answer = api.post(INFER.format("houses"), {"inputs": inputs})

    assert answer.status == 422
    assert json.loads(answer.body)["errors"][0]["pointer"] == "#/inputs/2/data/1"


@pytest.mark.parametrize(
    ("pointer", "change", "raw"),
    [
        ("#/inputs/0", {}, b"\x02\x00"),
        ("#/inputs/0/shape", {}, b"\x01"),
        ("#/inputs/0/data", {"data": [True, False]}, b"\x01\x00"),
        ("#/inputs/0/parameters/binary_data_size", {"parameters": {"binary_data_size": "2"}}, b"\x01\x00"),
        ("#/inputs/0/parameters/binary_data_size", {"parameters": {"binary_data_size": -2}}, b"\x01\x00"),
        ("#/inputs", {"parameters": {"binary_data_size": 3}}, b"\x01\x00"),
    ],
)
def test_binary_data_that_is_wrong_is_refused_where_it_is_wrong(api, pointer, change, raw):
    size = {"binary_data_size": len(raw)}
    tensor = {"name": "garden", "shape": [2], "datatype": "BOOL", "parameters": size} | change
    head = json.dumps({"inputs": [tensor]}).encode()

    answer = api.ask(
        "POST", INFER.format("houses"), head + raw, inference_header_content_length=str(len(head))
    )

    assert answer.status == 400
    assert pointer in [one["pointer"] for one in json.loads(answer.body)["errors"]]


def test_strings_must_be_strings(api):
    tensor = {"name": "sex", "shape": [2], "datatype": "BYTES", "data": ["male", 1]}

    answer = api.post(INFER.format("birds"), {"inputs": [tensor]})

    assert answer.status == 400
    assert json.loads(answer.body)["errors"][0]["pointer"] == "#/inputs/0/data/1"


def test_a_content_type_that_is_not_read_is_415(api):
    answer = api.ask("POST", INFER.format("cells"), b"a,b\n1,2", content_type="text/csv")

    assert answer.status == 415
    assert json.loads(answer.body)["error"]
