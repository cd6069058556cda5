"""A report for each day, written once: those that lack one are caught up, so that a waking that was lost changes nothing."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dasier import layout
from dasier.drift.page import page
from dasier.drift.report import MOST_DAYS, of_day
from dasier.errors import NotFound, Untrusted
from dasier.manifest import canonical
from dasier.predictions import days, days_of_jobs
from dasier.unforeseen import Unforeseen
from dasier.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dasier.drift.report import Report
    from dasier.personal import PersonalKey
    from dasier.registry import Registry

log = logging.getLogger("dasier")

SETTLED = timedelta(hours=2)
"""How long after midnight (UTC) a day's log is taken as whole: it is filed within a quarter of an hour, and an alarm tells
when it is not."""

_DAY = re.compile(r"/(\d{4}-\d\d-\d\d)\.json$")


def catch_up(registry: Registry, *, now: datetime, key: PersonalKey | None = None) -> Iterator[Report]:
    """Write the reports that are due, of every model, and give each that was written.

    A version that is not to be believed has no report, and that is logged.

    Raises
    ------
    ExceptionGroup
        If something unforeseen was raised or the store did not answer, after all other reports were written.
    """
    unforeseen = Unforeseen()
    for name in registry.names():
        with unforeseen.passed_over(model=name):
            for day in due(registry, name, now=now):
                about = {"model": name, "day": f"{day:%Y-%m-%d}"}
                with unforeseen.passed_over(**about):
                    try:
                        report = write(registry, name, day, key=key)
                    except (Untrusted, NotFound):
                        log.exception("no report", extra=about)
                    else:
                        if report is not None:
                            yield report
    unforeseen.raised("reports were written")


def due(registry: Registry, name: str, *, now: datetime) -> list[datetime]:
    """Give the starts of the last `MOST_DAYS` days that are over, have a log and no report, oldest first.

    Raises
    ------
    Unavailable
        If the store does not answer.
    """
    today = (now.astimezone(UTC) - SETTLED).replace(hour=0, minute=0, second=0, microsecond=0)
    over = list(days(today - timedelta(days=MOST_DAYS), today - timedelta(days=1)))
    of_jobs = days_of_jobs(registry.store, name, since=today - timedelta(days=MOST_DAYS), until=now)
    there = {found[1] for key in registry.store.keys(layout.reports(name)) if (found := _DAY.search(key))}
    return [
        datetime.fromisoformat(day).replace(tzinfo=UTC)
        for day in over
        if day not in there
        and (day in of_jobs or registry.store.first(layout.predictions(name, day)) is not None)
    ]


def write(registry: Registry, name: str, day: datetime, *, key: PersonalKey | None = None) -> Report | None:
    """Write the report on a day, with its pages, and give it; None if there is nothing to say, or another was first.

    Raises
    ------
    Unavailable
        If the store does not answer.
    Untrusted, NotFound
        If a version that answered is gone or not to be believed.
    """
    report = of_day(registry, name, day, key=key)
    if report is None:
        return None
    date = f"{day:%Y-%m-%d}"
    for language in LANGUAGES:  # first the pages: the document says that all of it is there
        registry.store.create(layout.report_page(name, date, language), page(report, language))
    written = registry.store.create(layout.report(name, date), canonical(report.document))
    return report if written else None
