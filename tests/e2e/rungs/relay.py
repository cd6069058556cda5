"""A door for containers to what listens on this machine's loopback alone.

A container reaches its host at the gateway of Docker's bridge, where nothing of ours listens. The relay listens
there and nowhere else, so that an emulator can stay on loopback, out of the network's sight.
"""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 64 * 1024


@contextmanager
def relay(outer: str, port: int) -> Iterator[None]:
    """Pass connections to a port of `outer` on to the same port of loopback, until the context ends."""
    listener = socket.create_server((outer, port))
    accepting = threading.Thread(target=_accept, args=(listener, port), daemon=True)
    accepting.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(10)


def _accept(listener: socket.socket, port: int) -> None:
    while True:
        try:
            outside, _ = listener.accept()
        except OSError:  # the context has ended
            return
        threading.Thread(target=_join, args=(outside, port), daemon=True).start()


def _join(outside: socket.socket, port: int) -> None:
    with outside, socket.create_connection(("127.0.0.1", port)) as inside:
        back = threading.Thread(target=_pump, args=(inside, outside), daemon=True)
        back.start()
        _pump(outside, inside)
        back.join()


def _pump(one: socket.socket, other: socket.socket) -> None:
    """Copy what comes on one side to the other; when it ends, say so and leave the other direction alone."""
    with suppress(OSError):
        while chunk := one.recv(CHUNK):
            other.sendall(chunk)
    with suppress(OSError):
        other.shutdown(socket.SHUT_WR)
