from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
import time

import pytest

from dasier.errors import SettingsInvalid
from dasier.local.functions import Functions
from dasier.local.gateway import Gateway, Limits
from dasier.local.template import Function, Route, Template
from tests.local.asgi import ask

ECHO, CATALOG = (Function(name=name, handler=f"functions.{name}.handler") for name in ("echo", "catalog"))
SLOW = Function(name="slow", handler="functions.slow.handler", timeout_s=0)


def _echo(event, context):
    told = {
        "resource": event["resource"],
        "method": event["httpMethod"],
        "parameters": event["pathParameters"],
        "query": event["queryStringParameters"],
        "function": context.function_name,
        "id": context.aws_request_id,
        "remaining": context.get_remaining_time_in_millis(),
    }
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(told)}


def _route(method, path, function=ECHO):
    return Route(method=method, path=path, function=function, key_required=True)


def _gateway(*routes, handlers=None, **options):
    template = Template(functions=(), routes=routes, store_triggers=(), schedules=())
    return Gateway(template, Functions({"echo": _echo, "catalog": _echo} | (handlers or {})), **options)


def test_a_request_reaches_the_function_of_its_route():
    gateway = _gateway(_route("ANY", "/models/{name}/predict"), _route("ANY", "/{proxy+}", CATALOG))

    answer = ask(gateway, "POST", "/models/wine/predict?explain=true", body=b"{}")

    told = json.loads(answer.body)
    assert answer.status == 200
    assert told["function"] == "echo"
    assert told["parameters"] == {"name": "wine"}
    assert told["query"] == {"explain": "true"}


