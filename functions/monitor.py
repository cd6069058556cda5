"""The monitor's handler: woken by a schedule, it reports on each model's drift and quality for the days that lack a report."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dasier import drift
from dasier.serving.exchange import service
from dasier.serving.metrics import metrics
from dasier.serving.prediction_log import Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dasier.drift import Report
    from dasier.serving.service import Service

    Handler = Callable[[Mapping[str, Any], object], dict[str, Any]]


def monitor_handler(
    serve: Callable[[], Service] = service, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Handler:
    """Give the handler; tests pass in their own service and clock."""

    def handle(_event: Mapping[str, Any], _context: object) -> dict[str, Any]:
        """Write what is due; say how many reports were written, and how many alarms they hold."""
        running, when = serve(), now()
        about = {"time_ms": int(when.timestamp() * 1000), "namespace": running.settings.metrics_namespace}
        # Where CloudWatch reads what is printed.
        tell = running.prediction_log.write if isinstance(running.prediction_log, Lines) else lambda _: None
        reports = alarms = 0
        try:
            for report in drift.catch_up(running.registry, now=when, key=running.settings.personal_key):
                reports, alarms = reports + 1, alarms + report.alarms
                tell(_line(report, **about))
        except ExceptionGroup as failed:
            # The alarm on drift rings: while nobody looks, its silence must not say that nothing has drifted.
            tell(_unwritten(len(failed.exceptions), **about))
            raise
        return {"reports": reports, "alarms": alarms}

    return handle


def _line(report: Report, **about: Any) -> dict[str, Any]:
    """Give what CloudWatch reads as metrics; nothing of it is billed while nothing is alarmed."""
    told = report.document
    line = metrics({"drift_alarms": report.alarms}, model=told["name"], version=told["version"], **about)
    return line | {"kind": "drift", "since": told["since"], "alarmed": told["alarmed"]}


def _unwritten(count: int, **about: Any) -> dict[str, Any]:
    line = metrics({}, model="", version=0, together={"drift_alarms": count}, **about)
    return line | {"kind": "drift", "unwritten": count}


handler = monitor_handler()
