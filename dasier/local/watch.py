"""Notice what was published, as S3's events and a schedule do in AWS.

The functions that it wakes are level-triggered: an event lost or repeated changes nothing. One that may take a quarter
of an hour (batch jobs) runs beside, in a thread of its own, so that a new version never waits for it.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING
from uuid import uuid4

from dasier import layout
from dasier.errors import Unavailable
from dasier.local.events import object_created, scheduled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from dasier.local.functions import Functions
    from dasier.local.template import Function, Template
    from dasier.store import Store

log = logging.getLogger("dasier.watch")

LOOK_S = 0.5
"""How often the store is looked at."""

SWEEP_S = 60.0
"""How often the schedules run, whatever their expression says: a laptop sleeps and wakes."""

_BESIDE_S = 900
"""What Lambda gives at most; a function that is given it is not waited for."""

_REST = 10
"""It rests ten times as long as it looked, so that a large store costs a tenth of a core at most."""


class Watch:
    """Wakes the template's event functions.

    Parameters
    ----------
    store : Store
    template : Template
    functions : Functions
    clock
        Seconds that only grow.
    """

    def __init__(
        self,
        store: Store,
        template: Template,
        functions: Functions,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._template, self._functions = store, template, functions
        self._clock = clock
        self._seen: set[str] = set()
        self._swept = False
        self._swept_s = clock()
        self._lanes: dict[str, _Lane] = {}

    def sweep(self) -> None:
        """Run every schedule now; what is in the store already needs no event of its own."""
        self._seen = self._keys()
        self._swept = True
        self._run_schedules()

    def _run_schedules(self) -> None:
        self._swept_s = self._clock()
        for schedule in self._template.schedules:
            self._wake(schedule.function, scheduled())

    def look(self) -> None:
        """Send an event for what appeared since the last look, and run the schedules when it is time."""
        if self._clock() - self._swept_s >= SWEEP_S:
            self._run_schedules()
        there = self._keys()
        new = there - self._seen
        self._seen = there  # and not what is gone: jobs come and go
        for trigger in self._template.store_triggers:
            keys = sorted(key for key in new if trigger.matches(key))
            if keys:
                self._wake(trigger.function, object_created(bucket_of(self._store.url), keys))

    def run(self, stop: threading.Event) -> None:
        """Sweep if nobody did, then look until told to stop; a store that refuses or does not answer is asked again."""
        rest_s = 0.0 if not self._swept else LOOK_S
        while not stop.wait(rest_s):
            began = self._clock()
            try:
                if self._swept:
                    self.look()
                else:
                    self.sweep()
            except Unavailable as error:
                log.warning("the store cannot be looked at: %s", error)
            rest_s = max(LOOK_S, _REST * (self._clock() - began))

    def _keys(self) -> set[str]:
        triggers = self._template.store_triggers
        prefixes = {trigger.prefix for trigger in triggers} or {layout.MODELS}
        keys = (key for prefix in prefixes for key in self._store.keys(prefix))
        return {key for key in keys if any(t.matches(key) for t in triggers)}

    def _wake(self, function: Function, event: dict[str, Any]) -> None:
        if function.timeout_s < _BESIDE_S:
            self._call(function, event)
        else:
            if function.name not in self._lanes:
                self._lanes[function.name] = _Lane(function.name)
            self._lanes[function.name].put(lambda: self._call(function, event))

    def _call(self, function: Function, event: dict[str, Any]) -> None:
        try:
            with _spared_from_interrupts():
                self._functions.call(function, event, request_id=str(uuid4()))
        except Exception:
            log.exception("%s failed", function.name)


class _Lane:
    """Does one thing after the other, beside; what is not done when the process ends is left."""

    def __init__(self, name: str) -> None:
        self._queue: SimpleQueue[Callable[[], None]] = SimpleQueue()
        # A daemon, because whatever it does may be killed at any point and is gone on with later.
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def put(self, act: Callable[[], None]) -> None:
        """Do it when what came before is done."""
        self._queue.put(act)

    def _run(self) -> None:
        while True:
            self._queue.get()()


@contextmanager
def _spared_from_interrupts() -> Iterator[None]:
    """Start children that Ctrl-C and a SIGTERM to all do not reach.

    A terminal, or a supervisor, sends them to every process. The gate judges in a child, and a child that was
    interrupted would be a verdict against its version, for ever.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def bucket_of(url: str) -> str:
    """Give the bucket's name in a registry's URL; a folder goes by the name of ``local``."""
    return url.removeprefix("s3://").partition("/")[0] if url.startswith("s3://") else "local"
