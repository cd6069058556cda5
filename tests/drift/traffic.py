"""Simulated callers of the real prediction handler, on days of the simulation's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from dasier import layout
from dasier.serving.exchange import handler
from dasier.serving.prediction_log import line
from dasier.ulid import time_of, ulid
from functions import predict
from tests import models
from tests.models import Shop

START = datetime(2026, 10, 1, tzinfo=UTC)
Row = dict[str, Any]


class Almanac:
    """A prediction log whose days are the simulation's: it files each record under the day that it is told."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.day = shop, START
        self._held: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.ids: list[str] = []

    def write(self, record: dict[str, Any]) -> None:
        moment = self.day + timedelta(seconds=len(self.ids) % 86_000)
        id_ = dated(moment)
        self.ids.append(id_)
        told = record | {"id": id_, "time": moment.isoformat().replace("+00:00", "Z")}
        self._held.setdefault((record["model"], f"{moment:%Y-%m-%d}"), []).append(told)

    def file(self) -> None:
        """Write a file for each day, as Firehose would."""
        for (name, day), told in self._held.items():
            lines = b"".join(map(line, told))
            self.shop.store.create(f"{layout.predictions(name, day)}{ulid()}.jsonl", lines)
        self._held.clear()


def dated(moment: datetime) -> str:
    """Give an id that says it was made then."""
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    milliseconds = int(moment.timestamp() * 1000)
    text = "".join(alphabet[milliseconds >> shift & 31] for shift in range(45, -1, -5)) + ulid()[10:]
    assert time_of(text) == moment
    return text


class Callers:
    """Ask a model day after day, through the handler that Lambda runs."""

    def __init__(self, name: str, *, shop: Shop | None = None, **settings: Any) -> None:
        self.name, self.shop = name, shop or Shop()
        if self.shop.registry.head(name) is None:
            self.shop.publish(models.built(name))
        self.log = Almanac(self.shop)
        service = self.shop.service(**settings)
        service.prediction_log = self.log
        self._handle = handler(predict.ROUTES, serve=lambda: service)

    def ask(self, rows: list[Row]) -> dict[str, Any]:
        """Send rows in one request, and give the answer."""
        body = {"instances": rows}
        event = {
            "resource": "/models/{name}/predict",
            "httpMethod": "POST",
            "pathParameters": {"name": self.name},
            "headers": {"content-type": "application/json"},
            "body": json.dumps(body),
        }
        answer = self._handle(event, None)
        assert answer["statusCode"] == 200, answer["body"]
        return answer

    def days(self, n: int, requests: int, row: Callable[[int], Row], *, first: int = 0) -> None:
        """Let so many single rows be asked on each of n days; a row is made of the day's number."""
        for day in range(first, first + n):
            self.log.day = START + timedelta(days=day)
            for _ in range(requests):
                self.ask([row(day)])
        self.log.file()


def drawn(name: str, *, seed: int) -> Callable[[int], Row]:
    """Give rows as those that a model was fitted on: drawn from them, with numbers between neighbours."""
    fitted = models.fitted(name)
    table = fitted.fitted_rows[[column for column in fitted.table.columns if column != fitted.target]]
    rows = json.loads(table.to_json(orient="records"))
    rng = np.random.default_rng(seed)
    return lambda _: dict(rows[rng.integers(len(rows))])
