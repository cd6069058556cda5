"""A canary that the gate starts, and promotes or takes back by what it did."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from dasier import feedback, gate, layout, releasing
from dasier.errors import DataInvalid
from dasier.feedback import Truth
from dasier.gate.canary import weighed
from dasier.gate.judging import WHO
from dasier.gate.sides import Side
from dasier.releases import Canary, Release
from dasier.rules import CanaryRules, Rules
from dasier.schema import Output
from dasier.serving.exchange import handler
from dasier.serving.prediction_log import Stored
from dasier.ulid import ulid
from functions import predict
from tests import models
from tests.gate.offers import offer
from tests.models import SIGNER, Shop

if TYPE_CHECKING:
    from dasier.store import Store

NAME = "constant"
POLICY = {"policy": "canary", "canary": {"share": 20, "minutes": 30, "requests": 50}}


def started(store: Store, gate_table: dict[str, Any] = POLICY) -> tuple[Shop, Release]:
    """Give a shop whose version 1 serves and whose version 2 the gate has made a canary."""
    shop = Shop(store)
    shop.publish(offer(1.0))
    shop.registry.publish(offer(1.0, gate=gate_table), SIGNER)
    gate.sweep(shop.registry)
    head = shop.registry.head(NAME)
    assert head is not None
    return shop, head


def log(shop: Shop, head: Release, version: int, n: int, **changes: Any) -> list[str]:
    """Log n requests that a release sent to a version, and give the predictions' ids."""
    written = Stored(shop.store, flush_s=3600)
    ids = [ulid() for _ in range(n)]
    for id_ in ids:
        written.write(
            {
                "kind": "prediction",
                "id": id_,
                "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
                "model": NAME,
                "version": str(version),
                "release": head.number,
                "status": 200,
                "rows": 1,
                "latency_ms": 1.0,
                **changes,
            }
        )
    written.flush()
    return ids


def sweep(shop: Shop, *, minutes: float) -> Release:
    """Let the gate look, so many minutes after the canary was started, and give what is released then."""
    head = shop.registry.head(NAME)
    canary = next(r for r in shop.registry.history(NAME, head) if r.action == "canary")
    gate.sweep(shop.registry, now=datetime.fromisoformat(canary.when) + timedelta(minutes=minutes))
    return shop.registry.head(NAME)


def test_the_gate_starts_a_canary_where_the_recipe_says_so(store: Store) -> None:
    _, head = started(store)

    assert (head.action, head.serving, head.who) == ("canary", 1, WHO)
    assert head.canary == Canary(2, 20, automatic=True)
    assert "30 minutes and 50 requests" in head.why


def test_where_nothing_serves_yet_there_is_no_canary_and_the_version_serves() -> None:
    shop = Shop()
    shop.registry.publish(offer(1.0, gate=POLICY), SIGNER)

    gate.sweep(shop.registry)

    head = shop.registry.head(NAME)
    assert (head.action, head.serving, head.canary) == ("promote", 1, None)


def test_a_canary_that_held_up_is_promoted_after_its_time_and_its_requests(store: Store) -> None:
    shop, head = started(store)
    log(shop, head, 1, 200)
    log(shop, head, 2, 49)

    assert sweep(shop, minutes=31) == head  # one request too few
    log(shop, head, 2, 1)
    assert sweep(shop, minutes=29) == head  # too soon

    after = sweep(shop, minutes=31)
    assert (after.action, after.serving, after.canary, after.who) == ("promote", 2, None, WHO)
    assert "0 of 50 requests failed" in after.why


def test_a_canary_that_fails_is_taken_back_at_once(store: Store) -> None:
    shop, head = started(store)
    log(shop, head, 1, 100)
    log(shop, head, 2, 6, errors=1, status=422)

    after = sweep(shop, minutes=1)

    assert (after.action, after.serving, after.canary, after.who) == ("rollback", 1, None, WHO)
    assert "6 of 6 requests failed, 0 of 100 with version 1" in after.why


def test_a_canary_that_was_taken_back_is_not_started_again(store: Store) -> None:
    shop, head = started(store)
    log(shop, head, 1, 100)
    log(shop, head, 2, 10, errors=1)
    after = sweep(shop, minutes=1)

    assert sweep(shop, minutes=2) == after


def test_a_canary_that_cannot_be_loaded_has_failed_those_whom_another_answered() -> None:
    shop, head = started(models.open_store("memory://"))
    log(shop, head, 1, 90)
    log(shop, head, 1, 10, instead_of=2)

    after = sweep(shop, minutes=1)

    assert after.action == "rollback"
    assert "10 of 10 requests failed, 0 of 90 with version 1" in after.why


