"""A month of simulated traffic through the real handler: a shift in the middle is found and named; without one it is quiet."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from dasier import drift, layout
from dasier.drift.judging import CHANCE
from functions.monitor import monitor_handler
from tests.drift.traffic import START, Callers, Row

DAYS, SHIFT, A_DAY = 30, 15, 120


def month(*, shifted: bool, seed: int) -> Callers:
    """Give a month of callers of the model ``leaves``, whose training rows are normal; from the shift on ``width`` is larger."""
    rng = np.random.default_rng(seed)

    def row(day: int) -> Row:
        length, width, lobes = np.round(rng.normal(0, 1, 3), 3).tolist()
        return {"length": length, "width": width + (1.5 if shifted and day >= SHIFT else 0), "lobes": lobes}

    callers = Callers("leaves")
    callers.days(DAYS, A_DAY, row)
    return callers


def monitored(callers: Callers) -> list[dict[str, Any]]:
    """Wake the monitor every morning of the month and after, and give what it wrote."""
    service = callers.shop.service()
    clock = [START]
    monitor = monitor_handler(lambda: service, lambda: clock[0])
    for day in range(1, DAYS + 1):
        clock[0] = START + timedelta(days=day, hours=3)
        monitor({}, None)
    store = callers.shop.store
    keys = sorted(key for key in store.keys(layout.reports(callers.name)) if key.endswith(".json"))
    return [json.loads(store.get(key) or b"") for key in keys]


@pytest.fixture(scope="module")
def shifted() -> Callers:
    return month(shifted=True, seed=7)


@pytest.fixture(scope="module")
def steady() -> Callers:
    return month(shifted=False, seed=8)


def test_the_monitor_alarms_on_the_day_of_the_shift_and_names_the_column(shifted: Callers) -> None:
    reports = monitored(shifted)

    alarmed = [report["alarmed"] for report in reports]
    assert len(reports) == DAYS
    assert all("column width" in keys for keys in alarmed[SHIFT:])
    assert not any(alarmed[:SHIFT])
    assert not any("column length" in keys or "column lobes" in keys for keys in alarmed)


def test_a_month_without_a_shift_is_quiet_at_the_stated_rate(steady: Callers) -> None:
    reports = monitored(steady)

    # At most CHANCE of the reports are wrong: of 30 more than 2 would be in 0.3 % of such months.
    assert len(reports) == DAYS
    assert CHANCE == 0.01
    assert sum(bool(report["alarmed"]) for report in reports) <= 2


def test_the_whole_month_says_since_when(shifted: Callers) -> None:
    report = drift.survey(
        shifted.shop.registry, "leaves", since=START, until=START + timedelta(days=DAYS), version=1
    )

    assert report is not None
    first = next(day["day"] for day in report.document["days"] if "column width" in day["alarmed"])
    assert datetime.fromisoformat(first) == (START + timedelta(days=SHIFT)).replace(tzinfo=None)
    assert "column width" in report.document["alarmed"]
    assert report.document["findings"][0]["name"] in {"width", "tree"}


def test_counts_add_up(shifted: Callers) -> None:
    report = drift.survey(shifted.shop.registry, "leaves", since=START, until=START + timedelta(days=DAYS))

    assert report is not None
    assert report.document["counts"]["requests"] == report.document["counts"]["rows"] == DAYS * A_DAY
    assert sum(day["rows"] for day in report.document["days"]) == DAYS * A_DAY
    for tally in report.days.values():
        assert {int(counted.sum()) for counted in tally.counts.values()} == {tally.rows}
