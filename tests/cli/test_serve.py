from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _ask(url, document=None):
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def _until_it_answers(url, process):
    end_s = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end_s:
        try:
            return _ask(url)
        except urllib.error.URLError:
            time.sleep(0.05)
    raise AssertionError(f"{url} never answered")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_default_model_answers_at_the_root_until_sigterm(serving, workers):
    port = _free_port()
    command = [sys.executable, "-m", "dasier", "serve", "--port", str(port), "--workers", workers]
    command += ["--default-model", "cells"]
    with (serving.folder / "said").open("w") as said:
        process = subprocess.Popen(
            command, cwd=serving.folder, stdout=said, stderr=said, env=dict(os.environ)
        )

    try:
        ready = _until_it_answers(f"http://127.0.0.1:{port}/ping", process)
        row = {"a": 1, "b": 2, "c": -1, "d": 0}
        answer = _ask(f"http://127.0.0.1:{port}/invocations", {"instances": [row]})
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(20)

    assert ready["ready"] is True
    assert answer == {"predictions": [1]}
    assert status == 0
    assert not re.search("Traceback|ERROR", (serving.folder / "said").read_text())


def test_a_default_model_that_does_not_exist_is_refused(serving):
    assert "no such model" in serving.refused("serve", "--default-model", "nothing")


def test_a_registry_without_trusted_keys_is_refused(serving):
    (serving.folder / ".dasier" / "keys" / "signing.pem").unlink()

    assert "DASIER_TRUSTED_KEYS" in serving.refused("serve")
