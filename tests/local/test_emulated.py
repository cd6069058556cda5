"""Functions that are called over HTTP, behind an emulator that this test plays."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dasier.errors import SettingsInvalid
from dasier.local.emulated import FunctionFailed, emulated
from dasier.local.template import Function

PREDICT = Function(name="PredictFunction", handler="functions.predict.handler", timeout_s=1)


class Emulator(ThreadingHTTPServer):
    """Answers as it is told to, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.answer, self.asked = 200, b"{}", []
        self.at_once, self.most_at_once, self.lock = 0, 0, threading.Lock()
        self.release = threading.Event()
        self.release.set()

    @property
    def place(self):
        return f"PredictFunction=http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        server = self.server
        with server.lock:
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)
        body = self.rfile.read(int(self.headers["content-length"]))
        server.asked.append((self.path, json.loads(body)))
        server.release.wait(5)
        with server.lock:
            server.at_once -= 1
        self.send_response(server.status)
        self.send_header("content-length", str(len(server.answer)))
        self.end_headers()
        self.wfile.write(server.answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def emulator():
    with Emulator() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.release.set()
        server.shutdown()
        thread.join()


def call(emulator, event):
    return emulated([PREDICT], emulator.place).call(PREDICT, event, request_id="1")


def test_an_event_goes_to_the_function_and_its_answer_comes_back(emulator):
    emulator.answer = b'{"statusCode": 200, "body": "well"}'

    answer = call(emulator, {"resource": "/"})

    assert answer == {"statusCode": 200, "body": "well"}
    assert emulator.asked == [("/2015-03-31/functions/function/invocations", {"resource": "/"})]


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, b'{"errorMessage": "division by zero", "errorType": "ZeroDivisionError", "stackTrace": []}'),
        (200, b"Task timed out after 3.00 seconds"),
        (502, b"{}"),
    ],
)
def test_an_error_that_comes_as_an_answer_is_an_error(emulator, status, answer):
    emulator.status, emulator.answer = status, answer

    with pytest.raises(FunctionFailed):
        call(emulator, {})


def test_two_calls_are_one_after_the_other(emulator):
    functions = emulated([PREDICT], emulator.place)
    emulator.release.clear()
    callers = [
        threading.Thread(target=functions.call, args=(PREDICT, {}), kwargs={"request_id": str(n)})
        for n in range(4)
    ]

    for caller in callers:
        caller.start()
    end_s = time.monotonic() + 5
    while not emulator.asked and time.monotonic() < end_s:
        time.sleep(0.01)
    emulator.release.set()
    for caller in callers:
        caller.join()

    assert len(emulator.asked) == 4
    assert emulator.most_at_once == 1


def test_a_function_that_gives_no_answer_in_its_time_has_failed(emulator):
    emulator.release.clear()

    with pytest.raises(FunctionFailed, match="does not answer"):
        call(emulator, {})


@pytest.mark.parametrize(
    ("places", "problem"),
    [
        ("", "does not say where PredictFunction is"),
        ("CatalogFunction=http://catalog:8080", "does not say where PredictFunction is"),
        ("PredictFunction=predict:8080", "give http://host:port"),
        ("PredictFunction=file:///etc/passwd", "give http://host:port"),
    ],
)
def test_a_function_without_a_place_is_refused(places, problem):
    with pytest.raises(SettingsInvalid, match=problem):
        emulated([PREDICT], places)
