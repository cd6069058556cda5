from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from dasier.building.parity import Reference, frame, prove
from dasier.building.probes import Probes, probes
from tests.building.cases import Fitted, cancer, columns, diabetes, fitted, penguins

if TYPE_CHECKING:
    from collections.abc import Callable

    from dasier.rows import Rows
    from dasier.runtimes import Outputs


@dataclass(frozen=True)
class Changed:
    """A model that answers as another, but for a change."""

    original: Reference
    change: Callable[[Outputs], Outputs]

    def predict(self, rows: Rows) -> Outputs:
        return self.change(self.original.predict(rows))


def reference(case: Fitted) -> Reference:
    return Reference(case.estimator, case.schema, case.features)


def held_out(case: Fitted) -> Probes:
    return Probes({"held_out": case.held_out})


def test_a_model_equals_itself_on_every_kind_of_row() -> None:
    case = fitted(make_pipeline(columns(), RandomForestClassifier(5)), penguins(), "classification")
    rows = probes(case.schema, case.held_out, case.estimator, seed=0)

    parity = prove(reference(case), reference(case), rows, tolerance=0)

    assert parity.proved
    assert parity.rows == len(rows)
    assert parity.deviations == {"probabilities": 0.0}


def test_one_wrong_label_is_told_with_the_kind_of_row() -> None:
    def with_one_wrong(outputs: Outputs) -> Outputs:
        labels = outputs.predictions.copy()
        labels[0] = "benign" if labels[0] == "malignant" else "malignant"
        return replace(outputs, predictions=labels)

    case = fitted(RandomForestClassifier(5), cancer(), "classification")

    parity = prove(reference(case), Changed(reference(case), with_one_wrong), held_out(case))

    assert not parity.labels_equal
    assert parity.failure == f"held_out rows: 1 of {len(case.held_out)} labels differ"


def test_probabilities_are_compared_absolutely() -> None:
    def nudged(by: float) -> Callable[[Outputs], Outputs]:
        return lambda outputs: replace(outputs, probabilities=np.asarray(outputs.probabilities) + by)

    case = fitted(LogisticRegression(solver="newton-cholesky"), cancer(), "classification")

    inside = prove(reference(case), Changed(reference(case), nudged(9e-7)), held_out(case))
    outside = prove(reference(case), Changed(reference(case), nudged(2e-6)), held_out(case))

    assert inside.proved
    assert outside.failure == "held_out rows: probabilities are 2e-06 off"


def test_regressions_are_compared_relatively() -> None:
    def stretched(by: float) -> Callable[[Outputs], Outputs]:
        return lambda outputs: replace(outputs, predictions=outputs.predictions * by)

    case = fitted(LinearRegression(), diabetes(), "regression")

    inside = prove(reference(case), Changed(reference(case), stretched(1 + 9e-7)), held_out(case))
    outside = prove(reference(case), Changed(reference(case), stretched(1 + 2e-6)), held_out(case))

    assert inside.proved
    assert outside.failure == "held_out rows: predictions are 2e-06 off (relative)"


def test_a_number_where_none_should_be_is_no_parity() -> None:
    case = fitted(LinearRegression(), diabetes(), "regression")
    broken = Changed(reference(case), lambda o: replace(o, predictions=np.full_like(o.predictions, np.nan)))

    parity = prove(reference(case), broken, held_out(case))

    assert not parity.proved
    assert parity.deviations == {"predictions": np.inf}


def test_missing_probabilities_are_no_parity() -> None:
    case = fitted(LogisticRegression(solver="newton-cholesky"), cancer(), "classification")

    parity = prove(
        reference(case), Changed(reference(case), lambda o: replace(o, probabilities=None)), held_out(case)
    )

    assert not parity.proved


def test_a_runtime_that_raises_is_refused_with_its_reason() -> None:
    def broken(_: Outputs) -> Outputs:
        message = "no kernel for this"
        raise RuntimeError(message)

    case = fitted(LinearRegression(), diabetes(), "regression")

    parity = prove(reference(case), Changed(reference(case), broken), held_out(case))

    assert "no kernel for this" in str(parity.failure)


def test_rows_that_the_estimator_itself_refuses_are_left_out_and_told() -> None:
    strict = columns(OneHotEncoder())
    case = fitted(
        make_pipeline(strict, LogisticRegression(solver="newton-cholesky")), penguins(), "classification"
    )
    unseen = case.held_out.take(slice(5))
    unseen.texts[:, 0] = "unseen"

    parity = prove(
        reference(case), reference(case), Probes({"held_out": case.held_out, "unseen": unseen}), tolerance=0
    )

    assert parity.proved
    assert parity.skipped == ("unseen",)


def test_frame_keeps_the_dtypes_of_training() -> None:
    training = penguins().drop(columns="target")
    case = fitted(make_pipeline(columns(), RandomForestClassifier(5)), penguins(), "classification")

    given = frame(case.held_out, training)

    assert given.dtypes.to_dict() == training.dtypes.to_dict()


def test_frame_lets_a_categorical_column_hold_an_unseen_category() -> None:
    training = penguins().drop(columns="target").astype({"island": "category"})
    case = fitted(make_pipeline(columns(), RandomForestClassifier(5)), penguins(), "classification")
    rows = case.held_out.take(slice(3))
    rows.texts[0, 0] = "Sylt"

    given = frame(rows, training)

    assert isinstance(given["island"].dtype, pd.CategoricalDtype)
    assert given["island"][0] == "Sylt"


def test_parity_is_told_in_json_types() -> None:
    case = fitted(LinearRegression(), diabetes(), "regression")

    told: dict[str, Any] = prove(reference(case), reference(case), held_out(case)).to_dict()

    assert told["rows"] == len(case.held_out)
    assert told["deviations"] == {"predictions": 0.0}
