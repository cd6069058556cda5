from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dasier.local.events import Call, event, object_created, reply, scheduled
from dasier.local.routing import Match

RECORDED = Path(__file__).parent / "recorded"


def _call(**changes):
    call = {
        "method": "POST",
        "path": "/models/penguins/predict",
        "query": "",
        "headers": [("content-type", "application/json")],
        "body": b'{"instances": []}',
        "source": "127.0.0.1",
    }
    return Call(**(call | changes))


def _event(**changes):
    match = Match({}, {"name": "penguins"})
    return event(_call(**changes), match, resource="/models/{name}/predict", request_id="id-1")


def test_the_event_has_the_form_that_api_gateway_recorded():
    recorded = json.loads((RECORDED / "predict.json").read_text())

    made = _event(
        query="explain=true&explain=false&empty=",
        headers=[
            ("content-type", "application/json"),
            ("user-agent", "curl/8.5.0"),
            ("x-api-key", "k"),
            ("x-twice", "a"),
            ("x-twice", "b"),
        ],
    )

    assert made == recorded


def test_a_call_without_query_or_body_has_null_for_them():
    made = _event(body=b"")

    assert made["queryStringParameters"] is None
    assert made["body"] is None
    assert made["isBase64Encoded"] is False


@pytest.mark.parametrize("content_type", ["application/octet-stream", "", "image/png"])
def test_what_is_not_said_to_be_text_travels_as_base64(content_type):
    made = _event(headers=[("content-type", content_type)], body=b"\x00\xff")

    assert made["isBase64Encoded"] is True
    assert base64.b64decode(made["body"]) == b"\x00\xff"


def test_text_that_is_not_utf_8_keeps_its_bytes():
    made = _event(headers=[("content-type", "text/csv")], body=b"caf\xe9")

    assert made["isBase64Encoded"] is True
    assert base64.b64decode(made["body"]) == b"caf\xe9"


def test_a_binary_answer_is_decoded():
    got = reply({"statusCode": 200, "body": base64.b64encode(b"\x00").decode(), "isBase64Encoded": True})

    assert (got.status, got.body) == (200, b"\x00")


def test_headers_of_many_values_replace_the_single_one():
    answer = {"statusCode": 200, "headers": {"Vary": "a"}, "multiValueHeaders": {"vary": ["a", "b"]}}

    assert reply(answer).headers == [(b"vary", b"a"), (b"vary", b"b")]


def test_an_answer_cannot_smuggle_a_header():
    with pytest.raises(ValueError, match="evil"):
        reply({"statusCode": 200, "headers": {"x": "a\r\nevil: 1"}})


def test_an_object_event_names_bucket_and_key():
    made = object_created("bucket", ["models/a/versions/000001.manifest.json"])

    (record,) = made["Records"]
    assert record["s3"]["bucket"]["name"] == "bucket"
    assert record["s3"]["object"]["key"] == "models/a/versions/000001.manifest.json"


def test_a_scheduled_event_tells_the_time():
    made = scheduled(now=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))

    assert made["time"] == "2026-01-02T03:04:05Z"
