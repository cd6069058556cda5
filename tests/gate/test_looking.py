"""The gate reads each file of a canary's log once, and decides as if it had read all of it each time."""

from __future__ import annotations

import gzip
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from dasier import feedback, gate, layout
from dasier.errors import StoreDenied
from dasier.feedback import Truth
from dasier.gate import counted, looking
from dasier.registry import Registry
from dasier.releases import Canary
from dasier.store import Store, open_store
from dasier.ulid import ulid
from tests import models
from tests.models import Shop

NAME = "constant"


def shop_at(store: Store) -> Shop:
    """Give a shop whose version 2 is a canary beside version 1, begun half an hour ago."""
    shop = Shop(store)
    shop.publish(models.constant())
    shop.publish(models.constant(number=2.0), release=False)
    head = shop.registry.head(NAME)
    assert head is not None
    begun = (datetime.now(UTC) - timedelta(minutes=30)).isoformat()
    canary = Canary(2, 50, automatic=True)
    shop.registry.append(NAME, models.entry(2, 1, head, canary=canary, action="canary", when=begun))
    return shop


def record(version: int, **more: Any) -> dict[str, Any]:
    """Give a request that the canary's release sent to a version."""
    told = {"kind": "prediction", "id": ulid(), "time": datetime.now(UTC).isoformat(), "model": NAME, "version": str(version),
            "release": 2, "status": 200, "rows": 1, "latency_ms": 1.0}  # fmt: skip
    return told | more


def file(shop: Shop, records: list[dict[str, Any]], name: str | None = None) -> str:
    """Write a file of the log, and give its key."""
    key = f"{layout.predictions(NAME, f'{datetime.now(UTC):%Y-%m-%d}')}{name or ulid()}.jsonl"
    assert shop.store.create(key, b"".join(json.dumps(one).encode() + b"\n" for one in records))
    return key


def looked(shop: Shop, store: Store | None = None, *, keep: bool = True) -> dict[str, Any]:
    """Look at the canary, and give how it stands."""
    registry = Registry(store or shop.store, shop.registry.trusted)
    head = shop.registry.release(NAME, 2)
    assert head is not None
    now = datetime.fromisoformat(head.when) + timedelta(minutes=30)
    return gate.trial(registry, NAME, head, now=now, keep=keep).to_document()


class Forgetful(Store):
    """A store in which nothing was ever put down of a trial."""

    def first(self, prefix: str) -> str | None:
        return None if prefix.startswith("trials/") else super().first(prefix)


def from_all(shop: Shop) -> dict[str, Any]:
    """Give how the canary stands by reading everything."""
    return looked(shop, Forgetful(shop.store._backend, url=shop.store.url), keep=False)


def kept(shop: Shop) -> list[str]:
    return sorted(shop.store.keys("trials/"))


def read(store: models.Counting) -> list[str]:
    """Give the files of the log that were read."""
    return [what.removeprefix("get ") for what in store.asked if what.startswith("get predictions/")]


def test_each_file_is_read_once(store: Store) -> None:
    shop = shop_at(store)
    first = [file(shop, [record(1), record(2)]) for _ in range(3)]
    counting = models.Counting(store)

    told = [looked(shop, counting)]
    assert sorted(read(counting)) == sorted(first)
    counting.asked.clear()
    told.append(looked(shop, counting))
    assert read(counting) == []
    new = file(shop, [record(2, errors=1, status=500)])
    told.append(looked(shop, counting))

    assert read(counting) == [new]
    assert [one["canary"]["requests"] for one in told] == [3, 3, 4]
    assert told[-1] == from_all(shop)


def test_the_sweep_puts_down_what_it_counted_and_a_look_of_a_person_does_not() -> None:
    shop = shop_at(open_store("memory://"))
    file(shop, [record(1), record(2)])

    looked(shop, keep=False)
    assert kept(shop) == []
    gate.sweep(shop.registry, now=datetime.now(UTC))

    assert kept(shop) == [layout.trial(NAME, 2, 1)]
    assert looked(shop, keep=False) == from_all(shop)


def test_where_nothing_is_new_nothing_is_put_down() -> None:
    shop = shop_at(open_store("memory://"))
    file(shop, [record(1)])

    for _ in range(3):
        looked(shop)

    assert len(kept(shop)) == 1


