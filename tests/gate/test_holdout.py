from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from dasier import gate
from dasier.building.evaluate import evaluate
from dasier.errors import DocumentInvalid
from dasier.gate.holdout import HeldOut, floors, slices
from dasier.measuring import measures
from dasier.measuring.pairs import difference
from dasier.measuring.quality import HIGHER_IS_BETTER, MEASURED, measures_of
from dasier.rules import (
    DEFAULT_CONFIDENCE,
    DEFAULT_LATENCY_MS,
    DEFAULT_LEAST_ROWS,
    DEFAULT_SIZE_MB,
    Rules,
    Slice,
)
from dasier.runtimes import Outputs
from dasier.schema import Output
from tests import models
from tests.gate.offers import found
from tests.models import SIGNER, Shop

RNG = np.random.default_rng(0)
TRUTH = np.array(["oak", "ash"] * 50, dtype=object)
SAID = np.where(np.arange(100) < 80, TRUTH, "oak").astype(object)
TREES = Output(name="tree", task="classification", classes=("ash", "oak"))
HELD = HeldOut(
    {"age": [*range(99), None], "wet": [True, False] * 50, "soil": ["clay"] * 30 + ["sand"] * 70}, TRUTH, ""
)
MEASURES = measures_of(Outputs(SAID), TRUTH, TREES)


def one_slice(**more: Any) -> dict[str, Any]:
    rule = Slice(**{"metric": "recall", "floor": 0.5, **more})
    finding = slices(Rules(slices=(rule,)), MEASURES, HELD, "tree")
    return {"passed": finding.passed, "detail": finding.detail, **finding.figures["slices"][0]}


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ({"column": "soil", "value": "clay"}, 30),
        ({"column": "age", "minimum": 40, "maximum": 59}, 20),
        ({"column": "age", "minimum": 50}, 49),
        ({"column": "wet", "value": True}, 50),
        ({"column": "tree", "value": "ash"}, 50),
    ],
)
def test_slice_is_its_rows(where: dict[str, Any], rows: int) -> None:
    assert one_slice(**where, metric="accuracy")["rows"] == rows


def test_slice_is_measured_on_its_rows_alone() -> None:
    good, bad = ({"column": "age", **ends} for ends in ({"maximum": 79}, {"minimum": 80}))

    assert one_slice(**good, metric="accuracy", floor=1.0)["passed"]
    assert one_slice(**bad, metric="accuracy", floor=0.9, least_rows=19)["value"] < 0.6
    assert "must be at least 0.9" in one_slice(**bad, metric="accuracy", floor=0.9, least_rows=19)["detail"]


def test_slice_of_too_few_rows_does_not_pass_and_says_so() -> None:
    told = one_slice(column="age", maximum=9)

    assert not told["passed"]
    assert "10 held-out rows are too few to show anything; it takes 20" in told["detail"]


def test_slice_of_a_column_that_is_not_there_does_not_pass() -> None:
    assert "no such column" in one_slice(column="height", minimum=1.0)["detail"]


def test_true_is_not_the_number_one_in_a_slice() -> None:
    assert one_slice(column="age", value=True)["rows"] == 0


def test_metric_that_is_undefined_reaches_no_floor() -> None:
    finding = floors(Rules(floors={"log_loss": 10.0}), MEASURES, 100)

    assert not finding.passed
    assert "log_loss cannot be measured" in finding.detail


@pytest.mark.parametrize("name", ["leaves", "gulls", "flats", "pipes"])
def test_gate_measures_what_the_build_measured(name: str) -> None:
    shop = Shop()
    shop.registry.publish(models.built(name), SIGNER)

    figures = found(gate.judge(shop.registry, name, 1), "metrics")["figures"]

    assert figures["not_measured_again"] == []
    assert figures["measured"] == pytest.approx(figures["stated"], abs=1e-9)


