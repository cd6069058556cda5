"""A month of callers of the API, by HTTP: a shift in its middle is found and named, a month without one is quiet.

Everything is real but the calendar: the gateway by ``template.yaml`` behind a socket, the functions' own handlers, the
Python client, the prediction log in a folder, feedback through the API, the monitor and the command. What is simulated is
the day: records are dated, on their way into the log, as if they had been written then.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import binom

from dasier import layout
from dasier.cli.group import dasier
from dasier.client import Client
from dasier.drift.judging import CHANCE
from dasier.local.functions import Functions
from dasier.local.gateway import Gateway
from dasier.local.server import Server, address, listen
from dasier.local.template import read_template
from dasier.serving.exchange import handler
from dasier.serving.prediction_log import Stored
from dasier.store import open_store
from functions import catalog, feedback, predict
from functions.monitor import monitor_handler
from tests import models
from tests.drift.traffic import START, dated
from tests.models import SIGNER, Shop
from tests.published import TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

NAME = "leaves"
DAYS, SHIFT, REQUESTS, ROWS = 30, 15, 40, 3
MOST_FALSE = binom.ppf(0.999, DAYS, CHANCE)
"""At the stated rate more reports than this are wrong in one month in a thousand."""


@dataclass
class Dated:
    """The log that a server keeps in its store, with a calendar of the simulation's own."""

    log: Stored
    now: datetime = START
    ids: list[str] = field(default_factory=list)

    def write(self, record: dict[str, Any]) -> None:
        moment = self.now + timedelta(seconds=len(self.ids) % 86_000)
        self.ids.append(dated(moment))
        self.log.write(record | {"id": self.ids[-1], "time": moment.isoformat().replace("+00:00", "Z")})


@dataclass
class Stage:
    """A running API, and who calls it."""

    url: str
    client: Client
    log: Dated
    functions: Functions
    clock: list[datetime]

    def month(self, *, shifted: bool, seed: int) -> None:
        """Let callers ask, tell what was true of the last day's first rows, and wake the monitor every morning."""
        rng = np.random.default_rng(seed)
        for day in range(DAYS):
            self.log.now = START + timedelta(days=day)
            for _ in range(REQUESTS):
                cells = np.round(rng.normal(0, 1, (ROWS, 3)), 3)
                cells[:, 1] += 1.5 if shifted and day >= SHIFT else 0.0
                rows = [dict(zip(("length", "width", "lobes"), row, strict=True)) for row in cells.tolist()]
                answered = self.client.predict(NAME, rows)
                assert len(answered.predictions) == ROWS
            self.log.log.flush()
            self.clock[0] = START + timedelta(days=day + 1, hours=3)
            self.functions.call(MONITOR, {"source": "aws.events"}, request_id="morning")

    def reports(self) -> list[dict[str, Any]]:
        """Give what the monitor wrote, day by day."""
        store = open_store(self.url)
        keys = sorted(key for key in store.keys(layout.reports(NAME)) if key.endswith(".json"))
        return [json.loads(store.get(key) or b"") for key in keys]


MONITOR = next(one for one in read_template(TEMPLATE).functions if one.name == "MonitorFunction")


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Give the API on a free port, over a registry in a folder."""
    url = f"file://{folder}/store"
    shop = Shop(open_store(url))
    shop.publish(models.built(NAME))
    service = shop.service()
    log = Dated(Stored(shop.store))
    service.prediction_log = log
    clock = [START]
    functions = Functions(
        {
            "PredictFunction": handler(predict.ROUTES, serve=lambda: service),
            "CatalogFunction": handler(catalog.ROUTES, serve=lambda: service),
            "FeedbackFunction": handler(feedback.ROUTES, serve=lambda: service),
            "MonitorFunction": monitor_handler(lambda: service, lambda: clock[0]),
        }
    )
    bound = listen("127.0.0.1", 0, option="--port")
    server = Server(Gateway(read_template(TEMPLATE), functions), bound)
    server.start()
    try:
        yield Stage(url, Client(address(bound)), log, functions, clock)
    finally:
        server.stop()
        bound.close()


@pytest.fixture(scope="module")
def shifted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Give a stage after a month in whose middle one column moved."""
    with stage(tmp_path_factory.mktemp("shifted")) as running:
        running.month(shifted=True, seed=21)
        yield running


def test_the_shift_is_found_on_its_first_day_and_the_column_is_named(shifted: Stage) -> None:
    alarmed = [report["alarmed"] for report in shifted.reports()]

    assert len(alarmed) == DAYS
    assert not any("column width" in keys for keys in alarmed[:SHIFT])
    assert all("column width" in keys for keys in alarmed[SHIFT:])
    others = [keys for keys in alarmed if {"column length", "column lobes"} & set(keys)]
    assert len(others) <= MOST_FALSE


def test_each_day_has_its_page_in_both_languages(shifted: Stage) -> None:
    store = open_store(shifted.url)

    for language, words in (("en", b"Drifted: "), ("fr", "Dérive\u00a0: ".encode())):
        day = f"{START + timedelta(days=SHIFT):%Y-%m-%d}"
        assert words in (store.get(layout.report_page(NAME, day, language)) or b"")


def test_the_command_says_the_same_and_since_when_and_writes_a_page(shifted: Stage, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    asked = ["drift", NAME, "--since", "2026-10-01", "--registry", shifted.url, "--html", str(page)]

    told = CliRunner().invoke(
        dasier, [*asked, "--lang", "fr"], env={"DASIER_TRUSTED_KEYS": SIGNER.public_key()}
    )

    assert told.exit_code == 0, told.output
    line = next(line for line in told.output.splitlines() if line.startswith("width"))
    assert f"{START + timedelta(days=SHIFT):%Y-%m-%d}" in line
    assert 'lang="fr"' in page.read_text()


def test_what_callers_say_was_true_through_the_api_is_measured_beside_the_estimate(shifted: Stage) -> None:
    day = START + timedelta(days=2)
    ids = shifted.log.ids[2 * REQUESTS : 3 * REQUESTS]

    shifted.client.feedback(NAME, {one: ["oak"] * ROWS for one in ids})
    told = CliRunner().invoke(
        dasier,
        ["drift", NAME, "--since", f"{day:%Y-%m-%d}", "--registry", shifted.url, "--json"],
        env={"DASIER_TRUSTED_KEYS": SIGNER.public_key()},
    )

    document = json.loads(told.stdout)
    assert document["quality"]["rows"] == REQUESTS * ROWS
    assert document["quality"]["worse"]  # they say oak, whatever the leaf
    assert document["estimated"]["value"]["low"] < document["estimated"]["value"]["high"]


def test_a_month_without_a_shift_is_quiet_at_the_stated_rate(tmp_path: Path) -> None:
    with stage(tmp_path) as running:
        running.month(shifted=False, seed=22)

        alarmed = [report["alarmed"] for report in running.reports()]

    assert len(alarmed) == DAYS
    assert sum(map(bool, alarmed)) <= MOST_FALSE
