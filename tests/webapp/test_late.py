"""A page never waits for the API longer than whoever carries the page waits for it."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from dasier.client import Answer
from tests.webapp.conftest import SECRET, Visitor
from webapp import Settings, create_app
from webapp.asking import PART_ROWS, ask

ZAPPA = json.loads((Path(__file__).parents[2] / "zappa_settings.json").read_text())


@pytest.fixture
def silent():
    """Give an API that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        bound.setblocking(False)
        yield bound


def _connections(bound):
    count = 0
    try:
        while True:
            bound.accept()[0].close()
            count += 1
    except BlockingIOError:
        return count


@pytest.mark.parametrize(
    "path", ["/", "/models/penguins", "/models/penguins/about", "/models/penguins/history"]
)
def test_a_page_asks_an_api_that_does_not_answer_once(silent, path):
    settings = Settings(
        api_url=f"http://127.0.0.1:{silent.getsockname()[1]}",
        secret=SECRET, plain_http=True, timeout_s=0.2, patience_s=0.1, page_s=0.1,
    )  # fmt: skip

    page = Visitor(create_app(settings).test_client()).reads(path)

    assert page.status_code == 503
    assert "do not answer at the moment" in page.text
    assert _connections(silent) == 1


def test_all_that_a_page_may_wait_is_less_than_it_is_waited_for():
    settings = Settings(api_url="https://api.example", secret=SECRET)

    longest_s = settings.page_s + settings.patience_s + settings.timeout_s

    assert longest_s < ZAPPA["prod"]["timeout_seconds"] <= 29


class Counting:
    """An API that says of each row how many were asked before."""

    def __init__(self):
        self.asked = 0

    def predict(self, name, rows):
        predictions = [{"prediction": self.asked + at} for at in range(len(rows))]
        self.asked += len(rows)
        return Answer.read({"model": name, "version": 1, "prediction_id": "p", "predictions": predictions})


def test_rows_of_a_table_that_are_not_asked_in_time_are_told_so(site):
    client, looks = Counting(), iter([False, True])
    with site.app_context():
        described = site.extensions["dasier-client"].describe("penguins")

    outcomes = ask(client, described, [{}] * (PART_ROWS + 10), is_late=lambda: next(looks))

    assert client.asked == PART_ROWS
    assert [one.prediction is None for one in outcomes] == [False] * PART_ROWS + [True] * 10
