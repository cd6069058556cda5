"""Missing, extra and reordered columns, and values of another type: all told, and order changes nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.forms import TABLES, as_csv
from tests.published import expected, frame, records

PREDICT = "/models/birds/predict"
COLUMNS = ["beak mm", "mass_g", "eggs", "ringed", "île", "sex"]
SETTINGS = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# What each column refuses, by the JSON type that it is.
WRONG = {
    "beak mm": ["5", True, [], {}],
    "mass_g": ["1,5", "4000", False, None],
    "eggs": [1.5, "1", True, None],
    "ringed": [0, 1, "true", None],
    "île": [1, True, ["Dream"], None],
    "sex": [0, False, {}],
}


def _found(answer):
    return {one["pointer"] for one in json.loads(answer.body)["errors"]}


def _at(row, column):
    return f"#/instances/{row}/" + column.replace("î", "%C3%AE")


@SETTINGS
@given(
    missing=st.sets(st.sampled_from(COLUMNS)),
    extra=st.sets(st.sampled_from(["x", "beak_mm", "__proto__", "constructor", "sexe"])),
    row=st.integers(0, 3),
)
def test_every_missing_and_every_extra_column_is_told(api, missing, extra, row):
    rows = records(frame("birds", slice(0, 4)))
    rows[row] = {name: cell for name, cell in rows[row].items() if name not in missing} | dict.fromkeys(
        extra, 1
    )

    answer = api.post(PREDICT, {"instances": rows})

    if missing | extra:
        assert answer.status == 422
        assert _found(answer) == {_at(row, name) for name in missing | extra}
    else:
        assert answer.status == 200


@SETTINGS
@given(
    wrong=st.dictionaries(
        st.tuples(st.integers(0, 3), st.sampled_from(COLUMNS)), st.integers(0, 3), min_size=1, max_size=8
    )
)
def test_every_value_of_another_type_is_told(api, wrong):
    rows = records(frame("birds", slice(0, 4)))
    for (row, column), choice in wrong.items():
        rows[row][column] = WRONG[column][choice % len(WRONG[column])]

    answer = api.post(PREDICT, {"instances": rows})

    assert answer.status == 422
    assert _found(answer) == {_at(row, column) for row, column in wrong}


@SETTINGS
@given(order=st.permutations(COLUMNS), form=st.sampled_from([f for f in TABLES if "arrays" not in f]))
def test_the_order_of_columns_changes_nothing(api, order, form):
    rows = frame("birds")
    body = TABLES[form](rows[order])
    headers = {"content_type": "text/csv"} if isinstance(body, bytes) else {}

    answer = api.post(PREDICT, body, **headers)

    assert [one["prediction"] for one in json.loads(answer.body)["predictions"]] == expected("birds", rows)


@pytest.mark.parametrize("form", ["dataframe_split", "inputs", "text/csv"])
def test_a_missing_column_is_told_in_every_form(api, form):
    rows = frame("birds").drop(columns=["eggs", "sex"]).assign(x=1)
    body = as_csv(rows) if form == "text/csv" else TABLES[form](rows)
    headers = {"content_type": "text/csv"} if isinstance(body, bytes) else {}

    answer = api.post(PREDICT, body, **headers)

    codes = sorted(one["code"] for one in json.loads(answer.body)["errors"])
    assert answer.status == 422
    assert codes == ["missing", "missing", "unknown_column"]


def test_true_is_no_number(api):
    rows = records(frame("birds", slice(0, 1)))
    rows[0]["mass_g"] = True

    answer = api.post(PREDICT, {"instances": rows})

    assert answer.status == 422
    assert "not true or false" in json.loads(answer.body)["errors"][0]["detail"]


@pytest.mark.parametrize("word", ["1,5", "1 000", "1'000", "0x10", "1_000", "१"])
@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_number_is_written_with_a_point_and_nothing_else(api, word, form):
    if form == "json":
        answer = api.post("/models/pumps/predict", {"instances": [{"heat": word, "noise": 1}]})
    else:
        sheet = f'heat,noise\n"{word}",1\n'.encode()
        answer = api.post("/models/pumps/predict", sheet, content_type="text/csv")

    found = json.loads(answer.body)["errors"]
    assert answer.status == 422
    assert [one["code"] for one in found] == ["wrong_type"]
    assert word not in answer.body.decode()


def test_a_value_that_was_sent_is_never_repeated(api):
    secret = "s3cr3t-value"  # noqa: S105 - it is what must not be repeated
    rows = records(frame("birds", slice(0, 2)))
    rows[0] |= {"beak mm": secret, "mass_g": [secret], "eggs": {secret: secret}}

    answers = [
        api.post(PREDICT, {"instances": rows}),
        api.post("/models/birds/invocations", {"instances": rows}),
        api.post(
            "/v2/models/birds/infer",
            {"inputs": [{"name": "sex", "shape": [1], "datatype": "FP64", "data": [secret]}]},
        ),
    ]

    assert {answer.status for answer in answers} == {400, 422}
    assert not any(secret in answer.body.decode() for answer in answers)


def test_more_violations_than_can_be_read_are_counted(api):
    rows = [{"heat": "x", "noise": "y"}] * 700

    answer = api.post("/models/pumps/predict", {"instances": rows})

    found = json.loads(answer.body)["errors"]
    assert len(found) == 1001
    assert found[-1]["code"] == "more"