def test_what_is_told_to_be_true_is_read_once_too_whether_before_or_after_the_answers(store: Store) -> None:
    shop = shop_at(store)
    answers = [record(2, outputs={"predictions": [1.0]}) for _ in range(3)]
    file(shop, answers[:1])
    feedback.record(store, NAME, [Truth(one["id"], 1.0) for one in answers[:2]], now=datetime.now(UTC))
    counting = models.Counting(store)
    before = looked(shop, counting)
    counting.asked.clear()

    file(shop, answers[1:])
    between = looked(shop, counting)
    feedback.record(store, NAME, [Truth(answers[2]["id"], 1.0)], now=datetime.now(UTC))
    after = looked(shop, counting)

    assert [one["canary"]["told"] for one in (before, between, after)] == [1, 2, 3]
    assert sum(what.startswith("get feedback/") for what in counting.asked) == 1
    assert after == from_all(shop)


def test_the_truth_of_what_can_be_among_no_answers_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counted, "MOST_ANSWERS", 50)
    shop = shop_at(open_store("memory://"))
    answers = [record(1 + number % 2, outputs={"predictions": [1.0]}) for number in range(1_000)]
    feedback.record(shop.store, NAME, [Truth(one["id"], 1.0) for one in answers], now=datetime.now(UTC))
    file(shop, answers)

    told = looked(shop)

    document = json.loads(gzip.decompress(shop.store.get(kept(shop)[0]) or b""))
    assert told["canary"]["told"] == told["serving"]["told"] == 50
    assert 100 <= len(document["truths"]) < 200
    assert told == from_all(shop)


def test_what_was_told_later_counts_whenever_it_is_read() -> None:
    shop = shop_at(open_store("memory://"))
    answers = [record(version, outputs={"predictions": [1.0]}) for version in (1, 2) for _ in range(30)]
    file(shop, answers)
    for actual in (9.0, 1.0):
        feedback.record(
            shop.store, NAME, [Truth(one["id"], actual) for one in answers], now=datetime.now(UTC)
        )
        told = looked(shop)

    (quality,) = (one for one in told["findings"] if one["rule"] == "quality")
    assert quality["figures"]["value"] == 0.0
    assert told == from_all(shop)


