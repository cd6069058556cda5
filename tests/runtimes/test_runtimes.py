from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline

from dasier.building.choice import Choice, choose
from dasier.building.detach import detach
from dasier.building.reference import Reference
from dasier.rows import Rows
from dasier.runtimes import Outputs, load, onnx, runtime, sklearn
from tests.building.cases import Fitted, cancer, columns, diabetes, fitted, penguins

HEAVY = {"sklearn", "pandas", "boto3", "onnx", "skl2onnx", "matplotlib"}
CHILD = """
import json, sys
from pathlib import Path
import numpy as np
from dasier.rows import Rows
from dasier.runtimes import load
from dasier.schema import Schema

folder = Path(sys.argv[1])
schema = Schema.from_dict(json.loads((folder / "schema.json").read_text()))
model = load(sys.argv[2], (folder / "blob").read_bytes(), schema)
numbers = np.array(json.loads((folder / "numbers.json").read_text()))
found = model.predict(Rows(schema, numbers, np.empty((len(numbers), 0), dtype=object)))
heavy = set(sys.argv[3].split(",")) & set(sys.modules)
print(json.dumps([found.predictions.tolist(), sorted(heavy)]))
"""


def pickled(case: Fitted) -> bytes:
    return sklearn.dump(
        detach(case.estimator, case.schema.names, numbers=[c.name for c in case.schema.number_columns])
    )


def chosen(case: Fitted, *runtimes: str) -> Choice:
    return choose(case.estimator, case.features, case.schema, case.held_out, seed=0, runtimes=runtimes)


def both(case: Fitted) -> tuple[Outputs, Outputs]:
    choice = chosen(case, "onnx")
    assert choice.runtime == "onnx", choice.reason
    return (
        load("onnx", choice.blob, case.schema).predict(case.held_out),
        load("sklearn", pickled(case), case.schema).predict(case.held_out),
    )


@pytest.mark.parametrize(("name", "besides"), [("onnx", set()), ("arrays", {"onnxruntime", "scipy"})])
def test_answering_imports_nothing_that_the_runtime_does_not_use(
    name: str, besides: set[str], tmp_path: Any
) -> None:
    case = fitted(RandomForestClassifier(10, random_state=0), cancer(), "classification")
    choice = chosen(case, name)
    (tmp_path / "schema.json").write_text(json.dumps(case.schema.to_dict()))
    (tmp_path / "blob").write_bytes(choice.blob)
    (tmp_path / "numbers.json").write_text(json.dumps(case.held_out.numbers.tolist()))

    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), choice.runtime, ",".join(HEAVY | besides)],
        capture_output=True,
        check=True,
    )

    predictions, heavy = json.loads(child.stdout)
    assert heavy == []
    expected = Reference(case.estimator, case.schema, case.features).predict(case.held_out).predictions
    assert predictions == expected.tolist()


def test_both_runtimes_answer_the_same_classes_and_probabilities() -> None:
    case = fitted(
        make_pipeline(columns(), LogisticRegression(solver="newton-cholesky")), penguins(), "classification"
    )

    one, two = both(case)

    assert np.array_equal(one.predictions, two.predictions)
    assert one.probabilities is not None
    assert two.probabilities is not None
    assert one.probabilities.shape == (len(case.held_out), 3)
    assert np.abs(one.probabilities - two.probabilities).max() <= 1e-12


def test_both_runtimes_answer_a_regression_in_one_dimension_of_float64() -> None:
    case = fitted(LinearRegression(), diabetes(), "regression")

    for outputs in both(case):
        assert outputs.predictions.shape == (len(case.held_out),)
        assert outputs.predictions.dtype == np.float64
        assert outputs.probabilities is None


def test_both_runtimes_answer_an_anomaly_with_its_score() -> None:
    case = fitted(IsolationForest(n_estimators=10, random_state=0), cancer(), "anomaly_detection")

    for outputs in both(case):
        assert outputs.scores is not None
        assert outputs.scores.shape == (len(case.held_out),)
        assert np.array_equal(outputs.predictions == -1, outputs.scores < 0)


@pytest.mark.parametrize("name", ["arrays", "onnx", "sklearn"])
def test_one_row_and_no_context_is_enough(name: str) -> None:
    case = fitted(make_pipeline(columns(), RandomForestClassifier(5)), penguins(), "classification")
    model = load(name, pickled(case) if name == "sklearn" else chosen(case, name).blob, case.schema)
    whole = model.predict(case.held_out)

    alone = [model.predict(case.held_out.take([index])).predictions[0] for index in range(10)]

    assert alone == whole.predictions[:10].tolist()


@pytest.mark.parametrize("name", ["arrays", "onnx", "sklearn"])
def test_null_text_is_answered_without_changing_the_rows(name: str) -> None:
    case = fitted(make_pipeline(columns(), RandomForestClassifier(5)), penguins(), "classification")
    model = load(name, pickled(case) if name == "sklearn" else chosen(case, name).blob, case.schema)
    texts = case.held_out.texts.copy()
    texts[:, 1] = np.nan
    before = texts.copy()

    model.predict(Rows(case.schema, case.held_out.numbers, texts))

    assert np.array_equal(texts[:, 0], before[:, 0])
    assert all(cell != cell for cell in texts[:, 1])  # noqa: PLR0124 (only NaN differs from itself)


@pytest.mark.parametrize("name", ["arrays", "onnx", "sklearn"])
def test_installed_libraries_are_compatible_with_themselves(name: str) -> None:
    module = runtime(name)

    assert all(
        module.compatible(library, built_with=v, installed=v) for library, v in module.requirements().items()
    )


def test_pickle_of_another_scikit_learn_is_not_compatible() -> None:
    assert not sklearn.compatible("scikit-learn", built_with="1.9.0", installed="1.9.1")
    assert sklearn.compatible("numpy", built_with="2.4.0", installed="2.9.1")
    assert not sklearn.compatible("numpy", built_with="1.26.4", installed="2.4.0")


def test_graph_is_compatible_with_a_later_onnxruntime_only() -> None:
    assert onnx.compatible("onnxruntime", built_with="1.22.0", installed="1.30.1")
    assert not onnx.compatible("onnxruntime", built_with="1.30.0", installed="1.22.1")
    assert not onnx.compatible("onnxruntime", built_with="an unknown version", installed="1.30.1")
