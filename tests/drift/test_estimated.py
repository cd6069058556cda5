"""The accuracy that is estimated where nobody tells the truth: how often its interval holds, and when it is not given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dasier.building.calibration import confidence
from dasier.drift.estimated import LEAST_ROWS, REASONS, Sureness, estimated
from dasier.predictions import Prediction
from dasier.words.drift import NOT_ESTIMATED
from tests import models

MANIFEST = models.built("leaves").manifest


def drawn(n: int, rng: np.random.Generator, *, a: float, bias: float = 0.0) -> tuple[Any, Any]:
    """Draw probabilities of two classes, and whether the likelier one was true; a bias makes them too sure."""
    truth = 0.5 + 0.5 * rng.beta(a, 1, n)
    said = np.clip(truth + bias, 0.5, 1.0)
    return np.stack([said, 1 - said], axis=1), rng.random(n) < truth


def found_of(
    probabilities: np.ndarray[Any, Any], right: np.ndarray[Any, Any], *, seed: int
) -> dict[str, Any]:
    """Give what a build finds where the likelier class is the answer."""
    return confidence(probabilities.max(axis=1), right, seed=seed)


def asked(probabilities: np.ndarray[Any, Any], labels: Any = None) -> Sureness:
    sure = Sureness(["no", "yes"])
    labels = probabilities.argmax(axis=1) if labels is None else labels
    sure.add(
        Prediction(
            id="x", time="2026-10-01T00:00:00Z", model="leaves", version=1, status=200, rows=len(probabilities),
            latency_ms=1.0, outputs={
                "predictions": np.array(["no", "yes"])[labels].tolist(), "probabilities": probabilities.tolist()
            },
        )
    )  # fmt: skip
    return sure


def measured(held_out: dict[str, Any] | None) -> Any:
    """Give the manifest of a version whose probabilities were found so."""
    metrics = {key: value for key, value in MANIFEST.metrics.items() if key != "confidence"}
    return replace(MANIFEST, metrics=metrics | ({} if held_out is None else {"confidence": held_out}))


@pytest.mark.parametrize(("n_held_out", "n_asked"), [(60, 200), (500, 200), (500, 5_000)])
def test_the_interval_holds_the_true_accuracy_when_callers_send_harder_rows(
    n_held_out: int, n_asked: int
) -> None:
    rng = np.random.default_rng(n_held_out + n_asked)
    held = tried = 0

    for _ in range(200):
        found = found_of(*drawn(n_held_out, rng, a=4.0), seed=1)
        probabilities, right = drawn(
            n_asked, rng, a=1.0
        )  # a shift: less sure, and as often right as they say
        told = estimated(asked(probabilities), measured(found), [])
        if told["value"]:
            tried += 1
            held += told["value"]["low"] <= right.mean() <= told["value"]["high"]

    assert tried >= 180
    assert held / tried >= 0.95


def test_an_accuracy_that_falls_is_seen_to_fall() -> None:
    rng = np.random.default_rng(3)
    found = found_of(*drawn(1_000, rng, a=8.0), seed=1)

    easy, hard = (
        estimated(asked(drawn(1_000, rng, a=a)[0]), measured(found), [])["value"] for a in (8.0, 0.5)
    )

    assert hard["high"] < easy["low"]


def test_probabilities_that_were_too_sure_estimate_nothing() -> None:
    rng = np.random.default_rng(4)
    found = found_of(*drawn(500, rng, a=1.0, bias=0.2), seed=1)

    told = estimated(asked(drawn(500, rng, a=1.0, bias=0.2)[0]), measured(found), [])

    assert (told["value"], told["why"]) == (None, "not_calibrated")


def test_probabilities_that_are_right_are_called_calibrated_about_95_times_in_100() -> None:
    rng = np.random.default_rng(5)

    found = [found_of(*drawn(150, rng, a=1.0), seed=seed)["calibrated"] for seed in range(200)]

    assert np.mean(found) >= 0.90


CALIBRATED = found_of(*drawn(500, np.random.default_rng(6), a=4.0), seed=1)
ROWS = drawn(500, np.random.default_rng(7), a=4.0)[0]
NEVER_SEEN = {"key": "column width", "alarmed": ["outside"]}


def test_every_reason_not_to_estimate_is_told_in_words() -> None:
    rain = replace(MANIFEST.schema.output, task="regression", classes=(), probabilities=False)
    bare = replace(MANIFEST.schema.output, probabilities=False)
    good = measured(CALIBRATED)
    told = [
        estimated(asked(ROWS), replace(good, schema=replace(good.schema, output=rain)), []),
        estimated(asked(ROWS), replace(good, schema=replace(good.schema, output=bare)), []),
        estimated(asked(ROWS), measured(None), []),
        estimated(asked(ROWS), measured(CALIBRATED | {"calibrated": False}), []),
        estimated(asked(ROWS[: LEAST_ROWS - 1]), good, []),
        estimated(asked(ROWS), good, [NEVER_SEEN]),
    ]

    assert [one["why"] for one in told] == list(REASONS) == list(NOT_ESTIMATED)
    assert all(one["value"] is None for one in told)
    assert estimated(asked(ROWS), good, [])["why"] is None


def test_an_answer_below_one_half_is_expected_to_be_right_as_often_as_it_says() -> None:
    rng = np.random.default_rng(8)
    second = rng.beta(1, 4, 4_000)
    probabilities = np.stack([1 - second, second], axis=1)
    labels = (second >= 0.1).astype(int)  # a threshold that somebody chose, to miss no "yes"
    right = (rng.random(4_000) < second) == labels
    own = probabilities[np.arange(4_000), labels]
    good = measured(confidence(own[:2_000], right[:2_000], seed=1))

    told = estimated(asked(probabilities[2_000:], labels[2_000:]), good, [])["value"]

    assert told["low"] <= right[2_000:].mean() <= told["high"]
    assert right[2_000:].mean() < 0.5 < probabilities[2_000:].max(axis=1).mean() - 0.2


def test_answers_that_are_none_of_the_classes_are_not_counted() -> None:
    sure = Sureness(["no"])
    sure.add(
        Prediction(
            id="x", time="2026-10-01T00:00:00Z", model="leaves", version=1, status=200, rows=1, latency_ms=1.0,
            outputs={"predictions": ["yes"], "probabilities": [[1.0]]},
        )
    )  # fmt: skip

    assert sure.rows == 0
