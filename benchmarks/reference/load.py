"""The load that every server is measured under: a process of its own, asking without rest from kept connections.

It reads a `Load` as JSON from standard input and writes a `Loaded` as JSON to standard output. Every answer is looked
at: one that is no 200, or does not hold the bytes that it must, ends the measurement, since a server that fails
quickly must not win.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Load:
    """What is asked, by how many clients, for how long.

    Attributes
    ----------
    needle : str
        Stands in the body of every right answer.
    """

    port: int
    path: str
    body: str
    needle: str
    clients: int
    seconds: float


@dataclass(frozen=True)
class Loaded:
    """What came of it; latencies in milliseconds.

    Attributes
    ----------
    cpu_us : float
        Processor time of the load itself for a request.
    """

    requests: int
    rate: float
    median_ms: float
    p99_ms: float
    cpu_us: float


def measured(load: Load, python: Path | str = sys.executable) -> Loaded:
    """Give what came of a load, made by a process of its own.

    Raises
    ------
    RuntimeError
        If an answer is no right one.
    """
    done = subprocess.run(
        [str(python), __file__],
        input=json.dumps(asdict(load)),
        capture_output=True,
        text=True,
        check=False,
        timeout=load.seconds + 60,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr else "the load failed")
    return Loaded(**json.loads(done.stdout))


@dataclass
class _Run:
    """One measurement, shared by its clients."""

    request: bytes
    needle: bytes
    end_s: float
    over: asyncio.Future[None]
    open: int = 0
    latencies_s: list[float] = field(default_factory=list)

    def fail(self, why: str) -> None:
        if not self.over.done():
            self.over.set_exception(RuntimeError(why))

    def ended(self) -> None:
        self.open -= 1
        if not self.open and not self.over.done():
            self.over.set_result(None)


class _Client(asyncio.Protocol):
    """A connection with one request under way at a time."""

    def __init__(self, run: _Run, port: int) -> None:
        self._run, self._port = run, port
        self._transport: asyncio.Transport
        self._began_s = 0.0
        self._answer = b""
        self._done = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._answer = self._answer + data if self._answer else data
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found or not _complete(head, body):
            return
        now_s = time.perf_counter()
        if not self._answer.startswith(b"HTTP/1.1 200") or self._run.needle not in body:
            self._run.fail(f"no right answer: {self._answer[:300]!r}")
            return
        self._answer = b""
        self._run.latencies_s.append(now_s - self._began_s)
        if now_s >= self._run.end_s:
            self._done = True
            self._transport.close()
            self._run.ended()
        else:
            self._ask()

    def connection_lost(self, _error: Exception | None) -> None:
        """Open another one where a server ends connections after so many requests."""
        if self._done or self._run.over.done():
            return
        if self._answer:
            self._run.fail("a connection ended in the middle of an answer")
            return
        task = asyncio.ensure_future(_connect(self._run, self._port))
        task.add_done_callback(lambda ended: ended.exception() and self._run.fail(str(ended.exception())))

    def _ask(self) -> None:
        self._began_s = time.perf_counter()
        self._transport.write(self._run.request)


def _complete(head: bytes, body: bytes) -> bool:
    lower = head.lower()
    _, found, rest = lower.partition(b"\r\ncontent-length:")
    if found:
        return len(body) >= int(rest.partition(b"\r\n")[0])
    if b"transfer-encoding: chunked" in lower:
        return body.endswith(b"0\r\n\r\n")
    raise RuntimeError(f"no length: {head!r}")


async def _connect(run: _Run, port: int) -> None:
    await asyncio.get_running_loop().create_connection(lambda: _Client(run, port), "127.0.0.1", port)


async def _loaded(load: Load) -> Loaded:
    body = load.body.encode()
    head = (
        f"POST {load.path} HTTP/1.1\r\nhost: 127.0.0.1:{load.port}\r\naccept: application/json\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    over = asyncio.get_running_loop().create_future()
    began_s, cpu_s = time.perf_counter(), time.process_time()
    run = _Run(head.encode() + body, load.needle.encode(), began_s + load.seconds, over, load.clients)
    await asyncio.gather(*(_connect(run, load.port) for _ in range(load.clients)))
    await asyncio.wait_for(over, load.seconds + 30)
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    times = run.latencies_s
    return Loaded(
        requests=len(times),
        rate=len(times) / took_s,
        median_ms=1e3 * statistics.median(times),
        p99_ms=1e3 * sorted(times)[int(len(times) * 0.99)],
        cpu_us=1e6 * cpu_s / len(times),
    )


def main() -> None:
    """Measure what standard input says."""
    import uvloop  # noqa: PLC0415 (of the process that loads alone)

    found = uvloop.run(_loaded(Load(**json.load(sys.stdin))))
    json.dump(asdict(found), sys.stdout)


if __name__ == "__main__":
    main()
