"""Where records of predictions go: to standard output, as Lambda wants it, or into the store in the background."""

from __future__ import annotations

import atexit
import logging
import sys
import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from dasier import layout
from dasier.errors import Unavailable
from dasier.ulid import ulid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from dasier.store import Store

log = logging.getLogger("dasier")

FLUSH_S = 5.0
"""How long a record may wait before it is in the store: on S3 a file costs a request."""

FULL_BYTES = 250_000
"""A file is written sooner once so much waits, and holds no more: of many requests each still costs little, and memory is left to
models. It is less than `dasier.store.LARGE_BYTES`: what is larger is waited for patiently, and one file whose answer never came
would hold up all behind it for minutes."""

MOST_BYTES = 64_000_000
"""What may wait for a store that does not answer; the oldest are then lost, and that is told."""

LINE_BYTES = 200_000
"""A longer line goes without its rows: CloudWatch takes events of 256 KiB."""


class PredictionLog(Protocol):
    """What takes records."""

    def write(self, record: dict[str, Any]) -> None:
        """Take one record, in types that JSON or numpy have; it never fails the prediction."""


class Lines:
    """A line each, written before the answer leaves: afterwards Lambda stops the process."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, record: dict[str, Any]) -> None:
        """Write it."""
        try:
            self._stream.write(line(record))
            self._stream.flush()
        except OSError as error:
            log.error("prediction not logged", extra={"error": type(error).__name__})  # noqa: TRY400


@dataclass(slots=True)
class _File:
    """Lines of a model's day that wait to be one file.

    Attributes
    ----------
    key : str
        Its name, once it was tried: if an answer of the store is lost, the file that is tried again is the same file.
    """

    prefix: str
    lines: bytearray
    count: int = 0
    key: str = ""


class Stored:
    """Files in the store, one every few seconds for each model that was asked.

    Parameters
    ----------
    store : Store
    flush_s : float
        How long a record waits at most.
    full_bytes, most_bytes : int
        How much waits before it is written sooner, and before the oldest are lost.
    """

    def __init__(
        self,
        store: Store,
        *,
        flush_s: float = FLUSH_S,
        full_bytes: int = FULL_BYTES,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._store, self._flush_s = store, flush_s
        self._full_bytes, self._most_bytes = full_bytes, most_bytes
        # Lines one after another, as they will be stored: a record's objects, or a line each, would take several times as much.
        self._open: dict[str, _File] = {}
        self._waiting: deque[_File] = deque()
        self._bytes = self._lost = 0
        self._away = False
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._wake, self._full = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def write(self, record: dict[str, Any]) -> None:
        """Keep it for the next file."""
        record.pop("_aws", None)  # CloudWatch reads no store
        prefix, written = layout.predictions(record["model"], record["time"][:10]), line(record)
        with self._guard:
            file = self._open.get(prefix)
            if file is None or len(file.lines) + len(written) > self._full_bytes:
                file = self._open[prefix] = _File(prefix, bytearray())
                self._waiting.append(file)
            file.lines += written
            file.count += 1
            self._bytes += len(written)
            self._bound()
            full = self._bytes >= self._full_bytes and not self._away
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)
                self._thread.start()
                atexit.register(self.flush)
        if full:
            self._full.set()
        self._wake.set()

    def flush(self) -> None:
        """Write what waits; what the store does not take waits on."""
        with self._writing:
            with self._guard:
                files = len(self._waiting)  # what comes meanwhile may share the next ones
                lost, self._lost = self._lost, 0
            if lost:
                log.error("predictions not logged: the store does not answer", extra={"lost": lost})
            self._away = False
            for _ in range(files):
                file = self._next()
                if file is None:
                    return
                try:
                    self._store.create(file.key, bytes(file.lines))
                except Unavailable as error:
                    log.warning("prediction log not written", extra={"error": str(error)})
                    with self._guard:
                        self._away = True  # it is not asked again before its time, however much waits
                        self._waiting.appendleft(file)
                        self._bound()
                    return
                with self._guard:
                    self._bytes -= len(file.lines)

    def _next(self) -> _File | None:
        """Take the oldest file; no line is added to it from now on."""
        with self._guard:
            if not self._waiting:
                return None
            file = self._waiting.popleft()
            self._close(file)
        file.key = file.key or _key(file.prefix)
        return file

    def _close(self, file: _File) -> None:
        if self._open.get(file.prefix) is file:
            del self._open[file.prefix]

    def _bound(self) -> None:
        while self._bytes > self._most_bytes and self._waiting:
            file = self._waiting.popleft()
            self._close(file)
            self._bytes -= len(file.lines)
            self._lost += file.count

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            self._full.wait(self._flush_s)  # more records may share the file
            self._full.clear()
            self.flush()
            if self._waiting:
                self._wake.set()


def prediction_log(where: str, store: Store) -> PredictionLog | None:
    """Give the log that a setting names; None if there is to be none."""
    if where == "stdout":
        return Lines(sys.stdout.buffer)
    return Stored(store) if where == "store" else None


def line(record: Mapping[str, Any], *, most_bytes: int = LINE_BYTES) -> bytes:
    """Give a record as a JSON line; NaN becomes null, and of what would be longer the rows are left out."""
    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
    written = orjson.dumps(record, option=options)
    if len(written) <= most_bytes:
        return written
    return orjson.dumps(
        {key: value for key, value in record.items() if key not in {"columns", "outputs", "positions"}},
        option=options,
    )


def _key(prefix: str) -> str:
    return f"{prefix}{datetime.now(UTC):%H%M%S}-{ulid()}.jsonl"
