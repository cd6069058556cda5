from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from dasier.building.evaluate import evaluate
from dasier.building.importance import importance
from dasier.errors import DataInvalid
from dasier.measuring import measures
from dasier.measuring.quality import anomalies_in
from dasier.runtimes import Outputs
from dasier.schema import Output

SPLIT = {"seed": 3, "held_out_rows": 200}
RNG = np.random.default_rng(0)


def classifier(classes: list[Any], n_rows: int = 200) -> tuple[np.ndarray, Outputs, Output]:
    """Give a truth and the answers of a model that is right more often than not."""
    codes = RNG.integers(len(classes), size=n_rows)
    leaning = np.eye(len(classes))[codes] * 1.5 + RNG.normal(size=(n_rows, len(classes)))
    probabilities = np.exp(leaning) / np.exp(leaning).sum(axis=1, keepdims=True)
    labels = np.array(classes)
    outputs = Outputs(labels[probabilities.argmax(axis=1)], probabilities)
    return (
        labels[codes],
        outputs,
        Output(name="y", task="classification", classes=tuple(classes), probabilities=True),
    )


@pytest.mark.parametrize("classes", [["a", "b"], ["a", "b", "c"], [0, 1, 2, 3]])
def test_measures_of_a_classifier_are_scikit_learns(classes: list[Any]) -> None:
    truth, outputs, output = classifier(classes)

    values = evaluate(outputs, truth, output=output, split=SPLIT)["values"]

    held = outputs.probabilities
    assert held is not None
    auc = reference.roc_auc_score(truth, held if len(classes) > 2 else held[:, 1], multi_class="ovr")
    assert values["accuracy"]["value"] == pytest.approx(reference.accuracy_score(truth, outputs.predictions))
    assert values["balanced_accuracy"]["value"] == pytest.approx(
        reference.balanced_accuracy_score(truth, outputs.predictions)
    )
    assert values["macro_f1"]["value"] == pytest.approx(
        reference.f1_score(truth, outputs.predictions, average="macro")
    )
    assert values["log_loss"]["value"] == pytest.approx(reference.log_loss(truth, held))
    assert values["roc_auc"]["value"] == pytest.approx(auc)


def test_measures_of_a_regression_are_scikit_learns() -> None:
    truth = RNG.normal(50, 10, size=200)
    predicted = truth + RNG.normal(0, 4, size=200)

    found = evaluate(Outputs(predicted), truth, output=Output(name="y", task="regression"), split=SPLIT)

    values = {name: held["value"] for name, held in found["values"].items()}
    assert values == pytest.approx(
        {
            "mae": reference.mean_absolute_error(truth, predicted),
            "rmse": reference.root_mean_squared_error(truth, predicted),
            "r2": reference.r2_score(truth, predicted),
            "median_absolute_error": reference.median_absolute_error(truth, predicted),
        }
    )


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_measure_lies_in_its_interval_and_all_is_json(task: str) -> None:
    if task == "classification":
        truth, outputs, output = classifier(["a", "b"])
    else:
        truth = RNG.normal(size=200)
        outputs, output = Outputs(truth + RNG.normal(size=200)), Output(name="y", task="regression")

    found = evaluate(outputs, truth, output=output, split=SPLIT)

    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["primary"] in found["values"]
    assert all(held["low"] < held["value"] < held["high"] for held in found["values"].values())


def test_the_same_seed_gives_the_same_intervals() -> None:
    truth, outputs, output = classifier(["a", "b"])

    first = evaluate(outputs, truth, output=output, split=SPLIT)
    second = evaluate(outputs, truth, output=output, split=SPLIT)
    other = evaluate(outputs, truth, output=output, split={"seed": 4})

    assert first == second
    assert first["values"]["log_loss"] != other["values"]["log_loss"]


def test_an_interval_covers_the_truth_about_95_times_in_100() -> None:
    draws = np.random.default_rng(1).normal(10, 2, size=(200, 60))

    found = [
        measures.intervals({"mean": measures.mean(row)}, 60, seed=i)["mean"] for i, row in enumerate(draws)
    ]

    covered = np.mean([held["low"] <= 10 <= held["high"] for held in found])
    assert 0.88 <= covered <= 0.99


