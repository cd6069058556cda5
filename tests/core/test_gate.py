from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from dasier import gate, layout, releasing
from dasier.errors import StoreUnavailable
from dasier.registry import Registry
from dasier.store import Store
from tests import hostile, models
from tests.models import SIGNER, Counting, Shop

BY = {"who": "Ada", "why": "because"}


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the child find this folder's models, as an image would have them."""
    monkeypatch.setenv("PYTHONPATH", str(models.ROOT))


def publish(shop: Shop, *builds: Any) -> None:
    for build in builds:
        shop.registry.publish(build, SIGNER)


def serving(shop: Shop, name: str = "constant") -> int | None:
    head = shop.registry.head(name)
    return head.serving if head else None


def test_version_that_passes_is_released(store: Store) -> None:
    shop = Shop(store)
    publish(shop, models.constant())

    verdicts = gate.sweep(shop.registry)

    assert [verdict["passed"] for verdict in verdicts] == [True]
    assert [rule["rule"] for rule in verdicts[0]["rules"]] == [
        "signature",
        "libraries",
        "digests",
        "size",
        "schema",
        "rehearsal",
        "latency",
        "metrics",
        "comparison",
    ]
    assert shop.registry.verdict("constant", 1) == verdicts[0]
    assert serving(shop) == 1


def test_second_sweep_does_nothing() -> None:
    shop = Shop()
    publish(shop, models.constant())
    gate.sweep(shop.registry)

    assert gate.sweep(shop.registry) == []
    assert len(shop.registry.releases("constant")) == 1


def test_version_that_fails_is_not_released_and_the_verdict_says_which_rule() -> None:
    shop = Shop()
    shop.publish(models.constant())
    publish(shop, models.pickled("constant", hostile.Moody()))

    verdicts = gate.sweep(shop.registry)

    assert [rule["passed"] for rule in verdicts[0]["rules"]] == [*[True] * 5, False]
    assert verdicts[0]["rules"][-1]["rule"] == "rehearsal"
    assert serving(shop) == 1


def _unsigned(shop: Shop) -> None:
    key = layout.manifest("constant", 1)
    content = shop.store.get(key)
    shop.store.delete(key)
    shop.store.create(key, content.replace(b'"seed":1', b'"seed":2'))


def _without_blob(shop: Shop) -> None:
    shop.store.delete(layout.blob(models.constant().manifest.blobs["model"].sha256))


@pytest.mark.parametrize(("spoil", "rule"), [(_unsigned, "signature"), (_without_blob, "digests")])
def test_verdict_names_the_rule_that_failed_and_nothing_was_executed(spoil: Any, rule: str) -> None:
    shop = Shop()
    publish(shop, models.constant())
    spoil(shop)

    verdict = gate.judge(shop.registry, "constant", 1)

    assert not verdict["passed"]
    assert [found["rule"] for found in verdict["rules"] if not found["passed"]] == [rule]
    assert verdict["rules"][-1]["rule"] == rule


def test_version_that_was_judged_but_not_released_is_released_by_the_next_sweep() -> None:
    shop = Shop()
    shop.publish(models.constant(), release=False)

    gate.sweep(shop.registry)

    assert serving(shop) == 1


def test_newest_version_that_passed_is_released_and_older_ones_are_not() -> None:
    shop = Shop()
    for _ in range(3):
        shop.publish(models.constant(), release=False)

    gate.sweep(shop.registry)

    assert [release.serving for release in shop.registry.releases("constant")] == [3]


def test_what_a_person_rolled_back_stays_back() -> None:
    shop = Shop()
    for _ in range(3):
        shop.publish(models.constant())
    releasing.rollback(shop.registry, "constant", **BY, to=2)
    releasing.rollback(shop.registry, "constant", **BY, to=1)

    gate.sweep(shop.registry)

    assert serving(shop) == 1


def test_what_a_person_lets_serve_while_the_first_version_is_judged_stays() -> None:
    class Meanwhile(Store):
        """A store in which a person promotes version 1 once the gate has read the log, and before it decides."""

        def get(self, key: str) -> bytes | None:
            if key == layout.verdict("constant", 2) and shop.registry.head("constant") is None:
                releasing.promote(shop.registry, "constant", 1, **BY)
            return super().get(key)

    shop = Shop()
    shop.publish(models.constant(), release=False)
    publish(shop, models.constant(number=2.0))

    gate.sweep(Registry(Meanwhile(shop.store._backend, url=shop.store.url), shop.registry.trusted))

    assert [(release.serving, release.who) for release in shop.registry.releases("constant")] == [(1, "Ada")]


