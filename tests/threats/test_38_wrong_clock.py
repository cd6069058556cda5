"""Clocks that are a quarter of an hour wrong, either way, change no order: numbers decide, and where there are none the store does.

Whoever writes has a clock of their own: the publisher's laptop, the person who promotes, each process of a function, the gate.
"""

from __future__ import annotations

import itertools
import random
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from dasier import feedback, gate, layout, predictions, releasing
from dasier.errors import FeedbackRefused
from dasier.feedback import Truth
from dasier.gate.canary import trial
from dasier.releases import Canary
from dasier.schema import Output
from dasier.serving import truths
from dasier.serving.prediction_log import line
from dasier.ulid import ulid
from tests import models
from tests.drift.traffic import dated
from tests.models import SIGNER, Shop

if TYPE_CHECKING:
    from dasier.store import Store

NAME = "constant"
NOW = datetime.now(UTC).replace(microsecond=0)
SKEWS = [timedelta(minutes=minutes) for minutes in (-15, 0, 15)]
CLOCKS = list(itertools.product(SKEWS, repeat=3))


def said(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.mark.parametrize("skews", CLOCKS)
def test_versions_and_releases_are_in_the_order_of_their_numbers(skews: tuple[timedelta, ...]) -> None:
    """Three versions a minute apart, each built, published and released by somebody with another clock."""
    shop = Shop()
    for minute, skew in enumerate(skews):
        when = said(NOW + timedelta(minutes=minute) + skew)
        build = models.constant(number=float(minute + 1), created=when)
        version = shop.registry.publish(build, SIGNER).version
        shop.registry.record_verdict(NAME, version, {"passed": True, "rules": [], "when": when})
        head = shop.registry.head(NAME)
        shop.registry.append(NAME, models.entry(minute + 1, version, head, when=when))

    head = shop.registry.head(NAME)
    history = [release.serving for release in shop.registry.history(NAME, head)]
    service = shop.service()

    assert shop.registry.versions(NAME) == [1, 2, 3]
    assert (head.number, head.serving, history) == (3, 3, [3, 2, 1])
    assert service.serving(NAME).manifest.version == 3  # signed in the future or not, it is believed
    assert releasing.rollback(shop.registry, NAME, who="ann", why="tests").serving == 2


@pytest.mark.parametrize("skew", SKEWS)
def test_a_hot_function_sees_a_release_that_claims_to_be_older(skew: timedelta) -> None:
    shop = Shop()
    shop.publish(models.constant(number=1.0))
    service = shop.service()
    assert service.serving(NAME).manifest.version == 1
    shop.publish(models.constant(number=2.0), release=False)
    head = shop.registry.head(NAME)

    shop.registry.append(NAME, models.entry(2, 2, head, when=said(datetime.fromisoformat(head.when) + skew)))
    shop.clock.passes(10)

    assert service.serving(NAME).manifest.version == 2


def logged(store: Store, records: list[tuple[datetime, dict[str, object]]]) -> None:
    """File records as functions do whose clocks say what they say: the day in the key is theirs too."""
    for moment, changes in records:
        record = {
            "kind": "prediction", "id": dated(moment), "time": said(moment), "model": NAME, "version": "1",
            "status": 200, "rows": 1, "latency_ms": 1.0, **changes,
        }  # fmt: skip
        key = f"{layout.predictions(NAME, f'{moment:%Y-%m-%d}')}{ulid()}.jsonl"
        assert store.create(key, line(record))


@pytest.mark.parametrize("functions", SKEWS)
@pytest.mark.parametrize("gates", SKEWS)
@pytest.mark.parametrize("persons", SKEWS)
def test_a_canary_is_judged_by_its_own_requests_whatever_the_clocks_say(
    functions: timedelta, gates: timedelta, persons: timedelta
) -> None:
    shop = Shop()
    for number in (1.0, 2.0):
        shop.publish(models.constant(number=number), release=False)
    shop.release(NAME, 1)
    head = shop.registry.head(NAME)
    shop.registry.append(
        NAME, models.entry(2, 1, head, action="canary", canary=Canary(2, 20, automatic=True), when=said(NOW + persons))
    )  # fmt: skip
    before, during = ({"release": 1, "errors": 1, "status": 500}, {"release": 2})
    clock = NOW + functions
    logged(shop.store, [(clock - timedelta(seconds=1), before)] * 5)
    logged(shop.store, [(clock, during | {"version": "1"})] * 7)
    logged(shop.store, [(clock, during | {"version": "2"})] * 3)

    stands = trial(shop.registry, NAME, shop.registry.head(NAME), now=NOW + timedelta(seconds=2) + gates)

    assert (stands.serving.requests, stands.serving.errors) == (7, 0)
    assert (stands.canary.requests, stands.canary.errors) == (3, 0)
    assert stands.decision == "wait"


@pytest.mark.parametrize("skew", SKEWS)
@pytest.mark.parametrize("midnight", [False, True])
def test_predictions_and_their_truth_are_found_where_a_wrong_clock_filed_them(
    skew: timedelta, *, midnight: bool
) -> None:
    """Also under another day: a minute after midnight a clock that is late files under yesterday."""
    store, since = Shop().store, NOW
    if midnight:
        since = NOW.replace(hour=0, minute=1, second=0)
    made = [since + timedelta(seconds=second) + skew for second in range(3)]
    logged(store, [(moment, {}) for moment in made])
    ids = [dated(moment) for moment in made]
    feedback.record(store, NAME, [Truth(id_, 1.0) for id_ in ids], now=since + skew)

    found = list(predictions.read(store, NAME, since=since, until=since + timedelta(minutes=1)))
    known = feedback.read(store, NAME, first=since, last=since + timedelta(minutes=1))

    assert len(found) == 3
    assert set(known) == set(ids)


@pytest.mark.parametrize("skews", list(itertools.product(SKEWS, repeat=2)))
def test_of_two_things_told_of_a_prediction_the_one_that_the_store_took_last_counts(
    store: Store, skews: tuple[timedelta, timedelta]
) -> None:
    id_ = ulid()

    for minute, (skew, actual) in enumerate(zip(skews, (1.0, 2.0), strict=True)):
        now = NOW + timedelta(minutes=minute) + skew
        feedback.record(store, NAME, [Truth(id_, actual)], now=now)
        feedback.record(store, NAME, [Truth(id_, actual)], now=now + timedelta(minutes=1))  # tried again
        if store.url.startswith("s3://"):
            second = int(time.time())
            while int(time.time()) == second:  # S3 tells when it wrote in whole seconds
                time.sleep(0.01)

    assert feedback.read(store, NAME, first=NOW, last=NOW) == {id_: 2.0}


def test_a_store_whose_files_were_copied_in_another_order_tells_the_same() -> None:
    first, copy, id_ = Shop().store, Shop().store, ulid()
    for hour in range(5):
        feedback.record(first, NAME, [Truth(id_, float(hour))], now=NOW + timedelta(hours=hour))
    keys = list(first.keys("feedback/"))

    for key in random.Random(1).sample(keys, len(keys)):  # noqa: S311 (any order will do)
        copy.create(key, first.get(key))

    assert feedback.read(copy, NAME, first=NOW, last=NOW) == {id_: 4.0}


@pytest.mark.parametrize("skew", SKEWS)
def test_feedback_is_taken_of_a_prediction_that_a_clock_ahead_made(skew: timedelta) -> None:
    told = [{"prediction_id": dated(NOW + skew), "actual": 1.0}]

    assert truths.checked(told, Output(name="y", task="regression"), now=NOW)


def test_feedback_of_what_no_clock_can_have_made_is_refused() -> None:
    told = [{"prediction_id": dated(NOW + timedelta(hours=1)), "actual": 1.0}]

    with pytest.raises(FeedbackRefused):
        truths.checked(told, Output(name="y", task="regression"), now=NOW)


@pytest.mark.parametrize("skew", SKEWS)
def test_the_gate_judges_and_releases_by_numbers_with_a_wrong_clock(skew: timedelta) -> None:
    shop = Shop()
    for number in (1.0, 2.0):
        shop.registry.publish(models.constant(number=number), SIGNER)

    gate.sweep(shop.registry, now=NOW + skew)
    again = gate.sweep(shop.registry, now=NOW - skew)

    head = shop.registry.head(NAME)
    assert head.serving == max(shop.registry.versions(NAME))
    assert not again