def test_a_request_that_breaks_off_wakes_no_function():
    woken, sent = [], []
    gateway = _gateway(_route("ANY", "/a"), handlers={"echo": lambda event, _: woken.append(event)})
    messages = [
        {"type": "http.request", "body": b"id,actual\n1,", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/a", "raw_path": b"/a", "query_string": b"",
        "headers": [(b"content-type", b"text/csv")], "client": ("127.0.0.1", 1234),
    }  # fmt: skip
    asyncio.run(gateway(scope, receive, send))

    assert (woken, sent) == ([], [])


class Sure:
    """A handler that says what it is sure to answer at once, and by which thread it was called."""

    def __init__(self, *, sure):
        self.sure, self.threads = sure, []

    def is_at_once(self, event):
        return self.sure

    def __call__(self, event, context):
        self.threads.append(threading.get_ident())
        return _echo(event, context)


@pytest.mark.parametrize(("sure", "target"), [(True, "/a"), (False, "/a"), (True, "/a?explain=true")])
def test_only_what_is_sure_to_be_quick_is_answered_where_connections_wait(sure, target):
    handler = Sure(sure=sure)

    answer = ask(_gateway(_route("ANY", "/a"), handlers={"echo": handler}), "POST", target)

    here = handler.threads == [threading.get_ident()]
    assert (answer.status, here) == (200, sure and "?" not in target)


def test_functions_that_are_imported_later_are_first_seen_to_be_there(tmp_path, monkeypatch):
    package = tmp_path / "later_functions"
    package.mkdir()
    (package / "here.py").write_text("handler = lambda event, context: {'statusCode': 204}\n")
    monkeypatch.setattr("sys.path", [str(tmp_path), *sys.path])
    here, gone = (Function(name=name, handler=f"later_functions.{name}.handler") for name in ("here", "gone"))

    functions = Functions.load([here], tmp_path, later=True)

    assert "later_functions.here" not in sys.modules
    assert functions.call(here, {}, request_id="id") == {"statusCode": 204}
    assert "later_functions.here" in sys.modules
    with pytest.raises(SettingsInvalid, match="gone"):
        Functions.load([here, gone], tmp_path, later=True)


def test_function_that_cannot_be_imported_when_there_is_time_is_told_and_the_others_are(
    tmp_path, monkeypatch, caplog
):
    for name, text in (("broken", "1 / 0"), ("whole", "handler = print")):
        (tmp_path / f"later_{name}.py").write_text(text)
    monkeypatch.setattr("sys.path", [str(tmp_path), *sys.path])
    both = [Function(name=name, handler=f"later_{name}.handler") for name in ("broken", "whole")]

    Functions.load(both, tmp_path, later=True).get_ready()

    assert caplog.messages == ["a function cannot be imported"]
    assert "later_whole" in sys.modules


def test_the_function_knows_the_id_that_the_caller_is_given():
    answer = ask(_gateway(_route("ANY", "/a")), "GET", "/a")

    assert answer.headers["x-request-id"] == json.loads(answer.body)["id"]


def test_what_no_route_takes_goes_to_the_one_that_catches_all():
    gateway = _gateway(_route("ANY", "/a"), _route("ANY", "/{proxy+}", CATALOG))

    assert json.loads(ask(gateway, "GET", "/a/b/c").body)["function"] == "catalog"


def test_head_is_get_without_the_body():
    answer = ask(_gateway(_route("GET", "/a")), "HEAD", "/a")

    assert answer.status == 200
    assert int(answer.headers["content-length"]) > 0
    assert answer.body == b""


def test_a_method_that_the_path_has_not_is_refused_with_those_that_it_has():
    answer = ask(_gateway(_route("GET", "/a")), "DELETE", "/a")

    assert answer.status == 405
    assert answer.headers["allow"] == "GET"
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_path_is_a_problem_with_an_id():
    answer = ask(_gateway(), "GET", "/nothing")

    assert answer.status == 404
    assert json.loads(answer.body)["instance"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("chunks", [1, 7])
def test_a_body_over_the_limit_is_refused_before_any_function_runs(chunks):
    gateway = _gateway(_route("ANY", "/a"), handlers={"echo": None}, limits=Limits(body_bytes=100))

    answer = ask(gateway, "POST", "/a", body=b"x" * 101, chunks=chunks)

    assert answer.status == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_that_claims_to_be_too_large_is_not_read():
    gateway = _gateway(_route("ANY", "/a"), limits=Limits(body_bytes=100))

    answer = ask(gateway, "POST", "/a", body=b"x", headers={"content-length": "9" * 5000})

    assert answer.status == 413


def test_a_body_in_pieces_is_joined_in_order():
    def mirror(event, _context):
        return {"statusCode": 200, "body": event["body"]}

    gateway = _gateway(_route("ANY", "/a"), handlers={"echo": mirror})

    answer = ask(gateway, "POST", "/a", body=b"0123456789", headers={"content-type": "text/csv"}, chunks=3)

    assert answer.body == b"0123456789"


def test_a_function_that_raises_is_a_500_that_tells_only_the_id(caplog):
    def broken(_event, _context):
        raise RuntimeError("secret at /etc/passwd")

    gateway = _gateway(_route("ANY", "/a"), handlers={"echo": broken})
    with caplog.at_level(logging.ERROR):
        answer = ask(gateway, "GET", "/a")

    assert answer.status == 500
    assert b"secret" not in answer.body
    assert json.loads(answer.body)["instance"] == answer.headers["x-request-id"]
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    "answer", [None, {}, {"statusCode": 200, "body": 3}, {"statusCode": 200, "headers": {"x": "a\nb"}}]
)
def test_an_answer_of_another_form_is_a_500(answer):
    gateway = _gateway(_route("ANY", "/a"), handlers={"echo": lambda *_: answer})

    assert ask(gateway, "GET", "/a").status == 500


def test_a_function_that_takes_too_long_is_given_up():
    done = threading.Event()
    gateway = _gateway(_route("ANY", "/a", SLOW), handlers={"slow": lambda *_: done.wait(10)})

    answer = ask(gateway, "GET", "/a")
    done.set()

    assert answer.status == 504


def test_more_requests_than_may_wait_are_told_to_come_back():
    gateway = _gateway(_route("ANY", "/a"), limits=Limits(waiting=0))

    answer = ask(gateway, "GET", "/a")

    assert (answer.status, answer.headers["retry-after"]) == (429, "1")


@pytest.mark.parametrize(
    ("path", "resource"),
    [("/ping", "/v2/models/{name}/ready"), ("/invocations", "/models/{name}/invocations")],
)
def test_a_default_model_answers_at_the_root(path, resource):
    routes = [_route("ANY", "/v2/models/{name}/ready"), _route("ANY", "/models/{name}/invocations")]

    told = json.loads(ask(_gateway(*routes, default_model="wine"), "POST", path).body)

    assert told["resource"] == resource
    assert told["parameters"] == {"name": "wine"}


def test_the_context_counts_down_from_the_functions_timeout():
    function = Function(name="echo", handler="functions.echo.handler", timeout_s=29)

    told = json.loads(ask(_gateway(_route("ANY", "/a", function)), "GET", "/a").body)

    assert 28_000 < told["remaining"] <= 29_000


def test_too_many_query_parameters_are_a_bad_request():
    answer = ask(_gateway(_route("ANY", "/a")), "GET", "/a?" + "&".join(["b=1"] * 101))

    assert answer.status == 400


def test_functions_run_beside_each_other():
    both = threading.Barrier(2, timeout=5)
    gateway = _gateway(
        _route("ANY", "/a"), handlers={"echo": lambda *_: {"statusCode": 200, "body": str(both.wait())}}
    )

    threads = [threading.Thread(target=ask, args=(gateway, "GET", "/a")) for _ in range(2)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert time.monotonic() - began < 5
