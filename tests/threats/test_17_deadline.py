"""The deadline is near and the model slow: an answer says so before Lambda ends the process."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from dasier.local.functions import Context, Functions
from dasier.local.gateway import Gateway
from dasier.local.template import Function, Route, Template
from dasier.serving.deadline import MOST_LEFT_BEHIND, Pace
from dasier.serving.exchange import handler
from functions import predict
from tests import models
from tests.hostile import Dawdler
from tests.local.asgi import ask as ask_gateway
from tests.models import Counting, Shop
from tests.serving.test_prediction_log import Kept
from tests.threats.test_03_store_that_answers_wrongly import PATIENCE, FaultyS3, always, through, url
from tests.threats.test_03_store_that_answers_wrongly import Fault as FaultOfS3

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dasier.serving.service import Service

__all__ = ["url"]

PATH = "/models/{name}/predict"


@pytest.fixture(autouse=True)
def _let() -> Iterator[None]:
    """Let every model go on in the end."""
    Dawdler.let.clear()
    Dawdler.seen.clear()
    yield
    Dawdler.let.set()


def dawdling(how: str = "waits", **settings: Any) -> tuple[Any, Service]:
    shop = Shop()
    shop.publish(models.pickled("m", Dawdler(how)))
    service = shop.service(**settings)
    return handler(predict.ROUTES, serve=lambda: service), service


def event(n_rows: int) -> dict[str, Any]:
    body = json.dumps({"instances": [{"x": 0.5}] * n_rows})
    return {"resource": PATH, "httpMethod": "POST", "pathParameters": {"name": "m"}, "body": body}


def left(seconds: float) -> Context:
    """Give the context of an invocation that has so much time left."""
    return Context("id", "predict", 1769, time.monotonic() + seconds)


def answering() -> int:
    return sum(thread.name == "answering" for thread in threading.enumerate())


@pytest.mark.parametrize("how", ["waits", "loops", "sorts"])
def test_answer_says_so_in_the_300_ms_that_are_left_and_the_next_request_is_answered(how: str) -> None:
    handle, _ = dawdling(how)
    assert handle(event(1), left(29))["statusCode"] == 200

    for _ in range(
        3
    ):  # a machine that is busy with something else may be too late for this, but not each time
        context = left(0.3)
        late = handle(event(3), context)
        if in_time := context.get_remaining_time_in_millis() > 0:
            break

    assert in_time
    assert late["statusCode"] == 503
    assert int(late["headers"]["retry-after"]) > 0
    assert "no answer in time" in json.loads(late["body"])["detail"]
    again = handle(event(1), left(29))
    assert (again["statusCode"], json.loads(again["body"])["predictions"][0]["prediction"]) == (200, 1.0)


def test_late_answer_is_logged_at_once_and_once_as_an_error_of_the_version() -> None:
    handle, service = dawdling()
    log = service.prediction_log = Kept()

    handle(event(3) | {"requestContext": {"requestId": "late"}}, left(0.3))

    (record,) = log.records
    assert (record["version"], record["status"], record["errors"]) == ("1", 503, 1)
    assert record["latency_ms"] >= 100
    Dawdler.let.set()
    handle(event(1) | {"requestContext": {"requestId": "next"}}, left(29))
    assert [record["status"] for record in log.records] == [503, 200]
    assert service.under_way == {}


def test_request_that_nothing_is_left_for_is_refused_at_once() -> None:
    handle, _ = dawdling()

    assert handle(event(3), left(0))["statusCode"] == 503


def test_threads_that_are_left_behind_are_few_and_the_process_says_that_it_must_be_replaced(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handle, _ = dawdling()
    handle(event(1), left(29))
    before = answering()

    took_s = []
    for _ in range(MOST_LEFT_BEHIND + 3):
        started = time.monotonic()
        assert handle(event(3), left(0.3))["statusCode"] == 503
        took_s.append(time.monotonic() - started)

    assert answering() <= before + MOST_LEFT_BEHIND
    assert min(took_s[:MOST_LEFT_BEHIND]) > 0.1
    assert min(took_s[MOST_LEFT_BEHIND:]) < 0.1
    assert "replace this process: its threads do not end" in caplog.messages
    assert handle(event(1), left(29))["statusCode"] == 200  # what is sure to be quick needs no thread


def test_threads_that_end_after_all_are_used_again() -> None:
    handle, _ = dawdling()
    for _ in range(MOST_LEFT_BEHIND):
        handle(event(3), left(0.05))
    before = answering()
    Dawdler.let.set()

    end_s = time.monotonic() + 20
    while (status := handle(event(3), left(5))["statusCode"]) == 503 and time.monotonic() < end_s:
        threading.Event().wait(0.01)

    assert status == 200
    assert answering() <= before


def test_what_is_sure_to_be_quick_is_answered_by_the_thread_that_asks() -> None:
    handle, _ = dawdling(refresh_s=1e9)
    for _ in range(2):  # the first one loads the model, which may take long
        handle(event(1), left(29))
    Dawdler.seen.clear()

    handle(event(1), left(3_000))

    assert Dawdler.seen == [threading.get_ident()]


@pytest.mark.parametrize(
    "why", ["cold", "much larger", "store to be asked", "not loaded", "little time left"]
)
def test_what_may_be_slow_is_answered_by_another_thread(why: str) -> None:
    handle, service = dawdling(refresh_s=0.0 if why == "store to be asked" else 1e9)
    if why != "cold":
        handle(event(1), left(29))
    if why == "not loaded":
        service.loaded._held.clear()
    Dawdler.seen.clear()

    handle(event(50_000 if why == "much larger" else 1), left(0.01 if why == "little time left" else 2))

    while not Dawdler.seen:
        threading.Event().wait(0.01)
    assert threading.get_ident() not in Dawdler.seen


def warm(model: Any, **settings: Any) -> tuple[Any, Service]:
    """Give a handler that has answered for a model, and its service."""
    shop = Shop()
    shop.publish(model)
    service = shop.service(**{"refresh_s": 1e9} | settings)
    handle = handler(predict.ROUTES, serve=lambda: service)
    for _ in range(2):
        assert handle(event(1), left(29))["statusCode"] == 200
    return handle, service


def test_arithmetic_that_is_warm_may_be_answered_where_others_wait() -> None:
    handle, _ = warm(models.constant("m"))

    assert handle.is_at_once(event(1))


@pytest.mark.parametrize(
    "why", ["cold", "much larger", "store to be asked soon", "not loaded", "another path"]
)
def test_what_others_would_have_to_wait_for_is_not_answered_where_they_do(why: str) -> None:
    handle, service = warm(models.constant("m"), refresh_s=0.01 if why == "store to be asked soon" else 1e9)
    if why == "cold":
        handle = handler(predict.ROUTES, serve=lambda: service)
    if why == "not loaded":
        service.loaded._held.clear()
    asked = event(100_000 if why == "much larger" else 1)
    if why == "another path":
        asked |= {"pathParameters": {"name": "m", "version": "2"}}

    assert not handle.is_at_once(asked)


def test_code_that_came_with_an_estimator_never_runs_where_others_wait() -> None:
    Dawdler.let.set()
    handle, _ = warm(models.pickled("m", Dawdler()))

    assert not handle.is_at_once(event(1))


def test_pace_of_names_that_callers_make_up_is_not_kept_for_ever() -> None:
    pace = Pace()

    for n in range(5_000):
        pace.note({"resource": PATH, "pathParameters": {"name": f"m{n}"}}, took_s=0.001, cpu_s=0.001)

    assert len(pace._last) <= 1_000


def test_store_that_stalls_is_not_waited_for_beyond_the_deadline(url: str) -> None:
    proxy = FaultyS3()
    shop = Shop(through(proxy, url))
    shop.publish(models.constant("m"))
    service = shop.service()
    handle = handler(predict.ROUTES, serve=lambda: service)
    proxy.script = always(FaultOfS3(stalls=True), "GET")
    context = left(PATIENCE.silence_s / 2)

    late = handle(event(1), context)

    assert late["statusCode"] == 503
    assert context.get_remaining_time_in_millis() > 0
    assert "no answer in time" in json.loads(late["body"])["detail"]
    proxy.close()


def test_one_load_goes_on_behind_a_late_answer_and_serves_the_next_request() -> None:
    shop = Shop(Counting(Shop().store))
    shop.publish(models.pickled("m", Dawdler()))
    slow = threading.Event()
    service = shop.service(Shop(Slowly(shop.store, slow)).registry)
    handle = handler(predict.ROUTES, serve=lambda: service)

    late = handle(event(1), left(0.3))
    slow.set()
    answer = handle(event(1), left(29))

    assert (late["statusCode"], answer["statusCode"]) == (503, 200)
    assert shop.store.blobs_read == 1


class Slowly(Counting):
    """A store whose blobs come when they are let."""

    def __init__(self, store: Counting, let: threading.Event) -> None:
        super().__init__(store)
        self._store, self._let = store, let

    def get_sized(self, key: str, size_bytes: int) -> bytes | int | None:
        self._let.wait()
        return self._store.get_sized(key, size_bytes)


def test_local_gateway_gives_the_functions_the_time_that_the_template_does() -> None:
    handle, _ = dawdling()
    handle(event(1), left(29))
    function = Function(name="PredictFunction", handler="functions.predict.handler", timeout_s=1)
    route = Route(method="POST", path=PATH, function=function, key_required=False)
    template = Template(functions=(function,), routes=(route,), store_triggers=(), schedules=())
    gateway = Gateway(template, Functions({"PredictFunction": handle}))

    answer = ask_gateway(gateway, "POST", "/models/m/predict", body=event(3)["body"].encode())

    assert answer.status == 503
    assert "no answer in time" in json.loads(answer.body)["detail"]
