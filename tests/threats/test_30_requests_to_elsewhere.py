"""No address that somebody sends is ever connected to: not by the API, not by the site, not by the command.

Real processes serve, and write down each connection and each name that they ask for. What is sent points at a listener, which would
notice what Python does not see: a connection that the store's library made.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner

from dasier.cli import dasier
from tests.e2e.rungs.over_http import free_port, wait_for
from tests.published import Published, frame, records

if TYPE_CHECKING:
    from collections.abc import Iterator

WATCHED = """
import json, runpy, sys
told = open(sys.argv[1], "a", buffering=1)
def hook(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        told.write(json.dumps([event, str(arguments[1])]) + "\\n")
    elif event in ("socket.getaddrinfo", "subprocess.Popen", "os.system"):
        told.write(json.dumps([event, str(arguments[0])]) + "\\n")
sys.addaudithook(hook)
module, sys.argv = sys.argv[2], sys.argv[2:]
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


class Listener:
    """Notices whoever connects."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.came = 0
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/latest/meta-data"

    def close(self) -> None:
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.came += 1
            connection.close()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    found = Listener()
    yield found
    found.close()


@dataclass
class Process:
    """A server, and what it connected to."""

    port: int
    log: Path

    def connected(self) -> list[list[str]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def ask(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> int:
        """Send a request just as it is said, whatever a proper client thinks of it; 0 if there is no answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(method, target, skip_host="Host" in headers, skip_accept_encoding=True)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                connection.putheader(name, value)
            connection.endheaders(body)
            return connection.getresponse().status
        except (OSError, ValueError):
            return 0
        finally:
            connection.close()


def started(folder: Path, port: int, path: str, *arguments: str, **environment: str) -> Iterator[Process]:
    log, said = folder / f"{port}.log", folder / f"{port}.said"
    script = folder / "watched.py"
    script.write_text(WATCHED)
    log.touch()
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, str(script), str(log), *arguments],
            stdout=out,
            stderr=out,
            env=os.environ | {"PYTHONPATH": str(Path.cwd())} | environment,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}", path, said=said.read_text, alive=lambda: process.poll() is None)
        yield Process(port, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder, port = tmp_path_factory.mktemp("api"), free_port()
    (folder / "store").mkdir()
    published = Published(f"file://{folder}/store")
    published.publish("birds")
    yield from started(
        folder, port, "/healthz", "dasier", "serve", "--port", str(port), "--no-gate",
        DASIER_REGISTRY=f"file://{folder}/store", DASIER_TRUSTED_KEYS=published.signer.public_key(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, api: Process) -> Iterator[Process]:
    port = free_port()
    arguments = ("webapp", "--api", f"http://127.0.0.1:{api.port}", "--port", str(port))
    yield from started(tmp_path_factory.mktemp("site"), port, "/", *arguments)


def steering(url: str) -> dict[str, str]:
    """Give the headers by which servers and proxies have been steered elsewhere."""
    names = ("X-Forwarded-Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Original-URL", "X-Rewrite-URL", "Forwarded",
             "Referer", "Origin", "Location", "X-Callback-URL", "X-Amz-Sns-Topic-Arn", "Content-Location", "Link",
             "traceparent", "x-client-id", "x-api-key", "User-Agent", "From", "True-Client-IP")  # fmt: skip
    return dict.fromkeys(names, url)


def requests(url: str) -> dict[str, tuple[str, str, Any, dict[str, str]]]:
    row = records(frame("birds"))[0]
    everywhere = dict.fromkeys(row, url) | {"__proto__": url, "$ref": url, "url": url, "callback": url}
    tensor = {
        "name": url,
        "shape": [1],
        "datatype": "BYTES",
        "data": [url],
        "parameters": {"shared_memory_region": url},
    }
    xml = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{url}">]><a>&x;</a>'.encode()
    predict = "/models/birds/predict"
    return {
        "cells": ("POST", predict, {"instances": [everywhere]}, {}),
        "a good row with steering headers": ("POST", predict, {"instances": [row]}, steering(url)),
        "columns": ("POST", predict, {"inputs": {name: [url] for name in row}}, {}),
        "a reference": ("POST", predict, {"$ref": url, "instances": {"$ref": url}}, {}),
        "CSV": ("POST", predict, (",".join(row) + "\n" + ",".join([url] * len(row))).encode(), {"Content-Type": "text/csv"}),
        "formulas": ("POST", predict, f'sex\n"=WEBSERVICE(""{url}"")"\n'.encode(), {"Content-Type": "text/csv"}),
        "XML": ("POST", predict, xml, {"Content-Type": "application/xml"}),
        "a query": ("POST", f"{predict}?explain={url}&url={url}&callback={url}", {"instances": [row]}, {}),
        "MLflow": ("POST", "/models/birds/invocations", {"dataframe_records": [everywhere], "params": {"url": url}}, {}),
        "tensors": ("POST", "/v2/models/birds/infer", {"id": url, "inputs": [tensor], "outputs": [{"name": url}]}, {}),
        "feedback": ("POST", "/models/birds/feedback", {"prediction_id": url, "actual": url, "url": url}, {}),
        "a model's name": ("GET", f"/models/{url}", b"", {}),
        "a version": ("GET", f"/models/birds/versions/{url}", b"", {}),
        "an absolute target": ("GET", url, b"", {}),
        "a tunnel": ("CONNECT", url.removeprefix("http://").partition("/")[0], b"", {}),
        "a foreign host": ("GET", "/openapi.json", b"", {"Host": url.removeprefix("http://").partition("/")[0]}),
        "a card": ("GET", "/models/birds/card", b"", steering(url) | {"Accept": f"text/html; profile={url}"}),
    }  # fmt: skip


NAMES = list(requests("http://x/"))


@pytest.mark.parametrize("what", NAMES)
def test_the_api_connects_to_no_address_that_it_is_sent(api: Process, listener: Listener, what: str) -> None:
    method, target, body, headers = requests(listener.url)[what]
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    status = api.ask(method, target, content, {"Content-Type": "application/json"} | headers)

    assert 0 <= status < 500
    assert status == 200 or "good row" not in what
    assert api.connected() == []  # its store is a folder: there is nothing to connect to
    assert listener.came == 0


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/models/birds", ("x.sex", "x.île", "x.beak mm", "url", "back")),
        ("/models/birds/spreadsheet", ("text", "file", "step")),
        ("/preferences", ("language", "theme", "back")),
    ],
)
def test_the_site_connects_to_the_api_alone(
    api: Process, site: Process, listener: Listener, path: str, fields: tuple[str, ...]
) -> None:
    body = urlencode(dict.fromkeys(fields, listener.url)).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}

    statuses = [
        site.ask("GET", path, b"", {}),
        site.ask("GET", f"/?q={listener.url}", b"", {}),
        site.ask("GET", listener.url, b"", {}),
        site.ask("GET", f"/models/{listener.url}", b"", {}),
        site.ask("POST", path, body, kind),
        site.ask("GET", "/models/birds/about", b"", steering(listener.url)),
        site.ask("GET", "/", b"", {"Host": f"127.0.0.1:{listener.port}"}),
    ]

    reached = {where for event, where in site.connected() if event == "socket.connect"}
    assert max(statuses) < 500
    assert statuses[5] == 200
    assert reached == {str(("127.0.0.1", api.port))}
    assert listener.came == 0


