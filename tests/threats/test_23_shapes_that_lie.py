"""A shape that does not fit its data is refused before anything of its size is made."""

from __future__ import annotations

import json
import math
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.published import expected, frame

INFER = "/v2/models/cells/infer"
SETTINGS = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

SIZES = st.one_of(
    st.integers(-3, 6),
    st.sampled_from([2**31, 2**32, 2**62, 2**63, -(2**63), 2**64 - 1]),
    st.sampled_from([1.0, 1.5, "1", None, True, [1], {}]),
)
SHAPES = st.one_of(st.lists(SIZES, max_size=4), st.sampled_from([None, 4, "4", {"0": 1}]))


def _tensor(shape, data):
    return {"inputs": [{"name": "x", "shape": shape, "datatype": "FP64", "data": data}]}


def _is_true(shape, data):
    """Whether a shape is what it should be: of whole rows of four, as many cells as there are."""
    whole = isinstance(shape, list) and all(type(size) is int and size > 0 for size in shape)
    return whole and len(shape) == 2 and shape[1] == 4 and math.prod(shape) == len(data)


@SETTINGS
@given(shape=SHAPES, data=st.lists(st.floats(-9, 9), max_size=12))
def test_only_a_shape_that_is_true_is_answered(api, shape, data):
    answer = api.post(INFER, _tensor(shape, data))

    # A column is [n] or [n, 1]: true of itself, but there is no column x.
    column = (
        isinstance(shape, list)
        and all(type(s) is int for s in shape)
        and shape in ([len(data)], [len(data), 1])
    )
    wanted = {200} if _is_true(shape, data) else {422} if column and data else {400}
    assert answer.status in wanted, (shape, answer.body)


@SETTINGS
@given(shape=SHAPES, size=st.integers(-1, 100), extra=st.integers(-8, 8))
def test_only_binary_data_as_long_as_the_shape_says_is_read(api, shape, size, extra):
    tensor = {"name": "x", "shape": shape, "datatype": "FP64", "parameters": {"binary_data_size": size}}
    head = json.dumps({"inputs": [tensor]}).encode()
    tail = bytes(max(0, size + extra))

    answer = api.ask("POST", INFER, head + tail, inference_header_content_length=str(len(head)))

    true = len(tail) == size and size % 8 == 0 and _is_true(shape, [0] * (size // 8))
    column = (
        len(tail) == size
        and size
        and shape in ([size / 8], [size / 8, 1])
        and all(type(s) is int for s in shape)
    )
    assert answer.status in ({200} if true else {422} if column else {400}), (shape, size, answer.body)


@pytest.mark.parametrize(
    "data",
    [
        [[1, 2, 3, 4], [1, 2, 3]],
        [[1, 2, 3, 4], 5],
        [[1, 2, 3, 4]],
        [1, 2, 3, 4, [5, 6, 7, 8]],
        [[[1, 2, 3, 4], [1, 2, 3, 4]]],
        [[], []],
        [],
        {"0": [1, 2, 3, 4]},
        [[1, 2, 3, 4], None],
    ],
)
def test_ragged_data_is_refused(api, data):
    answer = api.post(INFER, _tensor([2, 4], data))

    assert answer.status == 400
    assert json.loads(answer.body)["errors"][0]["pointer"].startswith("#/inputs/0")


@pytest.mark.parametrize("shape", [[2**62], [2**62, 4], [2**31, 2**31], [2**62, 2**62], [10**9, 4]])
@pytest.mark.parametrize("datatype", ["FP64", "INT8", "BYTES", "BOOL"])
@pytest.mark.parametrize("binary", [False, True], ids=["json", "binary"])
def test_nothing_of_the_claimed_size_is_made(api, shape, datatype, binary):
    tensor = {"name": "x", "shape": shape, "datatype": datatype, "data": [1, 2, 3, 4]}
    headers = {}
    body = json.dumps({"inputs": [tensor]}).encode()
    if binary:
        del tensor["data"]
        tensor["parameters"] = {"binary_data_size": 8}
        head = json.dumps({"inputs": [tensor]}).encode()
        body, headers = head + bytes(8), {"inference_header_content_length": str(len(head))}

    tracemalloc.start()
    answer = api.ask("POST", INFER, body, **headers)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert answer.status == 400
    assert json.loads(answer.body)["errors"][0]["pointer"] == "#/inputs/0/shape"
    assert peak_bytes < 5_000_000


@pytest.mark.parametrize(
    "length", ["0", "-1", "999999999", "1e3", "x", "", "99999999999999999999999", "٣", "0x10", "1 1"]
)
def test_a_length_of_the_json_that_lies_is_refused(api, length):
    answer = api.ask("POST", INFER, b'{"inputs": []}', inference_header_content_length=length)

    assert answer.status == 400


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xff\xff\xffabcd",
        b"\x02\x00\x00\x00ab",
        b"\x02\x00\x00\x00ab\x03\x00\x00\x00abcd",
        b"\x04\x00\x00\x00\xff\xfe\xfd\xfc\x00\x00\x00\x00",
        b"\x00\x00\x00\x00",
        b"",
    ],
)
def test_strings_whose_lengths_lie_are_refused(api, raw):
    tensor = {
        "name": "sex", "shape": [2], "datatype": "BYTES", "parameters": {"binary_data_size": len(raw)},
    }  # fmt: skip
    head = json.dumps({"inputs": [tensor]}).encode()

    answer = api.ask(
        "POST", "/v2/models/birds/infer", head + raw, inference_header_content_length=str(len(head))
    )

    assert answer.status == 400


def test_columns_of_different_lengths_are_refused(api):
    inputs = [
        {"name": name, "shape": [n], "datatype": "FP64", "data": [0.5] * n}
        for name, n in (("a", 2), ("b", 2), ("c", 3), ("d", 2))
    ]

    answer = api.post(INFER, {"inputs": inputs})

    assert answer.status == 400
    assert [one["pointer"] for one in json.loads(answer.body)["errors"]] == [
        f"#/inputs/{i}/shape" for i in (0, 1, 3)
    ]


def test_a_true_shape_is_answered(api):
    rows = frame("cells")

    document = api.json("POST", INFER, _tensor(list(rows.shape), rows.to_numpy().ravel().tolist()))

    assert document["outputs"][0]["data"] == expected("cells", rows)
