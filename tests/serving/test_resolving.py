from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from dasier import layout
from dasier.errors import ModelNotFound, ModelUnavailable, StoreUnavailable
from dasier.manifest import canonical
from dasier.registry import Registry
from dasier.releases import Canary
from dasier.serving import resolving
from dasier.serving.resolving import Releases, chosen_version
from tests import models
from tests.core.stores import fill, s3_store
from tests.models import TRUSTED, Clock, Counting, Shop, entry

if TYPE_CHECKING:
    from dasier.store import Store


class Resolver:
    """Somebody who resolves, with a store that counts and a clock that stands."""

    def __init__(self, store: Store, refresh_s: float = 2.0) -> None:
        self.store, self.clock = Counting(store), Clock()
        self.shop = Shop(store)
        self.releases = Releases(Registry(self.store, TRUSTED), refresh_s, self.clock)

    def serving(self) -> int | None:
        return self.releases.current("m").serving

    def asked(self) -> int:
        """Give how many requests were made since this was asked last."""
        count = len(self.store.asked)
        self.store.asked.clear()
        return count


def test_newest_release_serves(store: Store) -> None:
    resolver = Resolver(store)
    for version in (1, 2, 1):
        resolver.shop.release("m", version)

    assert resolver.serving() == 1
    assert resolver.releases.current("m").number == 3


def test_release_that_was_copied_to_the_next_number_is_not_followed_without_end(store: Store) -> None:
    resolver = Resolver(store)
    resolver.shop.release("m", 1)
    resolver.serving()
    store.create(layout.release("m", 2), store.get(layout.release("m", 1)) or b"")
    resolver.clock.passes(3)

    assert resolver.serving() == 1


def test_what_is_known_costs_nothing_until_it_is_old(store: Store) -> None:
    resolver = Resolver(store)
    resolver.shop.release("m", 1)
    resolver.serving()
    assert resolver.asked() == 2

    for _ in range(10):
        resolver.serving()
    resolver.clock.passes(1.9)
    resolver.serving()
    assert resolver.asked() == 0

    resolver.clock.passes(0.1)
    for _ in range(10):
        resolver.serving()
    assert resolver.asked() == 1


def test_release_is_seen_within_the_refresh_time(store: Store) -> None:
    resolver = Resolver(store)
    resolver.shop.release("m", 1)
    resolver.serving()
    resolver.shop.release("m", 2)
    resolver.shop.release("m", 3)
    assert resolver.serving() == 1

    resolver.clock.passes(2)

    assert resolver.serving() == 3


@pytest.mark.parametrize("count", [10, 2_000])
def test_long_log_on_s3_costs_a_cold_start_no_more_than_a_short_one(count: int) -> None:
    store = s3_store()
    fill(
        store,
        {layout.release("m", n): canonical(entry(n, n).to_document()) for n in range(1, count + 1)},
    )
    resolver = Resolver(store)

    assert resolver.serving() == count
    assert resolver.store.asked == ["list models/m/releases/", f"get {layout.release('m', count)}"]


def test_name_that_nobody_published_is_asked_for_once_in_a_refresh(store: Store) -> None:
    resolver = Resolver(store)
    for _ in range(5):
        with pytest.raises(ModelNotFound):
            resolver.serving()

    assert resolver.asked() <= 2


def test_name_that_no_model_can_have_asks_the_store_nothing() -> None:
    resolver = Resolver(Shop().store)

    with pytest.raises(ModelNotFound):
        resolver.releases.current("../secret")

    assert resolver.asked() == 0


def test_published_but_not_released_is_unavailable_until_it_is(store: Store) -> None:
    resolver = Resolver(store)
    resolver.shop.publish(models.constant("m"), release=False)
    with pytest.raises(ModelUnavailable, match="no version has passed"):
        resolver.serving()

    resolver.shop.release("m", 1)
    resolver.clock.passes(2)

    assert resolver.serving() == 1


def test_what_was_known_goes_on_serving_when_the_store_goes_away() -> None:
    resolver = Resolver(Shop().store)
    resolver.shop.release("m", 1)
    resolver.serving()
    resolver.store.broken = StoreUnavailable("reading", "it is away")

    resolver.clock.passes(60)

    assert resolver.serving() == 1


def test_store_that_stalls_is_not_waited_for_again_and_again() -> None:
    resolver = Resolver(Shop().store)
    resolver.shop.release("m", 1)
    resolver.serving()

    class Stalling(Counting):
        def get(self, key: str) -> bytes | None:
            self.asked.append(key)
            resolver.clock.passes(10)
            raise StoreUnavailable("reading", "it stalls")

    resolver.releases.registry.store = stalling = Stalling(resolver.shop.store)
    resolver.clock.passes(2)
    for _ in range(60):
        resolver.serving()
        resolver.clock.passes(1)

    assert len(stalling.asked) == 1


def test_release_that_cannot_be_read_leaves_the_last_one_serving() -> None:
    resolver = Resolver(Shop().store)
    resolver.shop.release("m", 1)
    resolver.serving()
    resolver.shop.store.create(layout.release("m", 2), b"garbage")

    resolver.clock.passes(2)

    assert resolver.serving() == 1


def test_store_that_is_away_from_the_start_is_said_to_be() -> None:
    resolver = Resolver(Shop().store)
    resolver.store.broken = StoreUnavailable("reading", "it is away")

    with pytest.raises(StoreUnavailable):
        resolver.serving()


def test_many_who_ask_at_once_cost_one_listing() -> None:
    resolver = Resolver(Shop().store)
    resolver.shop.release("m", 1)
    ready = threading.Barrier(32)

    def ask(_: int) -> int | None:
        ready.wait()
        return resolver.serving()

    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(ask, range(32))) == {1}

    assert resolver.asked() == 2


def test_names_that_somebody_makes_up_are_not_remembered_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "_MOST_NAMES", 50)
    resolver = Resolver(Shop().store)
    resolver.shop.release("m", 1)
    resolver.serving()
    for number in range(200):
        with pytest.raises(ModelNotFound):
            resolver.releases.current(f"n{number}")

    assert len(resolver.releases._known) <= 52
    assert resolver.serving() == 1


def test_canary_gets_its_share_and_the_same_client_the_same_version() -> None:
    release = entry(1, 1, canary=Canary(2, 20))
    clients = [f"client-{n}" for n in range(5_000)]

    chosen = [chosen_version(release, "m", client) for client in clients]

    assert chosen == [chosen_version(release, "m", client) for client in clients]
    assert 850 < chosen.count(2) < 1_150
    by_chance = Counter(chosen_version(release, "m", None) for _ in range(2_000))
    assert 250 < by_chance[2] < 550


def test_paused_model_is_unavailable() -> None:
    with pytest.raises(ModelUnavailable, match="paused"):
        chosen_version(entry(2, None), "m", "ada")
