"""Answer before Lambda ends the process: what may take long is done on a thread that can be left behind.

Only another thread than the one that computes can answer in time, since nothing interrupts a computation
in native code. To hand a request over and to wait for it costs 15 to 50 µs, half of what a whole warm answer
may cost beside its model, so what is sure to be quick is done at once (`Pace`): its version is loaded, the
store need not be asked, and a request like it was answered a moment ago in a hundredth of the time that is left.

A server that has one thread for all its connections asks `InTime.is_at_once` whether it may answer there: what that lets
through is a matter of a few milliseconds of arithmetic, and no code that came with a model.
"""

from __future__ import annotations

import logging
import threading
import time
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from dasier.errors import AnswerLate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dasier.serving.service import Service

log = logging.getLogger("dasier")

Result = TypeVar("Result")

MARGIN_S = 0.15
"""What is left of the time when the answer must be on its way; a thread that computes yields every 5 ms."""

MOST_LEFT_BEHIND = 4
"""Threads that may compute what nobody waits for; each may hold a model and a processor."""

AT_ONCE_S = 0.005
"""Processor time that an answer may take on the thread of all connections: as long as Python lets any thread compute."""

_SPARE_S = 0.02
"""How long what is known of the release must still be good enough, so that it is when it is used."""

_ARITHMETIC = frozenset({"arrays", "onnx"})
"""Runtimes whose time the sizes bound; the other one runs the code of an estimator."""

_TIMES_QUICKER = 100
_MOST_PACES = 1_000


@dataclass(slots=True)
class _Job(Generic[Result]):
    """What a thread is to do, and what came of it."""

    act: Callable[[], Result]
    context: Context = field(default_factory=copy_context)
    result: Result | None = None
    error: BaseException | None = None
    left_behind: bool = False
    done: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        try:
            self.result = self.context.run(self.act)
        except BaseException as error:  # noqa: BLE001 (raised again where it is waited for)
            self.error = error


class Workers:
    """Threads that are kept for the next request, or left behind when they do not end in time.

    Attributes
    ----------
    left_behind : int
        How many compute what nobody waits for.
    """

    def __init__(self, *, most_left_behind: int = MOST_LEFT_BEHIND) -> None:
        self.left_behind = 0
        self._most = most_left_behind
        self._idle: list[SimpleQueue[_Job[Any]]] = []
        self._guard = threading.Lock()

    def run(self, act: Callable[[], Result], *, left_s: float) -> Result:
        """Give what an action gives, or raise what it raises, well before the time that is left is over.

        Raises
        ------
        AnswerLate
            If it has not ended by then, or too many did not end before it.
        """
        if self.left_behind >= self._most:
            log.critical("replace this process: its threads do not end", extra={"threads": self.left_behind})
            raise AnswerLate("others before it have not ended either")
        job = _Job(act)
        job.done.acquire()
        self._worker().put(job)
        if not job.done.acquire(timeout=max(left_s - MARGIN_S, left_s / 2, 0)):
            with self._guard:
                # It may have ended just now.
                job.left_behind = job.done.locked()
                self.left_behind += job.left_behind
            if job.left_behind:
                raise AnswerLate("the time of this request is over")
        if job.error is not None:
            error, job.error = job.error, None  # or they would hold each other, and the request's bytes
            raise error
        return job.result  # type: ignore[return-value]  # there is one if there is no error

    def _worker(self) -> SimpleQueue[_Job[Any]]:
        with self._guard:
            if self._idle:
                return self._idle.pop()
        jobs: SimpleQueue[_Job[Any]] = SimpleQueue()
        threading.Thread(target=self._work, args=(jobs,), name="answering", daemon=True).start()
        return jobs

    def _work(self, jobs: SimpleQueue[_Job[Any]]) -> None:
        while True:
            job = jobs.get()
            job.run()
            with self._guard:
                self.left_behind -= job.left_behind
                self._idle.append(jobs)
                job.done.release()
            del job  # it holds an answer


class Pace:
    """How quickly requests like one were answered last."""

    def __init__(self) -> None:
        self._last: dict[tuple[Any, ...], tuple[float, float, int]] = {}

    def is_quick(self, event: Mapping[str, Any], serve: Callable[[], Service], *, left_s: float) -> bool:
        """Say whether a request is sure to be answered in a small part of the time that is left."""
        last = self._last.get(_like(event))
        if last is None:
            return False
        took_s, _, length = last
        times_larger = max(1.0, _length(event) / max(1, length))
        path = event.get("pathParameters") or {}
        return took_s * times_larger * _TIMES_QUICKER < left_s and serve().is_warm(
            path.get("name", ""), path.get("version")
        )

    def is_at_once(self, event: Mapping[str, Any], serve: Callable[[], Service]) -> bool:
        """Say whether a request is sure to be answered in so little time that others may wait for it.

        Processor time counts: on threads that contend for the interpreter every answer takes long.
        """
        last = self._last.get(_like(event))
        if last is None:
            return False
        _, cpu_s, length = last
        if cpu_s * max(1.0, _length(event) / max(1, length)) >= AT_ONCE_S:
            return False
        path = event.get("pathParameters") or {}
        warm = serve().warm(path.get("name", ""), path.get("version"), spare_s=_SPARE_S)
        return bool(warm) and all(one.manifest.runtime.name in _ARITHMETIC for one in warm)

    def note(self, event: Mapping[str, Any], *, took_s: float, cpu_s: float) -> None:
        """Remember how long an answer took, and how much of that was computing."""
        if len(self._last) >= _MOST_PACES:
            self._last.clear()
        self._last[_like(event)] = took_s, cpu_s, _length(event)


class InTime:
    """Answers events before their time is over."""

    def __init__(self, serve: Callable[[], Service]) -> None:
        self._serve = serve
        self._pace = Pace()
        self._workers = Workers()

    def __call__(self, act: Callable[[], Result], event: Mapping[str, Any], context: Any) -> Result:
        """Give what an action gives that answers an event of an invocation.

        Raises
        ------
        AnswerLate
            If it does not end in the invocation's time.
        """
        began_s, cpu_s = time.perf_counter(), 0.0

        def timed() -> Result:
            nonlocal cpu_s
            before_s = time.thread_time()
            result = act()
            cpu_s = time.thread_time() - before_s
            return result

        left_s = context.get_remaining_time_in_millis() / 1000 if context is not None else None
        if (
            left_s is None
            or getattr(context, "at_once", False)
            or self._pace.is_quick(event, self._serve, left_s=left_s)
        ):
            answer = timed()
        else:
            answer = self._workers.run(timed, left_s=left_s)
        self._pace.note(event, took_s=time.perf_counter() - began_s, cpu_s=cpu_s)
        return answer

    def is_at_once(self, event: Mapping[str, Any]) -> bool:
        """Say whether an event may be answered on a thread that others wait for."""
        return self._pace.is_at_once(event, self._serve)


def _like(event: Mapping[str, Any]) -> tuple[Any, ...]:
    path = event.get("pathParameters") or {}
    return event.get("resource"), event.get("httpMethod"), path.get("name"), path.get("version")


def _length(event: Mapping[str, Any]) -> int:
    return len(event.get("body") or "")
