"""The workers' handler: woken by an input that appears, a worker whose time was over, a schedule, or the state machine."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from dasier import layout
from dasier.jobs import fanning, sweeping, working
from dasier.serving.exchange import service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dasier.serving.service import Service

    Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]

_UNBOUNDED_S = 900.0


def batch_handler(
    serve: Callable[[], Service] = service, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Handler:
    """Give the handler; tests pass in their own service and clock."""

    def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Work on the jobs that an event names, or that nobody works on; say where they stand."""
        running, end_s = serve(), time.monotonic() + _UNBOUNDED_S

        def left_s() -> float:
            if context is None:
                return end_s - time.monotonic()
            return float(context.get_remaining_time_in_millis()) / 1000

        step = fanning.step(running, event, left_s)
        if step is not None:
            return step
        named, most = _named(event), running.settings.fan_out_bytes
        if named is None:
            named, most = sweeping.abandoned(running.registry.store, now=now()), 0
        return {"jobs": working.work_on(running, named, left_s, below_bytes=most, now=now)}

    return handle


def _named(event: Mapping[str, Any]) -> list[str] | None:
    """Give the jobs that an S3 event names; None when it is no S3 event."""
    records = event.get("Records")
    if records is None:
        return None
    keys = [((record.get("s3") or {}).get("object") or {}).get("key") for record in records]
    found = [layout.job_of(unquote_plus(str(key or ""))) for key in keys]
    return list(dict.fromkeys(job[0] for job in found if job is not None))


handler = batch_handler()
