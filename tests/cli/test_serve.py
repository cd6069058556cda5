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
from contextlib import suppress

import pytest
from prometheus_client.parser import text_string_to_metric_families


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


def _metrics(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {
        (sample.name, sample.labels.get("model"), sample.labels.get("outcome")): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_default_model_answers_at_the_root_until_sigterm(serving, workers):
    port, metrics_port = _free_port(), _free_port()
    command = [sys.executable, "-m", "dasier", "serve", "--port", str(port), "--workers", workers]
    command += ["--default-model", "cells", "--metrics-port", str(metrics_port)]
    with (serving.folder / "said").open("w") as said:
        process = subprocess.Popen(
            command, cwd=serving.folder, stdout=said, stderr=said, env=dict(os.environ)
        )

    try:
        ready = _until_it_answers(f"http://127.0.0.1:{port}/ping", process)
        row = {"a": 1, "b": 2, "c": -1, "d": 0}
        answer = _ask(f"http://127.0.0.1:{port}/invocations", {"instances": [row]})
        for instances in ([row] * 3, [{"a": "far"}]) * 10:
            with suppress(urllib.error.HTTPError):
                _ask(f"http://127.0.0.1:{port}/models/cells/predict", {"instances": instances})
        for path in ("/models/no-such-model/predict", "/models/cells/versions/77/predict", "/metrics"):
            with pytest.raises(urllib.error.HTTPError):
                _ask(f"http://127.0.0.1:{port}{path}", {"instances": [row]})
        told = _metrics(f"http://127.0.0.1:{metrics_port}/metrics")
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(20)

    assert ready["ready"] is True
    assert answer == {"predictions": [1]}
    assert told["dasier_requests_total", "cells", "answered"] == 11
    assert told["dasier_requests_total", "cells", "refused"] == 10
    assert told["dasier_requests_total", None, "not_found"] == 2
    assert told["dasier_rows_total", "cells", None] == 31
    assert told["dasier_request_duration_seconds_count", "cells", None] == 21
    assert 1 <= told["dasier_loads_total", "cells", "loaded"] == told["dasier_cold_starts_total", None, None]
    assert {model for _, model, _ in told} == {"cells", None}
    assert status == 0
    assert not re.search("Traceback|ERROR", (serving.folder / "said").read_text())


def test_a_default_model_that_does_not_exist_is_refused(serving):
    assert "no such model" in serving.refused("serve", "--default-model", "nothing")


def test_a_registry_without_trusted_keys_is_refused(serving):
    (serving.folder / ".dasier" / "keys" / "signing.pem").unlink()

    assert "DASIER_TRUSTED_KEYS" in serving.refused("serve")
