"""Manifests that were read: each verified once, within a bound, and lists know those that had to go."""

from __future__ import annotations

import gc
import json
import tracemalloc

import pytest

from dasier.errors import VersionNotFound
from dasier.manifest import Manifest, canonical
from dasier.serving.manifests import Manifests, size_bytes
from tests import models
from tests.models import Shop
from tests.published import built


def shelf(count: int, *, budget: int = 10**9) -> tuple[Manifests, models.Counting, Shop]:
    shop = Shop()
    for number in range(count):
        shop.publish(models.constant("constant", number))
    store = models.Counting(shop.store)
    return Manifests(budget, Shop(store).registry.manifest), store, shop


def test_manifest_is_read_and_verified_once() -> None:
    manifests, store, _ = shelf(1)

    assert manifests.get("constant", 1) is manifests.get("constant", 1)

    assert len(store.asked) == 1


def test_manifests_never_take_more_than_the_bound_and_the_oldest_go() -> None:
    one = size_bytes(shelf(1)[0].get("constant", 1))
    manifests, store, _ = shelf(10, budget=3 * one + one // 2)
    for number in range(1, 11):
        manifests.get("constant", number)
        assert manifests._bytes <= manifests.budget_bytes
    store.asked.clear()

    for number in (8, 9, 10):
        manifests.get("constant", number)
    assert store.asked == []

    manifests.get("constant", 1)
    assert len(store.asked) == 1


def test_manifest_that_is_larger_than_the_bound_is_given_all_the_same() -> None:
    manifests, _, _ = shelf(2, budget=10)

    assert [manifests.get("constant", number).version for number in (1, 2)] == [1, 2]
    assert len(manifests._held) == 1


def test_list_of_more_than_the_bound_holds_reads_nothing_again() -> None:
    manifests, store, _ = shelf(10, budget=10)
    for number in range(1, 11):
        manifests.summary("constant", number)
    store.asked.clear()

    told = [manifests.summary("constant", number) for number in range(1, 11)]

    assert {one.runtime for one in told} == {"onnx"}
    assert store.asked == []


def test_version_that_is_not_there_is_asked_for_each_time() -> None:
    manifests, _, shop = shelf(1)
    with pytest.raises(VersionNotFound):
        manifests.get("constant", 2)
    shop.publish(models.constant("constant", 2))

    assert manifests.get("constant", 2).version == 2


@pytest.mark.parametrize("name", ["birds", "houses"])
def test_size_is_about_what_a_manifest_takes_of_memory(name: str) -> None:
    content = canonical(built(name).manifest.to_document())
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        held = [Manifest.from_document(json.loads(content)) for _ in range(20)]
        took = (tracemalloc.get_traced_memory()[0] - before) / len(held)
    finally:
        tracemalloc.stop()

    assert 0.6 * took < size_bytes(held[0]) < 1.6 * took