def test_a_model_that_is_never_wrong_is_still_in_doubt() -> None:
    truth = np.array(["a", "b"] * 20)
    sure = np.array([[0.9, 0.1], [0.1, 0.9]] * 20)
    output = Output(name="y", task="classification", classes=("a", "b"))

    values = evaluate(Outputs(truth, sure), truth, output=output, split=SPLIT)["values"]

    perfect = [values[name] for name in ("accuracy", "balanced_accuracy", "macro_f1", "roc_auc")]
    assert all(held["value"] == 1.0 and 0.5 < held["low"] < 0.95 for held in perfect)


def test_of_two_classes_the_rarer_one_has_precision_and_recall() -> None:
    truth = np.array(["good"] * 8 + ["bad"] * 2)
    predicted = np.array(["good"] * 7 + ["bad", "bad", "good"])
    output = Output(name="y", task="classification", classes=("bad", "good"))

    found = evaluate(Outputs(predicted), truth, output=output, split=SPLIT)

    assert found["positive"] == "bad"
    assert (found["values"]["precision"]["value"], found["values"]["recall"]["value"]) == (0.5, 0.5)
    assert found["confusion"] == {
        "classes": ["bad", "good"],
        "counts": [[1, 1], [1, 7]],
        "right": 8,
        "rows": 10,
    }
    assert found["constant_guess"] == {"accuracy": 0.8, "balanced_accuracy": 0.5}


def test_a_classifier_without_probabilities_has_no_measure_of_them() -> None:
    truth, outputs, output = classifier(["a", "b"])

    found = evaluate(Outputs(outputs.predictions), truth, output=output, split=SPLIT)

    assert not {"log_loss", "roc_auc"} & set(found["values"])
    assert "calibration" not in found


def test_calibration_counts_every_row_once() -> None:
    truth, outputs, output = classifier(["a", "b", "c"])

    bins = evaluate(outputs, truth, output=output, split=SPLIT)["calibration"]["bins"]

    assert sum(held["rows"] for held in bins) == len(truth)
    assert [held["said"] for held in bins] == sorted(held["said"] for held in bins)


def test_eight_of_ten_residuals_lie_in_the_interval() -> None:
    truth = RNG.normal(size=1000)
    outputs = Outputs(np.zeros(1000))

    held = evaluate(outputs, truth, output=Output(name="y", task="regression"), split=SPLIT)["residuals"]

    assert np.mean((truth >= held["low"]) & (truth <= held["high"])) == pytest.approx(0.8, abs=0.002)


def test_a_measure_that_is_undefined_is_left_out() -> None:
    found = evaluate(
        Outputs(np.arange(5.0)), np.ones(5), output=Output(name="y", task="regression"), split=SPLIT
    )

    assert "r2" not in found["values"]
    assert "mae" in found["values"]


def test_groups_are_measured_by_their_silhouette() -> None:
    space = np.r_[RNG.normal(0, 1, (30, 2)), RNG.normal(9, 1, (20, 2))]
    labels = np.r_[np.zeros(30, int), np.ones(20, int)]

    found = evaluate(
        Outputs(labels), None, output=Output(name="cluster", task="clustering"), split=SPLIT, space=space
    )

    assert found["values"]["silhouette"]["value"] == pytest.approx(reference.silhouette_score(space, labels))
    assert found["sizes"] == {"0": 30, "1": 20}


@pytest.mark.parametrize("labels", [np.zeros(5, int), np.arange(5)])
def test_a_single_group_or_one_a_row_has_no_silhouette(labels: np.ndarray) -> None:
    found = evaluate(
        Outputs(labels),
        None,
        output=Output(name="cluster", task="clustering"),
        split=SPLIT,
        space=np.arange(10.0).reshape(5, 2),
    )

    assert (found["values"], found["primary"]) == ({}, None)


