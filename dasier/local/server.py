"""Serve an ASGI application by uvicorn: in a thread of its own, or in several processes."""

from __future__ import annotations

import errno
import ipaddress
import logging
import signal
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from dasier.errors import SettingsInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator

_GRACE_S = 10
"""How long requests under way may still take when the server is told to stop."""

_BACKLOG = 2_048


def listen(host: str, port: int, *, option: str) -> socket.socket:
    """Give a socket bound to an address; port 0 takes a free one.

    Raises
    ------
    SettingsInvalid
        Naming the option to change if the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        bound.close()
        raise SettingsInvalid([_why(error, host, port, option)]) from error
    return bound


def _why(error: Exception, host: str, port: int, option: str) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is taken: stop what listens there, or give another with {option}"
    if isinstance(error, OSError) and error.errno == errno.EACCES:
        return f"port {port} needs more rights: give one above 1023 with {option}"
    return f"cannot listen on {host}:{port}: give another with {option}"


def address(bound: socket.socket) -> str:
    """Give the URL that a browser on this machine uses for a socket."""
    host, port = bound.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 (read here, not bound)
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Server:
    """Serves an application in a thread until it is stopped."""

    def __init__(self, application: Any, bound: socket.socket) -> None:
        self._server = uvicorn.Server(uvicorn.Config(application, **_options()))
        self._bound = bound
        self._thread = threading.Thread(target=self._run, name="server")

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is under way, then return."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether it still serves."""
        return self._thread.is_alive()

    def _run(self) -> None:
        self._server.run(sockets=[self._bound])


def serve_in_processes(factory: str, *, host: str, port: int, workers: int) -> None:
    """Serve ``module:function``'s application in several processes until a signal comes."""
    listen(host, port, option="--port").close()
    uvicorn.run(factory, factory=True, host=host, port=port, workers=workers, **_options())


def _options() -> dict[str, Any]:
    return {
        "loop": "uvloop",
        "http": "httptools",
        "ws": "none",
        "lifespan": "on",
        "access_log": False,
        "server_header": False,
        "log_config": None,
        "log_level": logging.WARNING,
        "backlog": _BACKLOG,
        "timeout_graceful_shutdown": _GRACE_S,
    }


@contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Set an event at Ctrl-C and SIGTERM instead of dying, so that the end is clean."""

    def told(_signal: int, _frame: object) -> None:
        stop.set()

    before = {number: signal.signal(number, told) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
