from __future__ import annotations

import gc
import threading
import weakref
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dasier.errors import LoadingFailed, ModelUnavailable
from dasier.serving import cache
from dasier.serving.cache import LoadedVersions
from tests.models import Clock


class Loader:
    """Loads versions that take ten bytes times their number, and counts."""

    def __init__(self) -> None:
        self.loaded: Counter[tuple[str, int]] = Counter()
        self.fails: set[tuple[str, int]] = set()

    def __call__(self, name: str, version: int) -> Any:
        self.loaded[name, version] += 1
        if (name, version) in self.fails:
            raise ModelUnavailable(name, "it is broken")
        return SimpleNamespace(size_bytes=10 * version, key=(name, version))


def versions(budget_bytes: int = 100) -> tuple[LoadedVersions, Loader, Clock]:
    loader, clock = Loader(), Clock()
    return LoadedVersions(budget_bytes, loader, clock), loader, clock


def test_version_is_loaded_once() -> None:
    held, loader, _ = versions()

    assert held.get("m", 1) is held.get("m", 1)
    assert loader.loaded == {("m", 1): 1}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 14)), max_size=40))
def test_budget_is_never_passed_but_by_one_that_is_larger_alone(asked: list[tuple[str, int]]) -> None:
    held, loader, _ = versions(budget_bytes=100)

    for name, version in asked:
        assert held.get(name, version).key == (name, version)
        assert held.size_bytes <= 100 or len(held) == 1

    assert set(loader.loaded) == set(asked)


def test_least_recently_used_goes_first() -> None:
    held, _, _ = versions(budget_bytes=30)
    for name in ("a", "b", "a"):
        held.get(name, 1)

    held.get("c", 2)

    assert held.held("a", 1) is None or held.held("b", 1) is None
    assert held.held("a", 1) is not None
    assert held.held("b", 1) is None


def test_budget_holds_at_every_moment_under_threads() -> None:
    held, _, _ = versions(budget_bytes=60)
    seen: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            seen.append(held.size_bytes)

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: held.get("m", n % 6 + 1), range(2_000)))
    over.set()
    watcher.join()

    assert max(seen) <= 60


def test_many_who_ask_at_once_cause_one_load() -> None:
    held, loader, _ = versions()
    ready = threading.Barrier(32)

    def ask(_: int) -> Any:
        ready.wait()
        return held.get("m", 1)

    with ThreadPoolExecutor(32) as pool:
        found = list(pool.map(ask, range(32)))

    assert loader.loaded == {("m", 1): 1}
    assert len({id(one) for one in found}) == 1


def test_whoever_asks_just_after_a_load_does_not_load_again() -> None:
    held, loader, _ = versions()
    for round_ in range(200):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _, n=round_: held.get(f"m{n}", 1), range(8)))

    assert set(loader.loaded.values()) == {1}


def test_failure_is_told_at_once_for_a_while_and_then_tried_again() -> None:
    held, loader, clock = versions()
    loader.fails = {("m", 1)}
    for _ in range(3):
        with pytest.raises(ModelUnavailable):
            held.get("m", 1)
    assert loader.loaded["m", 1] == 1

    clock.passes(held.retry_s)
    loader.fails = set()

    assert held.get("m", 1).key == ("m", 1)
    assert loader.loaded["m", 1] == 2


def test_failures_of_names_that_somebody_makes_up_are_not_kept_without_end() -> None:
    held, loader, _ = versions()
    loader.fails = {("m", n) for n in range(3_000)}
    for version in range(3_000):
        with pytest.raises(ModelUnavailable):
            held.get("m", version)

    assert len(held._failed) <= cache._MOST_FAILURES
    assert held._loading == {}


def test_other_versions_do_not_wait_for_a_slow_one() -> None:
    started, go_on = threading.Event(), threading.Event()

    def load(name: str, _: int) -> Any:
        if name == "slow":
            started.set()
            go_on.wait(10)
        return SimpleNamespace(size_bytes=1)

    held = LoadedVersions(100, load, Clock())
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(held.get, "slow", 1)
        started.wait(10)
        held.get("quick", 1)
        assert not slow.done()
        go_on.set()


class Blob:
    """Stands for bytes, of which it cannot be told whether anybody holds them."""


def test_version_that_failed_to_load_does_not_keep_its_bytes() -> None:
    seen: list[weakref.ref[Blob]] = []

    def load(_name: str, _version: int) -> Any:
        blob = Blob()
        seen.append(weakref.ref(blob))
        try:
            int("one")
        except ValueError as error:
            raise LoadingFailed("loads", error) from error

    held = LoadedVersions(100, load, Clock())

    for _ in range(2):  # the second is told what happened to the first
        with pytest.raises(LoadingFailed, match="fails when it loads: ValueError"):
            held.get("m", 1)
    gc.collect()

    assert [ref() for ref in seen] == [None]


def test_each_who_is_told_of_a_failure_is_told_by_an_error_of_its_own() -> None:
    """One that threads share would hold the frames, and so the request, of whoever raised it last."""
    held, loader, _ = versions()
    loader.fails.add(("m", 1))
    told: list[ModelUnavailable] = []

    for _ in range(3):
        with pytest.raises(ModelUnavailable, match="it is broken") as caught:
            held.get("m", 1)
        told.append(caught.value)

    assert loader.loaded["m", 1] == 1
    assert len({id(error) for error in told}) == 3
    assert {error.name for error in told} == {"m"}