@pytest.mark.parametrize("task", ["classification", "regression", "anomaly_detection"])
def test_every_measure_that_a_build_gives_is_given_here(task: Any) -> None:
    truth = {"classification": TRUTH, "regression": RNG.normal(size=100)}.get(task, np.array([1, -1] * 50))
    outputs = Outputs(
        {"classification": SAID, "regression": RNG.normal(size=100)}.get(task, np.array([1, 1, -1, 1] * 25)),
        RNG.dirichlet([1, 1], 100) if task == "classification" else None,
        RNG.normal(size=100) if task == "anomaly_detection" else None,
    )
    output = replace(TREES, task=task)

    values = evaluate(outputs, truth, output=output, split={"seed": 1})["values"]
    again = measures_of(outputs, truth, output)

    assert set(values) - {"flagged"} == set(again) <= set(HIGHER_IS_BETTER)
    for name in again:
        assert float(again[name](np.ones((1, 100)))[0]) == pytest.approx(values[name]["value"])


def test_difference_is_turned_so_that_more_is_better() -> None:
    good, bad = measures.mean(np.full(50, 0.1)), measures.mean(np.full(50, 0.3))

    lower = difference(good, bad, 50, higher_is_better=False, confidence=0.95, seed=1)
    higher = difference(good, bad, 50, higher_is_better=True, confidence=0.95, seed=1)

    assert lower is not None
    assert higher is not None
    assert (lower.better, higher.better) == (pytest.approx(0.2), pytest.approx(-0.2))


def test_pairing_finds_what_two_separate_intervals_would_not() -> None:
    hard = RNG.normal(0, 10, 200)
    found_difference = difference(
        measures.mean(hard),
        measures.mean(hard + 0.5 + RNG.normal(0, 0.1, 200)),
        200,
        higher_is_better=False,
        confidence=0.95,
        seed=1,
    )

    assert found_difference is not None
    assert 0.4 < found_difference.low < found_difference.better < found_difference.high < 0.6


def test_equal_models_are_refused_no_more_often_than_the_confidence_says() -> None:
    refused = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        first, second = rng.normal(1, 1, (2, 80))
        one = difference(
            measures.mean(first), measures.mean(second), 80, higher_is_better=True, confidence=0.95, seed=seed
        )
        assert one is not None
        refused += one.high < 0

    assert refused <= 20  # 10 are expected; the binomial's 99.9 % point is 20


def test_same_rows_and_seed_give_the_same_bounds() -> None:
    pair = measures.mean(RNG.normal(size=60)), measures.mean(RNG.normal(size=60))

    told = [difference(*pair, 60, higher_is_better=True, confidence=0.9, seed=7) for _ in range(2)]

    assert told[0] == told[1]


def test_measure_that_is_undefined_gives_no_difference() -> None:
    nothing = measures.share(np.zeros(10, dtype=bool), np.zeros(10, dtype=bool))

    assert difference(nothing, nothing, 10, higher_is_better=True, confidence=0.9, seed=7) is None


@pytest.mark.parametrize(
    "table",
    [
        {"policy": "always"},
        {"breaking": "yes"},
        {"confidence": 1.5},
        {"margin": -1},
        {"latency_ms": float("nan")},
        {"size_mb": "1"},
        {"floors": {"mae": "low"}},
        {"slices": [{"column": "a", "metric": "mae", "floor": 1}]},
        {"slices": [{"column": "a", "metric": "mae", "floor": 1, "value": 1, "minimum": 1}]},
        {"slices": [{"column": "a", "value": 1}]},
        {"slices": 3},
    ],
)
def test_rules_that_cannot_be_read_are_refused(table: dict[str, Any]) -> None:
    with pytest.raises(DocumentInvalid):
        Rules.read(table)


def test_rules_survive_the_manifest_and_keys_of_a_later_release() -> None:
    rules = Rules(
        policy="hold",
        floors={"mae": 3.0},
        slices=(Slice(column="age", minimum=1.0, metric="mae", floor=2.0),),
    )

    assert Rules.read(rules.to_dict() | {"colour": "green"}) == rules
    assert Rules.read({}) == Rules()


def test_every_rule_and_its_default_is_documented() -> None:
    guide = (models.ROOT / "docs" / "gate.md").read_text()

    assert {f"`{one.name}`" for one in fields(Rules)} <= set(re.findall(r"`\w+`", guide))
    for default in (DEFAULT_CONFIDENCE, DEFAULT_LATENCY_MS, DEFAULT_SIZE_MB, DEFAULT_LEAST_ROWS):
        assert f"{default:g}" in guide
    assert {name for names in MEASURED.values() for name in names} <= set(re.findall(r"`(\w+)`", guide))
