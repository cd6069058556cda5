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
        running = serve()
        settings, when = running.settings, now()
        reports = alarms = 0
        for report in drift.catch_up(running.registry, now=when, key=settings.personal_key):
            reports, alarms = reports + 1, alarms + report.alarms
            if isinstance(running.prediction_log, Lines):  # where CloudWatch reads what is printed
                running.prediction_log.write(_line(report, settings.metrics_namespace, when))
        return {"reports": reports, "alarms": alarms}

    return handle


def _line(report: Report, namespace: str, now: datetime) -> dict[str, Any]:
    """Give what CloudWatch reads as metrics; nothing of it is billed while nothing is alarmed."""
    told, values = report.document, {"drift_alarms": report.alarms}
    time_ms = int(now.timestamp() * 1000)
    line = metrics(values, model=told["name"], version=told["version"], time_ms=time_ms, namespace=namespace)
    return line | {"kind": "drift", "since": told["since"], "alarmed": told["alarmed"]}


handler = monitor_handler()
