"""A client that is throttled waits, with jitter and as long as it is told; in the end it says so; and nothing it sends counts twice.

Against a real HTTP server on loopback, with clocks that move only when somebody sleeps.
"""

from __future__ import annotations

import random
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from dasier.client import Client, Patience, Throttled
from dasier.client.refusals import Busy
from tests.test_client import NOON, Clock, api, client, clock
from tests.webapp.fake_api import Canned

if TYPE_CHECKING:
    from tests.webapp.fake_api import FakeApi

__all__ = ["api", "client", "clock"]


def test_throttling_is_waited_out_with_growing_jittered_waits(
    api: FakeApi, client: Client, clock: Clock
) -> None:
    for _ in range(3):
        api.refuse(429)

    answer = client.predict("penguins", [{"a": 1}])

    assert answer.model == "penguins"
    assert clock.slept == [0.125, 0.25, 0.5]


def test_retry_after_is_the_least_that_is_waited(api: FakeApi, client: Client, clock: Clock) -> None:
    api.refuse(503, {"detail": "Loading."}, retry_after="3")
    api.refuse(429, retry_after=format_datetime(NOON + timedelta(seconds=5), usegmt=True))
    api.refuse(429, retry_after="soon")

    client.models()

    assert clock.slept == [3.0, 5.0, 0.5]


def test_throttling_ends_after_the_last_attempt(api: FakeApi, client: Client, clock: Clock) -> None:
    for _ in range(9):
        api.refuse(429)

    with pytest.raises(Throttled, match="5 attempts"):
        client.models()

    assert len(api.seen) == 5
    assert len(clock.slept) == 4


def test_a_wait_over_the_cap_ends_at_once(api: FakeApi, client: Client, clock: Clock) -> None:
    api.refuse(429, retry_after="3600")

    with pytest.raises(Throttled, match="wait 3600 s"):
        client.models()

    assert clock.slept == []


def test_no_attempt_begins_after_the_total(api: FakeApi, clock: Clock) -> None:
    client = Client(api.url, patience=clock.patience(attempts=100, total_s=8.0))
    for _ in range(9):
        api.refuse(503, {"detail": "No version can be served."}, retry_after="3")

    with pytest.raises(Busy, match="No version can be served"):
        client.models()

    assert sum(clock.slept) == 6.0


def test_a_broken_connection_is_tried_again(api: FakeApi, client: Client, clock: Clock) -> None:
    api.refuse(0)

    assert client.models()

    assert len(clock.slept) == 1


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "least_s"),
    [
        (None, 0.0),
        ("0", 0.0),
        ("2", 2.0),
        (format_datetime(NOON + timedelta(seconds=4), usegmt=True), 4.0),
        (format_datetime(NOON - timedelta(days=1), usegmt=True), 0.0),
        ("", 0.0),
        ("-1", 0.0),
        ("1.5", 0.0),
        ("Mon, 99 Nov 2026 99:99:99 GMT", 0.0),
        ("9" * 400, None),
    ],
    ids=["none", "0", "seconds", "date", "date gone by", "empty", "negative", "fraction", "no date", "400 digits"],
)  # fmt: skip
def test_whatever_retry_after_says_the_wait_is_at_least_that_and_bounded(
    api: FakeApi, client: Client, clock: Clock, status: int, header: str | None, least_s: float | None
) -> None:
    api.refuse(status, **({} if header is None else {"retry_after": header}))

    if least_s is None:
        with pytest.raises((Throttled, Busy)):
            client.models()
    else:
        client.models()

    assert clock.slept == ([] if least_s is None else [max(least_s, 0.125)])
    assert all(0 <= wait_s <= Patience().longest_s for wait_s in clock.slept)


def test_clients_that_were_throttled_together_do_not_come_back_together(api: FakeApi) -> None:
    waits = []
    for seed in range(20):
        clock = Clock()
        for _ in range(3):
            api.refuse(429)
        patience = Patience(
            sleep=clock.sleep,
            monotonic=lambda clock=clock: clock.at,
            random=random.Random(seed).random,  # noqa: S311 (spread, not secrecy)
        )
        Client(api.url, patience=patience).models()
        waits.append(clock.slept)

    for attempt, longest_s in enumerate((0.25, 0.5, 1.0)):
        these = sorted(wait[attempt] for wait in waits)
        assert len(set(these)) == 20
        assert 0 <= these[0] < longest_s / 3
        assert longest_s * 2 / 3 < these[-1] <= longest_s


def test_a_service_that_never_recovers_is_given_up_in_bounded_time(api: FakeApi, clock: Clock) -> None:
    api.reply = lambda _seen: Canned(429, None, {"retry-after": "9"})  # type: ignore[method-assign]
    client = Client(api.url, patience=clock.patience(attempts=1_000))

    with pytest.raises(Throttled, match="wait 9 s"):
        client.models()

    assert sum(clock.slept) <= Patience().total_s
    assert len(api.seen) == 4


SENDS = {
    "predict": lambda client: client.predict("penguins", [{"a": 1}]),
    "feedback": lambda client: client.feedback("penguins", {"01J": "Adelie"}),
    "a job": lambda client: client.submit("penguins", [{"a": 1}]),
    "a job of bytes": lambda client: client.submit("penguins", b"a\n1\n"),
    "a job to upload": lambda client: client.submit("penguins"),
}


@pytest.mark.parametrize("what", SENDS)
@pytest.mark.parametrize("status", [429, 503, 0], ids=["429", "503", "broken connection"])
def test_what_is_sent_again_is_the_very_same_so_that_it_counts_once(
    api: FakeApi, client: Client, what: str, status: int
) -> None:
    """A prediction changes nothing, feedback is named by what it says, and a job has one key for all attempts."""
    api.refuse(status)
    api.refuse(status)

    SENDS[what](client)

    first, *others = [
        (seen.method, seen.path, seen.body, seen.headers.get("idempotency-key")) for seen in api.seen
    ]
    assert others == [first, first]
    assert (first[3] is not None) == ("job" in what)


def test_two_jobs_are_two(api: FakeApi, client: Client) -> None:
    client.submit("penguins", [{"a": 1}])
    client.submit("penguins", [{"a": 1}])

    assert len({seen.headers["idempotency-key"] for seen in api.seen}) == 2


@pytest.mark.parametrize("path", ["/", "/models/penguins"])
def test_a_visitor_of_a_throttled_site_is_told_when_to_come_back(
    api: FakeApi, path: str, clock: Clock
) -> None:
    from tests.webapp.conftest import SECRET
    from webapp import Settings, create_app

    api.reply = lambda _seen: Canned(429)  # type: ignore[method-assign]
    settings = Settings(api_url=api.url, secret=SECRET, plain_http=True)
    site = create_app(
        settings, Client(api.url, patience=clock.patience(attempts=4, total_s=settings.patience_s))
    )

    answer: Any = site.test_client().get(path)

    assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True)
    assert sum(clock.slept) <= settings.patience_s