def test_a_sample_of_another_release_of_dasier_is_not_added_to(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = shop_at(open_store("memory://"))
    file(shop, [record(2, latency_ms=float(number)) for number in range(100)])
    with monkeypatch.context() as before:
        before.setattr(counted, "MOST_LATENCIES", 10)
        looked(shop)

    told = looked(shop)

    assert told["canary"]["median_ms"] == 49.5
    assert told == from_all(shop)


class Killed(BaseException):
    """What no gate catches, as none hears that it is killed."""


class Deadly(Store):
    """A store whose reader is killed now and then, before or after it reads or writes."""

    def __init__(self, store: Store, rng: np.random.Generator) -> None:
        super().__init__(store._backend, url=store.url)
        self._rng = rng

    def _maybe(self, key: str) -> None:
        if key.startswith(("predictions/", "trials/", "feedback/")) and self._rng.random() < 0.03:
            raise Killed

    def get(self, key: str) -> bytes | None:
        self._maybe(key)
        return super().get(key)

    def create(self, key: str, content: bytes) -> bool:
        self._maybe(key)
        made = super().create(key, content)
        self._maybe(key)
        return made


def drawn(rng: np.random.Generator) -> dict[str, Any]:
    """Give any record that a log may hold."""
    version = int(rng.choice([1, 1, 2, 3]))
    more: dict[str, Any] = {"latency_ms": round(float(rng.lognormal(2, 0.5)), 3)}
    kind = rng.random()
    if kind < 0.1:
        more |= {"errors": 1, "status": 500}
    elif kind < 0.2:
        more |= {"refusals": 1, "status": 422}
    elif kind < 0.25:
        more |= {"instead_of": 2}
    elif kind < 0.3:
        more |= {"release": int(rng.choice([1, 3]))}
    elif kind < 0.33:
        more |= {"release": None}
    elif kind < 0.8:
        n_rows = int(rng.integers(1, 4))
        more |= {"rows": n_rows, "columns": {"x": [0.5] * n_rows}}
        more |= {"outputs": {"predictions": rng.normal(1, 0.3, n_rows).round(3).tolist()}}
        if rng.random() < 0.1:
            more |= {"positions": [0] * n_rows, "rows": 9}
    return record(version, **more)


def tell(shop: Shop, rng: np.random.Generator, records: list[dict[str, Any]]) -> None:
    """Tell what was true of some of them."""
    truths = [
        Truth(one["id"], rng.normal(1, 0.3, one["rows"]).round(3).tolist())
        for one in records
        if "outputs" in one and rng.random() < 0.5
    ]
    if truths:
        feedback.record(shop.store, NAME, truths, now=datetime.now(UTC))


@pytest.mark.parametrize("seed", range(8))
def test_what_is_decided_is_what_reading_everything_decides(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files arrive late and in any order, truths before and after, gates are killed, and two look at once."""
    rng = np.random.default_rng(seed)
    monkeypatch.setattr(looking, "FILES_AT_ONCE", 3)
    if seed % 2:  # so few that samples are drawn
        monkeypatch.setattr(counted, "MOST_LATENCIES", 25)
        monkeypatch.setattr(counted, "MOST_ANSWERS", 30)
    shop = shop_at(open_store("memory://"))
    names = [f"{number:06d}" for number in rng.permutation(60)]
    looks = deaths = 0
    while names:
        for _ in range(int(rng.integers(0, 9))):
            if names:
                records = [drawn(rng) for _ in range(int(rng.integers(1, 12)))]
                if rng.random() < 0.3:
                    tell(shop, rng, records)
                file(shop, records, names.pop())
                if rng.random() < 0.5:
                    tell(shop, rng, records)
        try:
            told = looked(shop, Deadly(shop.store, rng))
        except Killed:
            deaths += 1
            continue
        looks += 1
        assert told == from_all(shop)

    assert looked(shop) == from_all(shop)
    assert looks + deaths > 5
    assert deaths > 0
    assert len(kept(shop)) > 5


def test_a_gate_that_is_killed_in_the_middle_is_gone_on_from(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "FILES_AT_ONCE", 2)
    shop = shop_at(store)
    for number in range(5):
        file(shop, [record(1), record(2)], f"{number}")

    class Dying(models.Counting):
        def get(self, key: str) -> bytes | None:
            if key.endswith("/4.jsonl"):
                raise Killed
            return super().get(key)

    with pytest.raises(Killed):
        looked(shop, Dying(store))
    counting = models.Counting(store)
    told = looked(shop, counting)

    assert [key.rpartition("/")[2] for key in read(counting)] == ["4.jsonl"]
    assert told == from_all(shop)
    assert told["canary"]["requests"] == 5


def test_of_two_gates_at_once_both_count_right_and_one_puts_down() -> None:
    shop = shop_at(open_store("memory://"))
    file(shop, [record(1), record(2)])

    class Slow(Store):
        """Another gate looks while this one is about to put down, when more has arrived."""

        def create(self, key: str, content: bytes) -> bool:
            if not kept(shop):
                file(shop, [record(2)])
                looked(shop)
            return super().create(key, content)

    slow = looked(shop, Slow(shop.store._backend, url=""))

    assert slow["canary"]["requests"] == 1
    assert len(kept(shop)) == 1
    assert looked(shop) == from_all(shop)
    assert looked(shop)["canary"]["requests"] == 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        gzip.compress(b"no json"),
        gzip.compress(b"[]"),
        gzip.compress(b'{"kept": [5000, 10000, "predictions"], "files": [], "truths": {}, "sides": {}}'),
    ],
)
def test_what_cannot_be_taken_up_is_counted_again(content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    shop = shop_at(open_store("memory://"))
    shop.store.create(layout.trial(NAME, 2, 7), content)
    file(shop, [record(1), record(2)])

    with caplog.at_level(logging.WARNING):
        told = looked(shop)

    assert told == from_all(shop)
    assert "all is counted again" in caplog.text
    assert kept(shop)[0] == layout.trial(NAME, 2, 8)
    assert looked(shop) == from_all(shop)


@pytest.mark.parametrize("what", ["first", "create"])
def test_a_role_that_may_not_keep_trials_decides_all_the_same(
    what: str, caplog: pytest.LogCaptureFixture
) -> None:
    shop = shop_at(open_store("memory://"))
    file(shop, [record(1), record(2)])

    class Closed(Store):
        def first(self, prefix: str) -> str | None:
            if what == "first" and prefix.startswith("trials/"):
                raise StoreDenied(f"listing {prefix}", "no")
            return super().first(prefix)

        def create(self, key: str, content: bytes) -> bool:
            raise StoreDenied(f"writing {key}", "no")

    told = looked(shop, Closed(shop.store._backend, url=""))

    assert told == from_all(shop)
    assert "of a canary is not" in caplog.text


def test_the_canary_of_another_release_begins_anew() -> None:
    shop = shop_at(open_store("memory://"))
    file(shop, [record(2), record(2, release=3)])
    looked(shop)
    head = shop.registry.head(NAME)
    assert head is not None
    next_ = models.entry(3, 1, head, canary=Canary(2, 20, automatic=True), action="canary", when=head.when)
    shop.registry.append(NAME, next_)

    told = gate.trial(shop.registry, NAME, next_, now=datetime.now(UTC), keep=True)

    assert told.canary.requests == 1
    assert len(kept(shop)) == 2


def test_a_canary_that_begins_to_fail_after_very_many_requests_is_taken_back() -> None:
    """A look that ended after so many records, the oldest, would never see it."""
    shop = shop_at(open_store("memory://"))
    line = json.dumps(record(1, id="ID")).encode() + b"\n"
    for hour in range(3):
        lines = [line.replace(b"ID", b"%d-%d" % (hour, n)) for n in range(70_000)]
        shop.store.create(
            f"{layout.predictions(NAME, f'{datetime.now(UTC):%Y-%m-%d}')}0{hour}.jsonl", b"".join(lines)
        )
    looked(shop)

    file(shop, [record(2, errors=1, status=500)] * 10, "9")

    told = looked(shop)
    assert (told["serving"]["requests"], told["canary"]["errors"]) == (210_000, 10)
    assert told["decision"] == "revert"
    newest = kept(shop)[0]
    assert (shop.store.size(newest) or 0) < 200_000


def test_what_is_put_down_is_bounded_however_many_answers_there_were() -> None:
    shop = shop_at(open_store("memory://"))
    rng = np.random.default_rng(1)
    answers = [
        record(
            version,
            latency_ms=float(rng.random()),
            outputs={"predictions": [float(rng.random())] * 5},
            rows=5,
        )
        for version in (1, 2)
        for _ in range(6_000)
    ]
    for start in range(0, len(answers), 1_000):
        file(shop, answers[start : start + 1_000])

    looked(shop)

    document = json.loads(gzip.decompress(shop.store.get(kept(shop)[0]) or b""))
    for side in document["sides"].values():
        assert side["requests"] == 6_000
        assert len(side["latencies"]) == counted.MOST_LATENCIES
        assert sum(rows for _, rows, _ in side["answers"]) == counted.MOST_ANSWERS


def test_a_sample_of_latencies_has_the_median_of_all() -> None:
    shop = shop_at(open_store("memory://"))
    latencies = np.random.default_rng(2).lognormal(3, 0.5, 20_000)
    file(shop, [record(2, latency_ms=float(one)) for one in latencies])

    told = looked(shop)

    assert told["canary"]["median_ms"] == pytest.approx(np.median(latencies), rel=0.05)


@pytest.mark.parametrize(
    ("metric", "kept_parts"), [("log_loss", {"predictions", "probabilities"}), (None, {"predictions"})]
)
def test_of_answers_what_the_metric_needs_is_kept(metric: str | None, kept_parts: set[str]) -> None:
    """Probabilities of a hundred classes would be most of what is put down."""
    leaves = models.built("leaves")
    shop = Shop(open_store("memory://"))
    rules = {} if metric is None else {"metric": metric}
    for _ in range(2):
        shop.publish(replace(leaves, manifest=replace(leaves.manifest, gate=rules)), release=False)
    begun = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    release = models.entry(1, 1, canary=Canary(2, 50, automatic=True), action="canary", when=begun)
    shop.registry.append("leaves", release)
    ids = [ulid() for _ in range(60)]
    lines = [
        record(1 + number % 2, id=id_, release=1, model="leaves",
               outputs={"predictions": ["oak"], "probabilities": [[0.2, 0.8 - 0.3 * (number % 2)]]})
        for number, id_ in enumerate(ids)
    ]  # fmt: skip
    key = f"{layout.predictions('leaves', f'{datetime.now(UTC):%Y-%m-%d}')}a.jsonl"
    shop.store.create(key, b"".join(json.dumps(one).encode() + b"\n" for one in lines))
    feedback.record(shop.store, "leaves", [Truth(id_, "oak") for id_ in ids], now=datetime.now(UTC))

    told = gate.trial(shop.registry, "leaves", release, now=datetime.now(UTC), keep=True).to_document()

    (quality,) = (one for one in told["findings"] if one["rule"] == "quality")
    assert quality["figures"].get("metric", "balanced_accuracy") == (metric or "balanced_accuracy")
    assert quality["passed"] is (metric is None)
    document = json.loads(gzip.decompress(shop.store.get(kept(shop)[0]) or b""))
    assert {
        name
        for side in document["sides"].values()
        for _, _, answers in side["answers"]
        for name in json.loads(answers)
    } == kept_parts
