"""A rollback is logged in under a second, and served within the refresh time."""

from __future__ import annotations

import time

import pytest

from dasier import layout, releasing
from dasier.manifest import canonical
from tests import models
from tests.core.stores import fill, s3_store
from tests.models import Counting, Shop, entry


@pytest.mark.parametrize("earlier", [0, 1_500])
def test_rollback_is_quick_on_s3_whatever_the_length_of_the_log(earlier: int) -> None:
    shop = Shop(s3_store())
    shop.publish(models.constant(number=1), release=False)
    shop.publish(models.constant(number=2), release=False)
    log = [entry(n, 2 - n % 2) for n in range(1, earlier + 3)]
    fill(shop.store, {layout.release("constant", r.number): canonical(r.to_document()) for r in log})
    service = shop.service()
    before = service.serving("constant").manifest.version

    store = Counting(shop.store)
    started = time.perf_counter()
    release = releasing.rollback(Shop(store).registry, "constant", who="Ada", why="wrong")
    took_s = time.perf_counter() - started

    shop.clock.passes(service.settings.refresh_s)
    # The time of a listing is moto's own when the log is long; the number of requests is ours.
    assert took_s < 1 or earlier
    newest = earlier + 2
    assert store.asked == [
        f"list {layout.releases('constant')}",
        f"get {layout.release('constant', newest)}",
        f"get {layout.release('constant', newest - 1)}",
        f"get {layout.manifest('constant', 1)}",  # which is to serve again
    ]
    assert service.serving("constant").manifest.version == release.serving != before