def test_a_canary_that_fails_no_more_often_than_what_serves_is_kept() -> None:
    shop, head = started(models.open_store("memory://"))
    for version, n in ((1, 200), (2, 60)):
        log(shop, head, version, n // 2)
        log(shop, head, version, n // 2, errors=1)

    assert sweep(shop, minutes=31).action == "promote"


def test_a_slow_canary_is_taken_back() -> None:
    shop, head = started(models.open_store("memory://"))
    for latency_ms in np.linspace(20, 30, 60).tolist():
        log(shop, head, 1, 1, latency_ms=latency_ms)
        log(shop, head, 2, 1, latency_ms=3 * latency_ms)

    after = sweep(shop, minutes=1)

    assert after.action == "rollback"
    assert "median latency is 75 ms, 25 ms with version 1: more than 2 times as long" in after.why


def test_a_median_that_nobody_notices_is_tolerated() -> None:
    shop, head = started(models.open_store("memory://"))
    log(shop, head, 1, 60, latency_ms=0.1)
    log(shop, head, 2, 60, latency_ms=4.0)

    assert sweep(shop, minutes=31).action == "promote"


def test_a_canary_that_turns_out_to_be_wrong_is_taken_back() -> None:
    shop, head = started(models.open_store("memory://"))
    truth = np.random.default_rng(0).normal(10, 1, 60)
    for version, answer in ((1, 10.0), (2, 13.0)):
        ids = log(shop, head, version, 60, columns={"x": [0.5]}, outputs={"predictions": [answer]})
        told = [Truth(id_, float(actual)) for id_, actual in zip(ids, truth, strict=True)]
        feedback.record(shop.store, NAME, told, now=datetime.now(UTC))

    after = sweep(shop, minutes=1)

    assert after.action == "rollback"
    assert "By what turned out to be true mae is" in after.why
    assert "worse by" in after.why


def test_requests_of_another_release_and_of_named_versions_do_not_count() -> None:
    shop, head = started(models.open_store("memory://"))
    log(shop, head, 1, 100)
    log(shop, head, 2, 50, errors=1, release=head.number - 1)
    log(shop, head, 2, 50, errors=1, release=None)

    assert sweep(shop, minutes=1) == head


def test_refused_requests_count_against_nobody() -> None:
    shop, head = started(models.open_store("memory://"))
    log(shop, head, 1, 100)
    log(shop, head, 2, 50, refusals=1, status=422)

    assert sweep(shop, minutes=31) == head


def test_a_canary_that_a_person_started_is_theirs_to_end() -> None:
    shop = Shop()
    shop.publish(offer(1.0))
    shop.publish(offer(1.0), release=False)
    head = releasing.canary(shop.registry, NAME, 2, share=10, who="Ada", why="to see")
    log(shop, head, 1, 100)
    log(shop, head, 2, 50, errors=1)

    assert sweep(shop, minutes=10_000) == head


def test_a_person_may_leave_a_canary_to_the_gate() -> None:
    shop = Shop()
    shop.publish(offer(1.0))
    shop.publish(offer(1.0), release=False)
    head = releasing.canary(shop.registry, NAME, 2, share=10, who="Ada", why="to see", automatic=True)
    log(shop, head, 1, 100)
    log(shop, head, 2, 50, errors=1)

    assert sweep(shop, minutes=1).action == "rollback"


def test_a_newer_version_takes_the_place_of_a_canary() -> None:
    shop, _ = started(models.open_store("memory://"))
    shop.registry.publish(offer(1.0, gate=POLICY), SIGNER)

    gate.sweep(shop.registry)

    head = shop.registry.head(NAME)
    assert (head.serving, head.canary) == (1, Canary(3, 20, automatic=True))


def test_what_a_person_decides_meanwhile_stands() -> None:
    shop, head = started(models.open_store("memory://"))
    log(shop, head, 1, 100)
    log(shop, head, 2, 50, errors=1)

    class Busy(models.Counting):
        """A store in which somebody pauses the model while the gate reads the log."""

        def get(self, key: str) -> bytes | None:
            if key.startswith("predictions/"):
                releasing.pause(shop.registry, NAME, who="Ada", why="all is wrong")
            return super().get(key)

    busy = replace_store(shop, Busy(shop.store))
    gate.sweep(busy, now=datetime.now(UTC))

    assert [release.action for release in shop.registry.releases(NAME)][:2] == ["pause", "canary"]


def replace_store(shop: Shop, store: Store) -> Any:
    from dasier.registry import Registry

    return Registry(store, shop.registry.trusted)


def test_a_look_asks_for_one_listing_and_once_for_the_newest_release_of_each_model() -> None:
    shop = Shop()
    for number in range(5):
        shop.publish(models.constant(f"m{number}"))
    counting = models.Counting(shop.store)
    registry = replace_store(shop, counting)

    gate.sweep(registry)

    assert counting.asked == ["list models/"] + [
        f"get {layout.release(f'm{number}', 1)}" for number in range(5)
    ]

    counting.asked.clear()
    gate.sweep(registry)

    assert counting.asked == ["list models/"]


def sides(errors: tuple[int, int], requests: tuple[int, int]) -> tuple[Side, Side]:
    """Give what two versions did, without latencies: resampling them is most of what a look takes."""
    return Side(2, requests[0], errors[0]), Side(1, requests[1], errors[1])


OUTPUT = Output(name="y", task="regression")


def test_equal_versions_are_taken_back_no_more_often_than_was_said() -> None:
    """By simulation: 400 canaries that fail as often as what serves, looked at every minute of their hour."""
    rng = np.random.default_rng(5)
    rules = Rules(canary=CanaryRules(minutes=60, requests=200))
    taken_back = 0
    for _ in range(400):
        canary, serving = np.cumsum(rng.binomial(5, 0.05, 61)), np.cumsum(rng.binomial(45, 0.05, 61))
        for minute in range(1, 61):
            pair = sides((int(canary[minute]), int(serving[minute])), (5 * (minute + 1), 45 * (minute + 1)))
            if weighed(*pair, rules, OUTPUT, minutes=minute).decision == "revert":
                taken_back += 1
                break

    assert taken_back / 400 < 0.05


@pytest.mark.parametrize(("share", "within"), [(1.0, 2), (0.5, 4), (0.2, 20)])
def test_how_soon_a_canary_that_fails_is_taken_back(share: float, within: int) -> None:
    """With five requests a minute, and one failure in a hundred where it serves."""
    rng = np.random.default_rng(6)
    rules = Rules(canary=CanaryRules(minutes=60, requests=200))
    found = []
    for _ in range(50):
        errors, others = np.cumsum(rng.binomial(5, share, 60)), np.cumsum(rng.binomial(45, 0.01, 60))
        found.append(
            next(
                minute
                for minute in range(1, 61)
                if weighed(
                    *sides((int(errors[minute - 1]), int(others[minute - 1])), (5 * minute, 45 * minute)),
                    rules,
                    OUTPUT,
                    minutes=minute,
                ).decision
                == "revert"
            )
        )

    assert np.median(found) <= within


def test_a_trial_can_be_told_as_json() -> None:
    shop, head = started(models.open_store("memory://"))
    log(shop, head, 2, 3)

    told = gate.trial(shop.registry, NAME, head, now=datetime.now(UTC)).to_document()

    assert json.loads(json.dumps(told)) == told
    assert told["decision"] == "wait"
    assert told["canary"]["requests"] == 3


def test_an_entry_of_before_has_no_automatic_canary() -> None:
    head = models.entry(1, 1, canary=Canary(2, 10))
    document = head.to_document()
    del document["canary"]["automatic"]

    assert Release.from_document(document) == replace(head, canary=Canary(2, 10, automatic=False))


def test_the_gate_counts_what_the_functions_log() -> None:
    """From requests to the release log: 300 callers, of whom a fifth meet the canary."""
    shop, head = started(models.open_store("memory://"))
    service = shop.service()
    service.prediction_log = Stored(shop.store, flush_s=3600)
    handle = handler(predict.ROUTES, serve=lambda: service)
    met = [
        handle(
            {
                "resource": "/models/{name}/predict",
                "httpMethod": "POST",
                "pathParameters": {"name": NAME},
                "headers": {"x-client-id": f"caller {number}"},
                "body": '{"instances": [{"x": 0.5}]}',
            },
            None,
        )["headers"]["x-model-version"]
        for number in range(300)
    ]
    service.prediction_log.flush()

    after = sweep(shop, minutes=31)

    canaries = met.count("2")
    assert 0.2 * 300 - 4 * (300 * 0.2 * 0.8) ** 0.5 < canaries < 0.2 * 300 + 4 * (300 * 0.2 * 0.8) ** 0.5
    assert after.action == "promote"
    assert f"0 of {canaries} requests failed, 0 of {300 - canaries} with version 1" in after.why
    assert head.number + 1 == after.number


def measured_sides(*, rows: int = 30, **changes: Any) -> tuple[Side, Side]:
    """Give a canary and what serves, each with so many answers whose truth is known, half a unit apart in quality."""
    made = []
    for version, off in ((2, changes.get("off", 0.5)), (1, 1.0)):
        side = Side(version, requests=rows, latencies_ms=np.linspace(10, 20, rows).tolist())
        for number in range(rows):
            side.told.append(({"predictions": [number + off]}, [float(number)]))
        made.append(side)
    return made[0], made[1]


REGRESSION = Output(name="y", task="regression")


def test_every_finding_of_a_trial_has_its_figures() -> None:
    canary, serving = measured_sides()

    stands = weighed(canary, serving, Rules(), REGRESSION, minutes=5.0)

    errors, latency, quality = stands.findings
    assert (stands.decision, stands.minutes) == ("wait", 5.0)
    assert (stands.canary, stands.serving) == (canary, serving)
    assert errors.rule == "errors"
    assert {**errors.figures, "confidence": None} == {
        "errors": 0,
        "requests": 30,
        "serving_errors": 0,
        "serving_requests": 30,
        "chance": 1.0,
        "confidence": None,
    }
    assert latency.rule == "latency"
    assert set(latency.figures) == {"median_ms", "serving_median_ms", "slower", "confidence"}
    assert (latency.figures["median_ms"], latency.figures["serving_median_ms"]) == (15.0, 15.0)
    assert latency.detail == "The median latency is 15 ms, 15 ms with version 1."
    assert quality.rule == "quality"
    assert set(quality.figures) == {
        *("metric", "value", "serving_value", "rows", "serving_rows", "low", "high", "confidence")
    }
    assert (quality.figures["metric"], quality.figures["rows"], quality.figures["serving_rows"]) == (
        "mae",
        30,
        30,
    )
    assert quality.figures["value"] == pytest.approx(0.5)
    assert quality.figures["serving_value"] == pytest.approx(1.0)
    assert quality.figures["low"] <= 0.5 <= quality.figures["high"]
    assert quality.detail == (
        "By what turned out to be true mae is 0.5 on 30 rows, 1 on 30 rows with version 1."
    )


def test_each_look_has_its_share_of_the_error_and_the_last_has_half() -> None:
    canary, serving = measured_sides()
    rules = Rules(confidence=0.9, canary=CanaryRules(share=10, minutes=10, requests=30))

    early = weighed(canary, serving, rules, REGRESSION, minutes=9.9)
    last = weighed(canary, serving, rules, REGRESSION, minutes=10)

    assert [one.figures["confidence"] for one in early.findings] == pytest.approx([1 - 0.05 / 10] * 3)
    assert [one.figures["confidence"] for one in last.findings] == pytest.approx([0.95] * 3)
    assert (early.decision, last.decision) == ("wait", "promote")
    assert early.why.startswith("30 requests in 10 minutes. 0 of 30 requests failed, 0 of 30 with version 1.")
    assert last.why.startswith("The canary held up for 30 requests in 10 minutes. 0 of 30 requests failed")


def test_a_canary_that_is_wrong_is_taken_back_with_that_finding_alone() -> None:
    canary, serving = measured_sides(off=9.0)

    stands = weighed(canary, serving, Rules(), REGRESSION, minutes=0.4)

    assert stands.decision == "revert"
    assert stands.why == (
        "The canary did not hold up after 30 requests in a minute. By what turned out to be true mae is 9 on 30 rows, "
        "1 on 30 rows with version 1: worse by 8."
    )


def test_with_too_little_on_a_side_neither_latency_nor_quality_is_compared() -> None:
    canary, serving = measured_sides(rows=19)

    _, latency, quality = weighed(canary, serving, Rules(), REGRESSION, minutes=5.0).findings

    assert (latency.passed, latency.detail) == (
        True,
        "Fewer than 20 answers on a side: latency is not compared.",
    )
    assert quality.passed
    assert "fewer than 20 rows on a side" in quality.detail
    assert quality.figures == {"rows": 19, "serving_rows": 19}


def test_truth_that_the_canary_does_not_know_is_said_and_compared_with_nothing() -> None:
    canary, serving = measured_sides()
    output = Output(name="y", task="classification", classes=("ash", "oak"))

    quality = weighed(canary, serving, Rules(), output, minutes=5.0).findings[2]

    assert quality.passed
    assert quality.detail.startswith("Quality is not compared: ")


def test_probabilities_of_other_classes_are_compared_with_nothing() -> None:
    """The version that serves may know fewer classes: the place of a probability then means another one."""
    output = Output(name="y", task="classification", classes=("ash", "elm", "oak"), probabilities=True)
    told = [({"predictions": ["oak"], "probabilities": [[0.1, 0.9]]}, ["oak"])] * 30

    with pytest.raises(DataInvalid, match="probabilities are not of the classes"):
        Side(1, told=told).measures(output)


def test_quality_of_probabilities_is_measured_if_every_answer_has_them() -> None:
    output = Output(name="y", task="classification", classes=("ash", "oak"), probabilities=True)
    side = Side(1)
    for label, share in (("ash", 0.9), ("oak", 0.2)):
        outputs = {"predictions": [label], "probabilities": [[share, 1 - share]]}
        side.told.append((outputs, [label]))
    without = Side(1, told=[*side.told, ({"predictions": ["ash"]}, ["ash"])])

    assert "log_loss" in side.measures(output)
    assert "log_loss" not in without.measures(output)
    assert "accuracy" in without.measures(output)


def test_quality_of_scores_is_measured_if_every_answer_has_them() -> None:
    output = Output(name="y", task="anomaly_detection")
    side = Side(1)
    for label, score in ((1, 0.2), (-1, -0.3)):
        side.told.append(({"predictions": [label], "scores": [score]}, [label]))

    assert side.measures(output)["roc_auc"](np.ones((1, 2))).tolist() == [1.0]
    side.told.append(({"predictions": [1]}, [1]))
    assert "roc_auc" not in side.measures(output)


def test_how_often_so_many_failures_are_chance_is_told_in_per_cent() -> None:
    canary, serving = measured_sides()
    canary.errors = 10

    errors = weighed(canary, serving, Rules(), REGRESSION, minutes=5.0).findings[0]

    assert not errors.passed
    assert errors.figures["chance"] == pytest.approx(0.000398, rel=0.01)
    assert errors.detail.endswith("with version 1: by chance that happens in 0.03985 % of cases.")


def test_a_side_can_be_told_with_and_without_answers() -> None:
    side = Side(3, requests=4, errors=1, latencies_ms=[1.0, 2.00049, 9.0])

    assert side.to_document() == {"version": 3, "requests": 4, "errors": 1, "median_ms": 2.0, "told": 0}
    assert Side(3).to_document()["median_ms"] is None


def test_a_trial_is_told_with_both_sides_and_every_finding() -> None:
    canary, serving = measured_sides()

    told = weighed(canary, serving, Rules(), REGRESSION, minutes=5.04).to_document()

    assert set(told) == {"decision", "why", "minutes", "canary", "serving", "findings"}
    assert (told["minutes"], told["canary"]["version"], told["serving"]["version"]) == (5.0, 2, 1)
    assert told["canary"]["told"] == 30
    assert [one["rule"] for one in told["findings"]] == ["errors", "latency", "quality"]


def test_a_release_without_a_canary_cannot_be_tried() -> None:
    shop = Shop()
    shop.publish(offer(1.0))

    with pytest.raises(ValueError, match="1"):
        gate.trial(shop.registry, NAME, shop.registry.head(NAME), now=datetime.now(UTC))


def test_a_canary_is_looked_at_by_the_clock_if_no_other_time_is_given(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shop, head = started(models.open_store("memory://"))
    log(shop, head, 2, 3)

    with caplog.at_level(logging.INFO, logger="dasier"):
        gate.sweep(shop.registry)

    (looked,) = (one for one in caplog.records if one.message == "canary looked at")
    assert (looked.model, looked.version, looked.requests, looked.decision) == (NAME, 2, 3, "wait")
    assert shop.registry.head(NAME) == head


def test_of_many_answers_an_even_share_is_compared_and_not_the_first() -> None:
    """Two sides of 12,000 answers, slow in their second half: the median lies in the whole, not at its beginning."""
    canary, serving = measured_sides()
    canary.latencies_ms[:] = [1.0] * 5_900 + [200.0] * 6_100
    serving.latencies_ms[:] = [1.0] * 12_000

    latency = weighed(canary, serving, Rules(), REGRESSION, minutes=5.0).findings[1]

    assert (latency.figures["median_ms"], latency.figures["serving_median_ms"]) == (200.0, 1.0)
