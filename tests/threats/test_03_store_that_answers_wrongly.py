"""S3 answers 409, 412, 500 or SlowDown, stalls or cuts the connection, before or after it did its work.

The faults are caused by a proxy in front of moto's server. Never is anything written unconditionally.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from dasier import layout, releasing
from dasier.bucket import Patience
from dasier.errors import ReleaseTaken, StoreUnavailable
from dasier.registry import Registry
from dasier.store import Store, open_store
from tests import models
from tests.core.faulty import Fault, FaultyS3
from tests.core.stores import BUCKET, s3_environment
from tests.models import SIGNER, TRUSTED, Shop, entry
from tests.threats.test_13_release_of_a_missing_version import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = Patience(silence_s=0.5, retry_s=1.0, upload_s=10)
MOST_S = 3 * (PATIENCE.retry_s + PATIENCE.silence_s)
BEFORE = [*(Fault(status) for status in (409, 412, 500, 503)), Fault(), Fault(stalls=True)]
AFTER = [Fault(fault.status, after=True, stalls=fault.stalls) for fault in BEFORE if fault.status != 412]
READING = [
    *(Fault(500), Fault(503), Fault(), Fault(stalls=True)),
    *(Fault(halfway=True), Fault(halfway=True, stalls=True)),
]


@pytest.fixture
def proxy() -> Iterator[FaultyS3]:
    running = FaultyS3()
    yield running
    running.close()
    assert running.unconditional == []


@pytest.fixture
def url() -> str:
    return f"s3://{BUCKET}/{uuid4().hex}"


def through(proxy: FaultyS3, url: str) -> Store:
    return open_store(url, environment=proxy.environment, patience=PATIENCE)


def behind(url: str) -> Registry:
    """Give the same registry without the proxy: what is really there."""
    return Registry(open_store(url, environment=s3_environment()), TRUSTED)


def once(fault: Fault, method: str = "PUT") -> Any:
    """Let the first request for each key go wrong."""
    return lambda asked, _, before: fault if asked == method and before == 0 else None


def always(fault: Fault, *methods: str) -> Any:
    return lambda asked, *_: fault if asked in methods else None


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER], ids=str)
def test_publisher_commits_one_version_although_every_first_write_goes_wrong(
    proxy: FaultyS3, url: str, fault: Fault
) -> None:
    proxy.script = once(fault)

    manifest = Registry(through(proxy, url), TRUSTED).publish(models.constant(), SIGNER)

    registry = behind(url)
    assert (manifest.version, registry.versions("constant")) == (1, [1])
    assert registry.manifest("constant", 1).id == manifest.id
    assert registry.unreferenced() == []
    assert registry.blob(manifest, "model") == models.graph(1.0)


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER], ids=str)
def test_whoever_promotes_does_not_lose_to_themselves(proxy: FaultyS3, url: str, fault: Fault) -> None:
    shop = Shop(through(proxy, url))
    for number in (1.0, 2.0):
        shop.publish(models.constant(number=number), release=number == 1)
    proxy.script = once(fault)

    release = releasing.promote(shop.registry, "constant", 2, who="Ada", why="better")

    assert [one.id for one in behind(url).releases("constant")].index(release.id) == 0
    assert behind(url).head("constant") == release


@pytest.mark.parametrize("fault", AFTER, ids=str)
def test_writer_whose_answer_was_lost_is_told_when_it_really_lost(
    proxy: FaultyS3, url: str, fault: Fault
) -> None:
    behind(url).append("constant", entry(1, 7, who="Grace"))
    proxy.script = once(fault)

    with pytest.raises(ReleaseTaken, match="Grace chose to promote version 7"):
        Registry(through(proxy, url), TRUSTED).append("constant", entry(1, 8, who="Ada"))

    assert [one.who for one in behind(url).releases("constant")] == ["Grace"]


def test_two_publishers_of_the_same_build_are_told_apart_when_an_answer_is_lost(
    proxy: FaultyS3, url: str
) -> None:
    first = behind(url).publish(models.constant(), SIGNER)
    proxy.script = once(Fault(500, after=True))

    second = Registry(through(proxy, url), TRUSTED).publish(models.constant(), SIGNER)

    assert (first.version, second.version) == (1, 2)
    assert behind(url).manifest("constant", 1).id == first.id
    assert behind(url).manifest("constant", 2).id == second.id


@pytest.mark.parametrize("fault", BEFORE, ids=str)
def test_store_that_never_takes_a_write_is_given_up_in_time_and_nothing_is_seen(
    proxy: FaultyS3, url: str, fault: Fault
) -> None:
    proxy.script = always(fault, "PUT")
    registry = Registry(through(proxy, url), TRUSTED)
    started = time.monotonic()

    with pytest.raises(StoreUnavailable, match="while writing"):
        registry.append("constant", entry(1, 1))

    assert time.monotonic() - started < MOST_S
    assert 2 <= proxy.count("PUT") <= 30
    assert behind(url).releases("constant") == []
    proxy.script = lambda *_: None
    assert registry.publish(models.constant(), SIGNER).version == 1


@pytest.mark.parametrize("fault", READING, ids=str)
def test_read_that_goes_wrong_once_is_made_again(proxy: FaultyS3, url: str, fault: Fault) -> None:
    shop = Shop(through(proxy, url))
    shop.publish(models.constant(padding=50_000))
    proxy.asked.clear()
    proxy.script = once(fault, "GET")

    answer = ask(shop.service())

    assert answer["statusCode"] == 200
    assert len(proxy.asked) == 4
    assert min(proxy.asked.values()) >= 2


@pytest.mark.parametrize("fault", READING, ids=str)
def test_warm_function_keeps_serving_and_a_cold_one_says_when_to_come_back(
    proxy: FaultyS3, url: str, fault: Fault
) -> None:
    shop = Shop(through(proxy, url))
    shop.publish(models.constant(number=1, padding=50_000))
    warm = shop.service()
    ask(warm)
    shop.publish(models.constant(number=2, padding=50_000))
    proxy.script = always(fault, "GET", "HEAD")
    shop.clock.passes(10)
    started = time.monotonic()

    kept, refused = ask(warm), ask(shop.service())

    assert (kept["statusCode"], json.loads(kept["body"])["version"]) == (200, 1)
    assert json.loads(kept["body"])["predictions"][0]["prediction"] == 1
    assert refused["statusCode"] == 503
    assert int(refused["headers"]["retry-after"]) > 0
    assert time.monotonic() - started < 2 * MOST_S
    proxy.script = lambda *_: None
    shop.clock.passes(10 * MOST_S)
    assert json.loads(ask(warm)["body"])["version"] == 2


def test_model_that_uploads_slowly_is_not_given_up(proxy: FaultyS3, url: str) -> None:
    slowly = Fault(slow_s=3 * PATIENCE.silence_s)
    proxy.script = lambda method, path, _: slowly if method == "PUT" and "blobs" in path else None
    build = models.constant(padding=600_000)

    manifest = Registry(through(proxy, url), TRUSTED).publish(build, SIGNER)

    model = f"/{layout.blob(manifest.blobs['model'].sha256)}"
    assert [n for (method, path), n in proxy.asked.items() if method == "PUT" and path.endswith(model)] == [1]
    assert behind(url).blob(manifest, "model") == build.blobs["model"]
