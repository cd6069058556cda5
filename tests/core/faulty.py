"""A proxy before an S3 server that answers wrongly, late, in part or not at all, before or after the server did its work."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.core.stores import s3_environment

CODES = {
    409: "ConditionalRequestConflict",
    412: "PreconditionFailed",
    500: "InternalError",
    503: "SlowDown",
}


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request.

    Attributes
    ----------
    status : int
        What is answered, or 0: the connection is cut, or nothing comes.
    after : bool
        Whether the server did what it was asked to, and only its answer is lost.
    stalls : bool
        Whether nothing comes (or nothing more), rather than the connection being cut.
    halfway : bool
        Whether half of the answer's body comes.
    slow_s : float
        How long the request's body is left unread, a part at a time.
    """

    status: int = 0
    after: bool = False
    stalls: bool = False
    halfway: bool = False
    slow_s: float = 0.0

    def __str__(self) -> str:
        what = CODES.get(self.status) or ("stall" if self.stalls else "cut")
        return what + (" after" if self.after else "") + (" halfway" if self.halfway else "")


Script = Callable[[str, str, int], Fault | None]
"""Given method, path, and how many such requests there were before, what goes wrong."""


@dataclass
class FaultyS3:
    """The proxy; ends when it is closed.

    Attributes
    ----------
    script : callable
        What goes wrong; may be changed at any time.
    asked : Counter
        How often each method and key were asked for.
    unconditional : list of str
        Writes that would have overwritten.
    """

    script: Script = lambda *_: None
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    unconditional: list[str] = field(default_factory=list)
    _closed: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        proxy = self

        class Handler(_Handler):
            faulty = proxy

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def environment(self) -> dict[str, str]:
        """What leads to the server through this proxy."""
        host, port = self._server.server_address[:2]
        return s3_environment() | {"AWS_ENDPOINT_URL": f"http://{host!s}:{port}"}

    def count(self, method: str) -> int:
        """Give how often a method was asked for."""
        return sum(n for (asked, _), n in self.asked.items() if asked == method)

    def close(self) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def stall(self) -> None:
        """Wait until there is nobody left to answer."""
        self._closed.wait()


class _Handler(BaseHTTPRequestHandler):
    faulty: FaultyS3
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        proxy, key = self.faulty, (self.command, self.path)
        before = proxy.asked[key]
        proxy.asked[key] += 1
        if self.command == "PUT" and self.headers.get("if-none-match") != "*":
            proxy.unconditional.append(self.path)
        fault = proxy.script(*key, before)
        length = int(self.headers.get("content-length") or 0)
        if fault is not None and fault.slow_s:
            body = b""
            for part in range(10):
                proxy._closed.wait(fault.slow_s / 10)
                body += self.rfile.read(length // 10 if part < 9 else length - len(body))
            fault = None
        else:
            body = self.rfile.read(length)
        answer = None
        if fault is None or fault.after or fault.halfway:
            answer = self._forward(body)
        with suppress(OSError):
            self._answer(fault, answer)

    do_GET = do_PUT = do_HEAD = do_DELETE = _handle  # noqa: N815 (the library's names)

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        server = urlsplit(s3_environment()["AWS_ENDPOINT_URL"])
        connection = http.client.HTTPConnection(server.hostname or "", server.port or 0, timeout=30)
        try:
            connection.request(self.command, self.path, body=body, headers=dict(self.headers.items()))
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _answer(self, fault: Fault | None, answer: tuple[int, list[tuple[str, str]], bytes] | None) -> None:
        if fault is None or fault.halfway:
            assert answer is not None
            self._send(*answer, part=0.5 if fault else 1)
        elif fault.status:
            said = f"<Error><Code>{CODES[fault.status]}</Code><Message>no</Message></Error>".encode()
            self._send(fault.status, [("content-type", "application/xml")], said)
        if fault is not None and not fault.status:
            if fault.stalls:
                self.faulty.stall()
            self.close_connection = True

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes, *, part: float = 1) -> None:
        self.send_response_only(status)
        dropped = {"connection", "transfer-encoding", "content-length"}
        length = next((value for name, value in headers if name.lower() == "content-length"), str(len(body)))
        for name, value in headers:
            if name.lower() not in dropped:
                self.send_header(name, value)
        self.send_header("content-length", length if self.command == "HEAD" else str(len(body)))
        self.end_headers()
        self.wfile.write(body[: int(len(body) * part)])
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
