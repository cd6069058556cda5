from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, OneHotEncoder, StandardScaler

from dasier.building.candidate import Candidate
from dasier.building.choice import choose
from dasier.building.export import candidates
from dasier.building.parity import prove
from dasier.building.probes import OF_CONVERSIONS, Probes, probes
from dasier.building.reference import Reference, frame
from dasier.runtimes import Outputs, load
from tests.building.cases import Fitted, cancer, columns, diabetes, fitted, penguins

if TYPE_CHECKING:
    from collections.abc import Callable

    from dasier.rows import Rows


@dataclass(frozen=True)
class Changed:
    """A model that answers as another, but for a change."""

    original: Reference
    change: Callable[[Outputs], Outputs]

    def predict(self, rows: Rows) -> Outputs:
        return self.change(self.original.predict(rows))


@dataclass(frozen=True)
class Lenient:
    """A model that fills nulls in where another refuses them."""

    original: Reference

    def predict(self, rows: Rows) -> Outputs:
        return self.original.predict(replace(rows, numbers=np.nan_to_num(rows.numbers)))


@dataclass(frozen=True)
class Unbothered:
    """A linear model that lets nulls through to its sums."""

    linear: LinearRegression

    def predict(self, rows: Rows) -> Outputs:
        return Outputs(rows.numbers @ self.linear.coef_ + self.linear.intercept_)


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


def test_an_answer_where_the_estimator_gives_none_is_no_parity() -> None:
    case = fitted(LinearRegression(), diabetes(), "regression")
    rows = case.held_out.take(slice(20))
    rows.numbers[:3, 0] = np.nan

    strict = prove(reference(case), reference(case), Probes({"nulls": rows}))
    lenient = prove(reference(case), Lenient(reference(case)), Probes({"nulls": rows}))

    assert (strict.proved, strict.rows, strict.refused) == (True, 17, ("nulls",))
    assert lenient.failure == "nulls rows: it answers 3 of 3 that the estimator refuses"


def test_a_number_that_is_not_finite_is_no_answer() -> None:
    case = fitted(LinearRegression(), diabetes(), "regression")
    rows = case.held_out.take(slice(20))
    rows.numbers[:3, 0] = np.nan

    parity = prove(reference(case), Unbothered(case.estimator), Probes({"nulls": rows}))

    assert parity.proved
    assert parity.rows == 17


@pytest.mark.parametrize(
    ("estimator", "kind"),
    [
        (make_pipeline(Normalizer("l1"), LogisticRegression()), "edges"),
        (make_pipeline(StandardScaler(), KMeans(3, n_init=1, random_state=0)), "far"),
    ],
    ids=["a norm of zero", "float32 far away"],
)
def test_a_graph_that_errs_beside_the_rows_held_out_is_found_out(estimator: Any, kind: str) -> None:
    is_classifier = kind == "edges"
    frame = cancer() if is_classifier else cancer().drop(columns="target").assign(target=0)
    case = fitted(estimator, frame, "classification" if is_classifier else "clustering")
    rows = probes(case.schema, case.held_out, case.estimator, fitted=case.held_out, seed=0)
    graphs = [one for one in candidates(case.estimator, case.schema) if isinstance(one, Candidate)]

    failures = [prove(reference(case), load("onnx", one.blob, case.schema), rows).failure for one in graphs]

    assert any(str(failure).startswith(f"{kind} rows") for failure in failures)
    assert all(
        prove(reference(case), load("onnx", one.blob, case.schema), rows.without(OF_CONVERSIONS)).proved
        for one in graphs
    )


def test_a_copy_is_not_asked_what_only_a_conversion_gets_wrong() -> None:
    case = fitted(LinearRegression(), diabetes(), "regression")

    copied, converted = (
        choose(
            case.estimator,
            case.features,
            case.schema,
            case.held_out,
            fitted=case.held_out,
            seed=0,
            runtimes=(one,),
        )
        for one in ("sklearn", "arrays")
    )

    assert set(copied.parity.kinds) == set(converted.parity.kinds) - OF_CONVERSIONS
    assert set(converted.parity.kinds) >= OF_CONVERSIONS
