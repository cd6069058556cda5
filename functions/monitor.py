"""The monitor's handler: woken by a schedule, it reports on each model's drift and quality for the days that lack a report."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dasier import drift
from dasier.errors import DocumentInvalid, NotFound, Untrusted
from dasier.serving.exchange import service
from dasier.serving.metrics import metrics
from dasier.serving.prediction_log import Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dasier.drift import Report
    from dasier.serving.service import Service

    Handler = Callable[[Mapping[str, Any], object], dict[str, Any]]

log = logging.getLogger("dasier")


def monitor_handler(
    serve: Callable[[], Service] = service, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Handler:
    """Give the handler; tests pass in their own service and clock."""

    def handle(_event: Mapping[str, Any], _context: object) -> dict[str, Any]:
        """Write what is due; say how many reports were written, and how many alarms they hold."""
        running = serve()
        registry, namespace = running.registry, running.settings.metrics_namespace
        reports = alarms = 0
        for name in registry.names():
            for day in drift.due(registry, name, now=now()):
                try:
                    report = drift.write(registry, name, day, key=running.settings.personal_key)
                except (Untrusted, DocumentInvalid, NotFound):
                    log.exception("no report", extra={"model": name, "day": f"{day:%Y-%m-%d}"})
                    continue
                if report is not None:
                    reports, alarms = reports + 1, alarms + report.alarms
                    if isinstance(running.prediction_log, Lines):  # where CloudWatch reads what is printed
                        running.prediction_log.write(_line(report, namespace, now()))
        return {"reports": reports, "alarms": alarms}

    return handle


def _line(report: Report, namespace: str, now: datetime) -> dict[str, Any]:
    """Give what CloudWatch reads as metrics; nothing of it is billed while nothing is alarmed."""
    told, values = report.document, {"drift_alarms": report.alarms}
    time_ms = int(now.timestamp() * 1000)
    line = metrics(values, model=told["name"], version=told["version"], time_ms=time_ms, namespace=namespace)
    return line | {"kind": "drift", "since": told["since"], "alarmed": told["alarmed"]}


handler = monitor_handler()
