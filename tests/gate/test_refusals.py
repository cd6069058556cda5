"""A version that is worse, broken, unsigned, endless or of another schema is refused, and says why; the old one serves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dasier import gate, layout
from dasier.rehearsal import Limits
from dasier.schema import Column, Output, Schema
from dasier.words.verdicts import measured
from tests import hostile, models
from tests.gate.offers import CELLS, N_ROWS, TRUTH, found, held, mae, offer
from tests.models import SIGNER, Shop

if TYPE_CHECKING:
    from dasier.built import Built

QUICK, PATIENT = Limits(timeout_s=8), Limits(timeout_s=60)
"""For a version that hangs, and for one that is refused for something else, however busy the machine is."""


def serving(shop: Shop) -> int | None:
    head = shop.registry.head("constant")
    return head.serving if head else None


def challenged(build: Built, limits: Limits = PATIENT) -> tuple[Shop, dict[str, Any]]:
    """Publish a version beside one that serves and answers 1.2, and give its verdict."""
    shop = Shop()
    shop.publish(offer(1.2))
    shop.registry.publish(build, SIGNER)
    (verdict,) = gate.sweep(shop.registry, limits=limits)
    return shop, verdict


def misbehaving(thing: Any) -> Built:
    return held(models.pickled("constant", thing), mae(1.0))


def renamed_column() -> Built:
    schema = Schema((replace(models.X.columns[0], name="z"),), models.X.output)
    golden = {"inputs": {"z": [0.0, 1.0]}, "outputs": {"predictions": [1.0, 1.0]}}
    return offer(1.0, inputs={"z": CELLS}, schema=schema, golden=golden)


REFUSED = {
    "worse": (lambda: offer(3.0), "comparison", "worse by 1.6"),
    "boasting": (lambda: offer(1.0, stated=0.001), "metrics", "mae is 0.3129, not 0.001"),
    "boasting of what is not shown": (
        lambda: offer(
            1.0,
            metrics={
                "primary": "mae",
                "values": {"mae": {"value": mae(1.0)}, "recall": {"value": 1.0}, "roc_auc": {"value": 1.0}},
            },
        ),
        "metrics",
        "states metrics that its held-out rows do not show: recall, roc_auc.",
    ),
    "boasting without rows": (
        lambda: models.constant(metrics={"values": {"mae": {"value": 0.001}}}),
        "metrics",
        "brings no held-out rows",
    ),
    "unmeasured": (
        lambda: held(models.constant(), None, target=None),
        "comparison",
        "nothing says that it is not worse",
    ),
    "of another schema": (renamed_column, "schema", "column 'x' is gone"),
    "too slow": (lambda: offer(1.0, gate={"latency_ms": 0.000001}), "latency", "over the budget"),
    "too large": (lambda: offer(1.0, gate={"size_mb": 0.00001}), "size", "over the budget of 1e-05 MB"),
    "below its floor": (lambda: offer(1.0, gate={"floors": {"mae": 0.1}}), "floors", "must be at most 0.1"),
    "with rules that nobody can read": (lambda: offer(1.0, gate={"floors": 3}), "rules", "cannot be read"),
    "with metrics that nobody can read": (
        lambda: offer(1.0, metrics={"values": {"mae": 0.3}}),
        "metrics",
        "cannot be read",
    ),
    "answering otherwise": (lambda: misbehaving(hostile.Moody()), "rehearsal", "golden records"),
    "crashing": (lambda: misbehaving(hostile.Segfault()), "rehearsal", "SIGSEGV"),
    "hanging": (lambda: misbehaving(hostile.Hang()), "rehearsal", "was stopped"),
    "allocating without end": (
        lambda: misbehaving(hostile.Glutton()),
        "rehearsal",
        "more memory than it may",
    ),
    "failing on held-out rows alone": (
        lambda: misbehaving(hostile.Fussy()),
        "rehearsal",
        "cannot answer so many rows",
    ),
    "answering no number": (lambda: misbehaving(hostile.Vague()), "rehearsal", "what is no number"),
    "with rows of another schema": (
        lambda: offer(1.0, inputs={"x": ["a"] * N_ROWS}),
        "rehearsal",
        "held-out rows do not fit its schema",
    ),
    "with half the truth": (
        lambda: offer(1.0, target=TRUTH[:3]),
        "rehearsal",
        "held-out rows cannot be read",
    ),
}


@pytest.mark.parametrize(("build", "rule", "said"), REFUSED.values(), ids=REFUSED)
def test_version_is_refused_in_words_and_the_old_one_serves(build: Any, rule: str, said: str) -> None:
    shop, verdict = challenged(build(), QUICK if said == "was stopped" else PATIENT)

    assert not verdict["passed"]
    assert [one["rule"] for one in verdict["rules"] if not one["passed"]] == [rule]
    assert said in found(verdict, rule)["detail"]
    assert serving(shop) == 1


def test_unsigned_version_is_refused_and_never_opened() -> None:
    shop = Shop()
    shop.publish(offer(1.2))
    shop.registry.publish(offer(1.0), SIGNER)
    key = layout.manifest("constant", 2)
    signed = shop.store.get(key)
    assert signed is not None
    shop.store.delete(key)
    shop.store.create(key, signed.replace(b'"seed":1', b'"seed":2'))

    (verdict,) = gate.sweep(shop.registry)

    assert [(one["rule"], one["passed"]) for one in verdict["rules"]] == [("signature", False)]
    assert serving(shop) == 1


def test_better_version_passes_and_serves() -> None:
    shop, verdict = challenged(offer(1.0))

    assert verdict["passed"]
    assert "better by" in found(verdict, "comparison")["detail"]
    assert serving(shop) == 2


def test_verdict_holds_every_rule_with_its_figures() -> None:
    _, verdict = challenged(offer(1.0, gate={"floors": {"mae": 0.5}, "margin": 0.01}))

    figures = found(verdict, "comparison")["figures"]

    assert (verdict["against"], verdict["gate"]["margin"], verdict["gate"]["floors"]) == (
        1,
        0.01,
        {"mae": 0.5},
    )
    assert figures["value"] == pytest.approx(mae(1.0))
    assert figures["serving_value"] == pytest.approx(mae(1.2))
    assert figures["low"] <= figures["better_by"] <= figures["high"]
    assert (figures["rows"], figures["confidence"], figures["same_rows_as_serving"]) == (N_ROWS, 0.95, True)


def test_same_version_again_passes() -> None:
    _, verdict = challenged(offer(1.2))

    assert "the same" in found(verdict, "comparison")["detail"]
    assert verdict["passed"]


def test_breaking_version_passes_if_it_is_declared_and_its_floors_decide() -> None:
    build = renamed_column()
    manifest = replace(build.manifest, gate={"breaking": True, "floors": {"mae": 0.5}})

    shop, verdict = challenged(replace(build, manifest=manifest))

    assert "Declared breaking" in found(verdict, "schema")["detail"]
    assert "Its floors decide alone" in found(verdict, "comparison")["detail"]
    assert serving(shop) == 2


def test_version_with_a_column_more_is_compared_all_the_same() -> None:
    columns = (*models.X.columns, Column(name="spare", kind="float"))
    thing = hostile.Steady()
    build = held(
        models.pickled("constant", thing),
        mae(1.0),
        inputs={"x": CELLS, "spare": CELLS},
        schema=Schema(columns, models.X.output),
        golden={"inputs": {"x": [0.0], "spare": [0.0]}, "outputs": {"predictions": [1.0]}},
        gate={"breaking": True},
    )

    _, verdict = challenged(build)

    assert "better by" in found(verdict, "comparison")["detail"]
    assert verdict["passed"]


def test_worse_version_within_the_margin_passes() -> None:
    _, verdict = challenged(offer(1.4, gate={"margin": 0.5}))

    assert "no more than the 0.5 that is tolerated" in found(verdict, "comparison")["detail"]
    assert verdict["passed"]


def test_version_that_answers_another_question_is_not_compared() -> None:
    schema = Schema(models.X.columns, Output(name="other", task="regression"))

    _, verdict = challenged(offer(3.0, schema=schema, gate={"breaking": True}))

    assert "answers another question" in found(verdict, "comparison")["detail"]
    assert "sets no floors" in found(verdict, "comparison")["detail"]


def test_serving_version_that_is_gone_is_said_and_replaced() -> None:
    shop = Shop()
    shop.publish(offer(1.2))
    shop.registry.publish(offer(1.3), SIGNER)
    shop.store.delete(layout.manifest("constant", 1))

    (verdict,) = gate.sweep(shop.registry)

    assert "cannot be believed" in found(verdict, "schema")["detail"]
    assert "not to be believed" in found(verdict, "comparison")["detail"]
    assert verdict["passed"]


def test_serving_version_that_does_not_answer_here_is_said_and_replaced() -> None:
    shop = Shop()
    shop.publish(misbehaving(hostile.Moody()))
    shop.registry.publish(offer(1.3), SIGNER)

    (verdict,) = gate.sweep(shop.registry)

    assert "does not answer them here" in found(verdict, "comparison")["detail"]
    assert verdict["passed"]


def test_paused_model_is_compared_with_what_served_last() -> None:
    shop = Shop()
    shop.publish(offer(1.2))
    shop.release("constant", None, action="pause")
    shop.registry.publish(offer(3.0), SIGNER)

    verdict = gate.judge(shop.registry, "constant", 2)

    assert verdict["against"] == 1
    assert not verdict["passed"]


def test_damaged_release_log_gives_no_verdict() -> None:
    shop = Shop()
    shop.registry.publish(offer(1.0), SIGNER)
    shop.store.create(layout.release("constant", 1), b"garbage")

    assert gate.sweep(shop.registry) == []
    assert shop.registry.contents("constant")["constant"].verdicts == set()


def test_rehearsed_process_is_not_given_the_truth() -> None:
    shop = Shop()
    shop.registry.publish(misbehaving(hostile.Spy()), SIGNER)

    verdict = gate.judge(shop.registry, "constant", 1)

    assert verdict["passed"]


def test_verdict_says_of_what_it_is_and_gives_every_figure_its_name() -> None:
    begun = datetime.now(UTC) - timedelta(milliseconds=1)
    halves = [{"column": "x", "maximum": 0.5, "metric": "mae", "floor": 0.9}]

    _, verdict = challenged(offer(1.0, gate={"floors": {"mae": 0.5}, "slices": halves, "margin": 0.01}))

    assert (verdict["name"], verdict["version"], verdict["who"]) == ("constant", 2, "gate")
    assert begun <= datetime.fromisoformat(verdict["when"]) <= datetime.now(UTC)
    assert verdict["when"].endswith("Z")
    assert set(verdict) == {"name", "version", "passed", "when", "who", "against", "gate", "rules"}
    assert {one["rule"]: set(one["figures"]) for one in verdict["rules"]} == {
        "signature": set(),
        "libraries": {"onnxruntime"},
        "digests": {"size_bytes"},
        "size": {"size_mb", "budget_mb"},
        "schema": {"serving", "breaks", "warns", "declared_breaking"},
        "rehearsal": {"memory_bytes", "load_ms", "answer_ms"},
        "latency": {"row_ms", "budget_ms"},
        "metrics": {"rows", "measured", "stated", "not_measured_again"},
        "floors": {"mae"},
        "slices": {"slices"},
        "comparison": {
            *("compared", "serving", "metric", "rows", "value", "serving_value", "better_by", "low", "high"),
            *("confidence", "margin", "resamples", "seed", "same_rows_as_serving"),
        },
    }
    assert all(set(one) == {"rule", "passed", "detail", "figures"} for one in verdict["rules"])


def test_figures_of_a_verdict_are_those_of_the_version() -> None:
    build = offer(1.0, gate={"size_mb": 50.0, "latency_ms": 400.0})

    _, verdict = challenged(build)

    size_bytes = sum(map(len, build.blobs.values()))
    assert found(verdict, "digests")["figures"] == {"size_bytes": size_bytes}
    assert found(verdict, "size")["figures"] == {
        "size_mb": len(build.blobs["model"]) / 1e6,
        "budget_mb": 50.0,
    }
    assert "within the budget of 50 MB" in found(verdict, "size")["detail"]
    assert found(verdict, "latency")["figures"]["budget_ms"] == 400.0
    assert found(verdict, "latency")["figures"]["row_ms"] > 0
    assert "within the budget of 400 ms" in found(verdict, "latency")["detail"]
    assert found(verdict, "schema")["figures"] == {
        "serving": 1,
        "breaks": [],
        "warns": [],
        "declared_breaking": False,
    }
    comparison = found(verdict, "comparison")["figures"]
    assert (comparison["compared"], comparison["serving"], comparison["metric"]) == (True, 1, "mae")
    assert (comparison["margin"], comparison["seed"]) == (0.0, 1979)


def test_first_version_is_compared_with_nothing_and_says_so() -> None:
    shop = Shop()
    shop.registry.publish(offer(1.0), SIGNER)

    verdict = gate.judge(shop.registry, "constant", 1)

    assert verdict["against"] is None
    assert found(verdict, "comparison")["figures"] == {"compared": False}
    assert "there is nothing to compare with" in found(verdict, "comparison")["detail"]
    assert "there are no callers to keep" in found(verdict, "schema")["detail"]


def test_slice_that_does_not_reach_its_floor_refuses_the_version_and_is_named() -> None:
    halves = [
        {"column": "x", "maximum": 0.5, "metric": "mae", "floor": 9.0},
        {"column": "x", "minimum": 0.5, "metric": "mae", "floor": 0.001},
    ]

    shop, verdict = challenged(offer(1.0, gate={"slices": halves}))

    finding = found(verdict, "slices")
    assert finding["detail"].startswith(
        "Slices that do not show what the recipe demands: x at least 0.5 (20 rows)"
    )
    assert "x at most" not in finding["detail"]
    low, high = finding["figures"]["slices"]
    assert (low["slice"], low["rows"], low["passed"]) == ("x at most 0.5", 20, True)
    assert measured(finding)["fr"].startswith("«\u00a0x au moins 0,5\u00a0» (20 lignes)")
    assert (high["metric"], high["floor"], high["passed"]) == ("mae", 0.001, False)
    assert serving(shop) == 1


def test_warning_that_callers_will_get_is_in_the_verdict() -> None:
    def trees(*known: str) -> Built:
        column = Column(name="x", kind="category", categories=known)
        golden = {"inputs": {"x": ["ash"]}, "outputs": {"predictions": [1.0]}}
        schema = Schema((column,), models.X.output)
        build = models.pickled("constant", hostile.Steady())
        return held(build, mae(1.0), inputs={"x": ["ash"] * N_ROWS}, schema=schema, golden=golden)

    shop = Shop()
    shop.publish(trees("ash", "oak"))
    shop.registry.publish(trees("ash"), SIGNER)

    verdict = gate.judge(shop.registry, "constant", 2)

    assert "Some are answered with a warning: category 'oak'" in found(verdict, "schema")["detail"]
    assert found(verdict, "schema")["figures"]["warns"] == [
        "category 'oak' of column 'x' is not known any more"
    ]