@pytest.mark.parametrize(
    "command",
    [
        ("import", "URL", "--name", "x", "--data", "rows.csv"),
        ("import", "model.joblib", "--name", "x", "--data", "URL"),
        ("build", "--csv", "URL", "--target", "y", "--name", "x"),
        ("build", "URL"),
        ("publish", "URL"),
        ("predict", "birds", "--data", "URL"),
        ("feedback", "birds", "URL"),
        ("compare", "birds", "1", "--rows", "URL"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("scheme", ["http", "ftp", "s3"])
def test_the_command_reads_files_and_fetches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listener: Listener, command: tuple[str, ...], scheme: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DASIER_REGISTRY", f"file://{tmp_path}/store")
    (tmp_path / "store").mkdir()
    for name in ("rows.csv", "model.joblib"):
        (tmp_path / name).write_text("a,y\n1,2\n")
    url = f"{scheme}://127.0.0.1:{listener.port}/x.csv"

    result = CliRunner().invoke(dasier, [url if part == "URL" else part for part in command], input="y\n")

    assert result.exit_code in {1, 2}
    assert isinstance(result.exception, SystemExit), result.exception
    assert listener.came == 0


def test_what_watches_sees_a_connection(tmp_path: Path, listener: Listener) -> None:
    """Else all of this would pass whatever happened."""
    (tmp_path / "watched.py").write_text(WATCHED)
    (tmp_path / "careless.py").write_text(
        f"import urllib.request\ntry:\n    urllib.request.urlopen('{listener.url}')\nexcept OSError:\n    pass\n"
    )
    before = listener.came

    subprocess.run(
        [sys.executable, "watched.py", "log", "careless"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "no_proxy": "127.0.0.1"},
        check=False,
        capture_output=True,
    )

    seen = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert ["socket.connect", str(("127.0.0.1", listener.port))] in seen
    assert listener.came == before + 1
    listener.came = before
