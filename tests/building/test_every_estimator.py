"""`docs/estimators.md` against the code: every estimator of the installed scikit-learn, and the runtimes it gets."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.reference.estimators import NO_ANSWER_FOR_NEW_ROWS, Estimator, estimators
from dasier.building.assembling import _classes, _fitted
from dasier.building.choice import choose
from dasier.building.frames import to_rows
from dasier.building.infer import infer
from dasier.building.one_answer import check_answers, of_one_target
from dasier.building.threads import one_thread
from dasier.errors import EstimatorUnsupported

if TYPE_CHECKING:
    from dasier.building.trained import Trained

PAGE = Path(__file__).parents[2] / "docs" / "estimators.md"
TOLD = {
    name: set(re.findall(r"`(\w+)`", runtimes))
    for name, runtimes in re.findall(
        r"^\| ([A-Z]\w+) \| [^|]+ \| ([^|]+) \|", PAGE.read_text().partition("\n## ")[0], re.MULTILINE
    )
}
PICKLE_FREE = {"arrays", "onnx"}


pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning"
)  # of estimators that are deprecated, and still there


def trained_on(one: Estimator) -> Trained:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence: defaults are defaults
        trained = one.trained()
    return replace(trained, estimator=of_one_target(trained.estimator))


def runtimes_of(trained: Trained) -> set[str]:
    estimator = trained.estimator
    features = trained.fitted_rows[trained.features]
    check_answers(estimator, features)
    schema = infer(
        trained.table,
        task=trained.task,
        target=trained.target,
        classes=_classes(trained),
        probabilities=trained.task == "classification" and hasattr(estimator, "predict_proba"),
    )
    with one_thread():
        choice = choose(
            estimator,
            features,
            schema,
            to_rows(trained.held_out, schema),
            fitted=_fitted(trained, schema),
            seed=trained.seed,
        )
    return set(choice.costs) or {choice.runtime}


def test_page_has_every_estimator_that_is_installed() -> None:
    assert set(TOLD) == {one.name for one in estimators()}


def test_page_keeps_the_promise_of_four_in_five_without_pickle() -> None:
    able = {name: runtimes for name, runtimes in TOLD.items() if name not in NO_ANSWER_FOR_NEW_ROWS}

    assert all(able.values())
    assert sum(bool(runtimes & PICKLE_FREE) for runtimes in able.values()) >= 0.8 * len(able)


@pytest.mark.parametrize(
    "one", [one for one in estimators() if one.name not in NO_ANSWER_FOR_NEW_ROWS], ids=lambda one: one.name
)
def test_estimator_runs_where_the_page_says(one: Estimator) -> None:
    assert runtimes_of(trained_on(one)) == TOLD[one.name]


@pytest.mark.parametrize("name", sorted(NO_ANSWER_FOR_NEW_ROWS))
def test_estimator_without_an_answer_for_new_rows_is_refused_in_words(name: str) -> None:
    (one,) = (one for one in estimators() if one.name == name)

    with pytest.raises(EstimatorUnsupported, match=f"{name} cannot predict"):
        runtimes_of(trained_on(one))
