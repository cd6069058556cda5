from __future__ import annotations

import base64
import json
import logging
from typing import Any

import pytest

from dasier.errors import RowsRefused, Violation
from dasier.serving.exchange import Request, Response, handler, json_response
from tests.models import Shop


def echo(_: Any, request: Request) -> Response:
    return json_response(
        {
            "body": request.body.decode(),
            "type": request.media_type,
            "client": request.client,
            "path": request.path,
        }
    )


def fail(_: Any, request: Request) -> Response:
    raise ZeroDivisionError("secret " + request.body.decode())


def refuse(_: Any, request: Request) -> Response:
    raise RowsRefused([Violation("#/a", "missing", "No.")])


ROUTES = {
    ("POST", "/echo"): echo,
    ("POST", "/fail"): fail,
    ("POST", "/refuse"): refuse,
    ("GET", "/bytes"): lambda *_: Response(body=b"\x00\xff", content_type="application/octet-stream"),
    ("GET", "/long"): lambda *_: Response(body=b"x" * 200),
    ("ANY", "/any"): lambda *_: Response(body=b"{}"),
}


def ask(resource: str, method: str = "POST", **event: Any) -> tuple[int, Any, dict[str, str]]:
    service = Shop().service(body_limit_bytes=100, answer_limit_bytes=100)
    answer = handler(ROUTES, serve=lambda: service)(
        {"resource": resource, "httpMethod": method, "requestContext": {"requestId": "r1"}, **event}, None
    )
    assert answer["headers"]["x-request-id"]
    body = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else json.loads(answer["body"])
    return answer["statusCode"], body, answer["headers"]


def test_request_is_read_from_the_event() -> None:
    status, body, _ = ask(
        "/echo",
        body="h\u00e9",
        headers={"Content-Type": "Text/CSV; charset=utf-8", "X-Client-Id": "ada"},
        pathParameters={"name": "m"},
    )

    assert status == 200
    assert body == {"body": "h\u00e9", "type": "text/csv", "client": "ada", "path": {"name": "m"}}


def test_body_in_base64_is_decoded() -> None:
    _, body, _ = ask("/echo", body=base64.b64encode(b"abc").decode(), isBase64Encoded=True)

    assert body["body"] == "abc"


@pytest.mark.parametrize(("header", "client"), [({}, "key-7"), ({"x-client-id": "ada"}, "key-7/ada")])
def test_key_of_the_gateway_says_who_calls_and_a_header_which_of_its_callers(
    header: dict[str, str], client: str
) -> None:
    context = {"requestId": "r1", "identity": {"apiKeyId": "key-7"}}

    _, body, _ = ask("/echo", headers=header, requestContext=context)

    assert body["client"] == client


@pytest.mark.parametrize(
    "nothing", [{}, {"body": None, "headers": None, "pathParameters": None, "queryStringParameters": None}]
)
def test_event_with_nothing_in_it_is_read(nothing: dict[str, Any]) -> None:
    assert ask("/echo", **nothing)[0] == 200


@pytest.mark.parametrize("event", [{}, {"requestContext": None}, {"resource": None, "httpMethod": None}])
def test_event_of_another_kind_is_no_path(event: dict[str, Any]) -> None:
    answer = handler(ROUTES, serve=Shop().service)(event, None)

    assert answer["statusCode"] == 404


@pytest.mark.parametrize(
    ("resource", "method", "event", "status"),
    [
        ("/none", "GET", {}, 404),
        ("/echo", "GET", {}, 405),
        ("/echo", "POST", {"body": "x" * 101}, 413),
        ("/echo", "POST", {"body": "\u00e9" * 51}, 413),
        ("/echo", "POST", {"body": "???", "isBase64Encoded": True}, 400),
        ("/echo", "POST", {"body": "\ud800"}, 400),
        ("/long", "GET", {}, 413),
        ("/refuse", "POST", {}, 422),
        ("/fail", "POST", {}, 500),
    ],
)
def test_what_cannot_be_answered_is_a_problem(
    resource: str, method: str, event: dict[str, Any], status: int
) -> None:
    found, body, headers = ask(resource, method, **event)

    assert (found, body["status"], body["instance"]) == (status, status, "r1")
    assert headers["content-type"] == "application/problem+json"


def test_answer_that_is_too_large_names_the_jobs() -> None:
    assert "/jobs" in ask("/long", "GET")[1]["detail"]


def test_our_fault_is_logged_once_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        _, body, _ = ask("/fail", body="3.14")

    assert "secret" not in json.dumps(body)
    assert [record.getMessage() for record in caplog.records if record.name == "dasier"] == ["request failed"]


def test_refusal_is_not_logged_as_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        ask("/refuse")

    assert [record for record in caplog.records if record.name == "dasier"] == []


def test_bytes_travel_as_base64() -> None:
    assert ask("/bytes", "GET")[1] == b"\x00\xff"


def test_any_method_may_be_routed() -> None:
    assert ask("/any", "DELETE")[0] == 200
