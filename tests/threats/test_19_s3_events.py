"""S3 events repeated, reordered, lost, with odd keys, of another bucket: the same final state, effects once."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from dasier.gate import judging
from dasier.rehearsal import Rehearsal
from functions.release import release_handler
from tests import models
from tests.functions.test_release import SCHEDULE, s3_event
from tests.models import SIGNER, Shop

if TYPE_CHECKING:
    from dasier.store import Store

ASH, OAK = "models/ash/versions/{:06d}.manifest.json", "models/oak/versions/{:06d}.manifest.json"
EVENTS = [s3_event(ASH.format(1)), s3_event(ASH.format(2)), s3_event(OAK.format(1), bucket="another")]


@pytest.fixture(autouse=True)
def _quick_rehearsal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let versions pass without a process each: what is tested here is when, not whether, they are judged."""
    monkeypatch.setattr(judging, "rehearse", lambda *_, **__: Rehearsal(0, 0.0, 0.0, 0.0))


def published(store: Store) -> Shop:
    shop = Shop(store)
    for name, number in (("ash", 1), ("ash", 2), ("oak", 1)):
        shop.registry.publish(models.constant(name, float(number)), SIGNER)
    return shop


def state(shop: Shop) -> Any:
    return {
        name: (
            sorted(shop.registry.contents(name)[name].verdicts),
            [release.serving for release in shop.registry.releases(name)],
        )
        for name in shop.registry.names()
    }


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_any_order_of_events_twice_over_ends_in_the_same_state(order: tuple[int, ...], store: Store) -> None:
    shop = published(store)
    handle = release_handler(shop.service)

    for index in order * 2:
        handle(EVENTS[index], None)

    assert state(shop) == {"ash": ([1, 2], [2]), "oak": ([1], [1])}


@pytest.mark.parametrize("lost", [(0,), (1,), (2,), (0, 1, 2)])
def test_schedule_catches_events_that_were_lost(lost: tuple[int, ...], store: Store) -> None:
    shop = published(store)
    handle = release_handler(shop.service)
    for index in set(range(3)) - set(lost):
        handle(EVENTS[index], None)

    handle(SCHEDULE, None)

    assert state(shop) == {"ash": ([1, 2], [2]), "oak": ([1], [1])}


@pytest.mark.parametrize(
    "key",
    [
        "models/../../etc/versions/000001.manifest.json",
        "models/ash/versions/000001.manifest.json/../x",
        "models%2Fash%2Fversions%2F000001.manifest.json%00",
        "models/%E2%80%AE/versions/000001.manifest.json",
        "+" * 1_000,
        "models/ash/versions/+00001.manifest.json",
    ],
)
def test_odd_key_is_no_reason_to_judge_anything(key: str, store: Store) -> None:
    shop = published(store)

    assert release_handler(shop.service)(s3_event(key), None) == {"judged": 0, "passed": 0}
    assert state(shop)["ash"] == ([], [])


def test_key_that_s3_encoded_is_decoded(store: Store) -> None:
    shop = published(store)
    key = "pre+fix/" + OAK.format(1).replace("/", "%2F")

    assert release_handler(shop.service)(s3_event(key), None)["judged"] == 1
