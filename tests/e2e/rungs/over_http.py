"""Ask over HTTP, and wait until somebody answers."""

from __future__ import annotations

import socket
import time
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dasier.local.events import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PATIENCE_S = 90


def ask(
    url: str, method: str, target: str, headers: Mapping[str, str], body: bytes, *, timeout_s: float = 60
) -> Reply:
    """Give the answer of a server to one request."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)
    try:
        connection.request(method, parts.path + target, body or None, dict(headers))
        answer = connection.getresponse()
        told = [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.getheaders()]
        return Reply(answer.status, told, answer.read())
    finally:
        connection.close()


def wait_for(
    url: str,
    target: str,
    *,
    said: Callable[[], str],
    alive: Callable[[], bool],
    patience_s: float = PATIENCE_S,
) -> None:
    """Return when something answers at a URL; fail with what it said if nothing does."""
    end_s = time.monotonic() + patience_s
    while alive() and time.monotonic() < end_s:
        try:
            ask(url, "GET", target, {}, b"", timeout_s=max(60, patience_s / 2))
        except (OSError, HTTPException):
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"nothing answers at {url}{target}; it said:\n{said()[-4_000:]}")


def free_port() -> int:
    """Give a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