def test_paused_model_stays_paused() -> None:
    shop = Shop()
    shop.publish(models.constant())
    releasing.pause(shop.registry, "constant", **BY)
    shop.publish(models.constant(), release=False)

    gate.sweep(shop.registry)

    assert serving(shop) is None


def test_version_that_a_recipe_holds_waits_for_a_person() -> None:
    shop = Shop()
    shop.publish(models.constant(gate={"policy": "hold"}), release=False)

    gate.sweep(shop.registry)

    assert shop.registry.head("constant") is None


def test_store_that_does_not_answer_gives_no_verdict(caplog: pytest.LogCaptureFixture) -> None:
    shop = Shop()
    publish(shop, models.constant())
    store = Counting(shop.store)
    registry = Shop(store).registry

    class Away(Counting):
        def get_sized(self, key: str, size_bytes: int) -> bytes | int | None:
            raise StoreUnavailable("reading", "it is away")

    registry.store = Away(shop.store)
    with caplog.at_level(logging.WARNING):
        assert gate.sweep(registry) == []

    assert shop.registry.contents("constant")["constant"].verdicts == set()
    (left,) = (one for one in caplog.records if one.message == "model left for the next sweep")
    assert left.model == "constant"
    assert "it is away" in left.error


def test_what_the_gate_does_is_logged_with_model_and_version(caplog: pytest.LogCaptureFixture) -> None:
    shop = Shop()
    publish(shop, models.constant())

    with caplog.at_level(logging.INFO, logger="dasier"):
        gate.sweep(shop.registry)

    told = {one.message: one for one in caplog.records if one.name == "dasier"}
    judged, released = told["version judged"], told["version released"]
    assert (judged.model, judged.version, judged.passed) == ("constant", 1, True)
    assert (released.model, released.version, released.policy) == ("constant", 1, "promote")


def test_model_that_cannot_be_believed_does_not_keep_others_from_being_judged() -> None:
    shop = Shop()
    publish(shop, models.constant("ash"), models.constant("oak"))
    shop.store.create(layout.verdict("ash", 1), b"garbage")

    gate.sweep(shop.registry)

    assert (serving(shop, "ash"), serving(shop, "oak")) == (None, 1)


def test_unforeseen_fault_of_one_model_or_version_keeps_no_other_from_being_judged_and_is_raised(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Faulty(Store):
        """A store that a bug of ours shows in, at version 1 of one model and the log of another."""

        def get(self, key: str) -> bytes | None:
            if key in (layout.manifest("ash", 1), layout.release("elm", 1)):
                raise ZeroDivisionError(key)
            return super().get(key)

    shop = Shop()
    publish(shop, models.constant("ash"), models.constant("ash", number=2.0), models.constant("elm"))
    gate.sweep(shop.registry, ["elm"])
    publish(shop, models.constant("elm", number=2.0), models.constant("oak"))
    registry = Registry(Faulty(shop.store._backend, url=shop.store.url), shop.registry.trusted)

    with pytest.raises(ExceptionGroup, match="others were gone on with") as raised:
        gate.sweep(registry)

    told = [
        (record.model, getattr(record, "version", None))
        for record in caplog.records
        if hasattr(record, "trace")
    ]
    assert told == [("ash", 1), ("elm", 2), ("elm", None)]
    assert [type(error) for error in raised.value.exceptions] == [ZeroDivisionError] * 3
    assert (serving(shop, "ash"), serving(shop, "elm"), serving(shop, "oak")) == (2, 1, 1)


def test_manifest_changed_after_its_verdict_is_not_released() -> None:
    shop = Shop()
    shop.publish(models.constant(), release=False)
    _unsigned(shop)

    gate.sweep(shop.registry)

    assert shop.registry.head("constant") is None


def test_only_named_models_are_judged() -> None:
    shop = Shop()
    publish(shop, models.constant("ash"), models.constant("oak"))

    verdicts = gate.sweep(shop.registry, ["oak"])

    assert [verdict["name"] for verdict in verdicts] == ["oak"]


def test_version_of_another_library_is_refused_with_both_versions_named() -> None:
    build = models.constant()
    runtime = replace(build.manifest.runtime, requires={"onnxruntime": "999.1.2"})
    shop = Shop()
    publish(shop, replace(build, manifest=replace(build.manifest, runtime=runtime)))

    verdict = gate.judge(shop.registry, "constant", 1)

    assert verdict["rules"][-1]["rule"] == "libraries"
    assert "onnxruntime 999.1.2" in verdict["rules"][-1]["detail"]