def test_an_anomaly_detector_is_measured_with_and_without_a_target() -> None:
    truth = np.array([1] * 90 + [-1] * 10)
    scores = truth + RNG.normal(0, 0.5, size=100)
    outputs = Outputs(np.where(scores < 0, -1, 1), scores=scores)
    output = Output(name="anomaly", task="anomaly_detection", classes=(-1, 1))

    with_target = evaluate(outputs, truth, output=output, split=SPLIT)
    without = evaluate(outputs, None, output=output, split=SPLIT)

    assert with_target["values"]["roc_auc"]["value"] == pytest.approx(reference.roc_auc_score(truth, scores))
    assert with_target["values"]["recall"]["value"] == np.mean(scores[90:] < 0)
    assert (without["primary"], set(without["values"])) == ("flagged", {"flagged"})


@pytest.mark.parametrize(
    ("truth", "anomalous"),
    [([1, -1, 1], [0, 1, 0]), ([-1, -1, 1], [1, 1, 0]), (["ok", "odd", "ok"], [0, 1, 0]), ([False, True, False], [0, 1, 0])],
)  # fmt: skip
def test_a_target_of_two_values_says_which_rows_are_anomalous(truth: list[Any], anomalous: list[int]) -> None:
    found = anomalies_in(np.array(truth))

    assert found.astype(int).tolist() == anomalous


@pytest.mark.parametrize(
    ("outputs", "truth", "task", "words"),
    [
        (Outputs(np.array([])), np.array([]), "regression", "no row was held out"),
        (Outputs(np.array(["a"])), np.array(["z"]), "classification", "does not know"),
        (Outputs(np.array([1.0])), None, "regression", "give it"),
        (Outputs(np.array([1, 1, 1])), np.array([1, 2, 3]), "anomaly_detection", "has 3"),
    ],
)
def test_what_cannot_be_measured_is_refused(outputs: Outputs, truth: Any, task: Any, words: str) -> None:
    with pytest.raises(DataInvalid) as refused:
        evaluate(outputs, truth, output=Output(name="y", task=task, classes=("a", "b")), split=SPLIT)

    assert words in str(refused.value)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40))
@settings(max_examples=80, deadline=None)
def test_the_area_under_the_curve_counts_pairs(rows: list[tuple[bool, int]]) -> None:
    positive = np.array([is_positive for is_positive, _ in rows])
    scores = np.array([float(score) for _, score in rows])

    found = measures.roc_auc(positive, scores)(np.ones((1, len(rows))))[0]

    pairs = [(p > n) + 0.5 * (p == n) for p in scores[positive] for n in scores[~positive]]
    assert found == pytest.approx(np.mean(pairs)) if pairs else np.isnan(found)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_the_median_with_equal_weights_is_the_median(values: list[float]) -> None:
    found = measures.weighted_median(np.array(values))(np.ones((1, len(values))))[0]

    assert found == pytest.approx(np.median(values))


def test_shuffling_the_column_that_matters_spoils_most() -> None:
    frame = pd.DataFrame(RNG.normal(size=(300, 3)), columns=["much", "little", "none"])
    truth = (5 * frame["much"] + frame["little"]).to_numpy()

    found = importance(
        lambda rows: Outputs((5 * rows["much"] + rows["little"]).to_numpy()),
        frame,
        truth,
        output=Output(name="y", task="regression"),
        seed=1,
    )

    assert [held["column"] for held in found["columns"]] == ["much", "little", "none"]
    assert found["measure"] == "mae"
    assert found["columns"][-1]["value"] == 0.0


@pytest.mark.parametrize(
    ("outputs", "task", "measure"),
    [
        (lambda rows: Outputs((rows["a"] > 0).to_numpy().astype(int)), "classification", "error_rate"),
        (lambda rows: Outputs((rows["a"] > 0).to_numpy().astype(int)), "clustering", "changed"),
        (
            lambda rows: Outputs(np.where(rows["a"] > 0, 1, -1), scores=rows["a"].to_numpy()),
            "anomaly_detection",
            "score_change",
        ),
    ],
)
def test_each_task_has_its_own_measure_of_importance(outputs: Any, task: Any, measure: str) -> None:
    frame = pd.DataFrame({"a": RNG.normal(size=50), "b": RNG.normal(size=50)})
    truth = (frame["a"] > 0).to_numpy().astype(int) if task == "classification" else None

    found = importance(outputs, frame, truth, output=Output(name="y", task=task, classes=(0, 1)), seed=1)

    assert found["measure"] == measure
    assert found["columns"][0]["column"] == "a"
    assert found["columns"][0]["value"] > 0
