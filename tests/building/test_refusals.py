"""What is refused is told in French: each reason is provoked where it arises, so that no phrase drifts apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from dasier.building.choice import choose
from dasier.building.export import Refused, candidates
from dasier.building.parity import prove
from dasier.building.probes import probes
from dasier.building.refusals import in_french
from dasier.runtimes import Outputs
from dasier.schema import Output, Schema
from tests.building.cases import cancer, columns, fitted, penguins, wine


class Answering:
    """Answers what it was given, or raises it."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def predict(self, rows: Any) -> Outputs:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer(len(rows))


@pytest.mark.parametrize(
    ("estimator", "frame", "french"),
    [
        (HistGradientBoostingClassifier(max_iter=3), wine, "skl2onnx ne convertit pas le gradient boosting"),
        (NearestCentroid(), wine, "skl2onnx ne convertit pas NearestCentroid"),
        (
            make_pipeline(columns(OneHotEncoder(sparse_output=False)), GaussianNB()),
            penguins,
            "un encodeur qui échoue sur les catégories inconnues",
        ),
        (GradientBoostingClassifier(n_estimators=3, init=GaussianNB()), cancer, "part d’un autre estimateur"),
        (make_pipeline(FunctionTransformer(np.cbrt), GaussianNB()), cancer, "FunctionTransformer appliquant cbrt"),
    ],
)  # fmt: skip
def test_what_is_not_converted_is_told_in_french(estimator: Any, frame: Any, french: str) -> None:
    case = fitted(estimator, frame(), "classification")

    refused = next(one for one in candidates(case.estimator, case.schema) if isinstance(one, Refused))

    assert french in in_french(refused.reason)
    assert "«" not in in_french(refused.reason)


@pytest.mark.parametrize(
    ("task", "right", "wrong", "french"),
    [
        ("regression", lambda n: Outputs(np.ones(n)), lambda n: Outputs(np.full(n, 1.5)), "écart relatif de 0,5 sur les prédictions"),
        ("clustering", lambda n: Outputs(np.zeros(n)), lambda n: Outputs(np.ones(n)), "étiquettes sur"),
        ("clustering", lambda n: Outputs(np.zeros(n)), ValueError("no kernel"), "il échoue («\u00a0ValueError: no kernel\u00a0»)"),
        ("clustering", ValueError("no"), ValueError("no"), "ne répond à aucune des lignes"),
        ("clustering", ValueError("no"), lambda n: Outputs(np.ones(n)), "il répond à 45 lignes sur 45 que l’estimateur refuse"),
    ],
)  # fmt: skip
def test_what_is_not_equal_is_told_in_french(task: Any, right: Any, wrong: Any, french: str) -> None:
    case = fitted(GaussianNB(), wine(), "classification")
    schema = Schema(case.schema.columns, Output(name="y", task=task))
    rows = probes(schema, type(case.held_out)(schema, case.held_out.numbers, case.held_out.texts), seed=1)

    parity = prove(Answering(right), Answering(wrong), rows)

    assert french in in_french(str(parity.failure))


def test_every_kind_of_row_has_a_name_in_french() -> None:
    case = fitted(make_pipeline(columns(), GradientBoostingClassifier(n_estimators=2)), penguins(), "classification")  # fmt: skip
    kinds = probes(case.schema, case.held_out, case.estimator, fitted=case.held_out, seed=1).kinds

    told = [in_french(f"{kind} rows: 1 of 2 labels differ") for kind in kinds]

    assert len(kinds) == 9
    assert not [one for one in told if "«" in one or "_" in one]


def test_a_reason_that_is_not_known_is_quoted() -> None:
    assert in_french("RuntimeError: brand new") == "«\u00a0RuntimeError: brand new\u00a0»"


def test_what_the_arrays_do_not_know_is_told_in_french() -> None:
    assert in_french("the arrays do not know GaussianNB") == "les tableaux ne connaissent pas GaussianNB"


def test_a_choice_tells_the_refusal_in_french() -> None:
    case = fitted(HistGradientBoostingClassifier(max_iter=3), wine(), "classification")

    choice = choose(
        case.estimator, case.features, case.schema, case.held_out, seed=1, runtimes=("onnx", "sklearn")
    )

    assert "skl2onnx ne convertit pas le gradient boosting" in choice.reasons["fr"]
    assert "skl2onnx does not convert histogram-based" in choice.reasons["en"]
