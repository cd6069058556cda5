"""What a version can be made of: an estimator with one answer for any row."""

from __future__ import annotations

import pytest
from sklearn.cluster import DBSCAN
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.multioutput import MultiOutputRegressor

from dasier.building.one_answer import check_answers, of_one_target
from dasier.errors import EstimatorUnsupported
from tests.building.cases import diabetes

FEATURES = diabetes()[["bmi", "bp"]]


def test_several_targets_are_refused_in_words() -> None:
    both = LinearRegression().fit(FEATURES, diabetes()[["s1", "s2"]])

    with pytest.raises(EstimatorUnsupported, match="predicts 2 targets, and a version answers with one"):
        check_answers(both, FEATURES)


def test_estimator_without_predict_is_refused_in_words() -> None:
    with pytest.raises(EstimatorUnsupported, match="DBSCAN cannot predict"):
        check_answers(DBSCAN().fit(FEATURES), FEATURES)


def test_estimator_made_for_several_targets_is_what_it_holds_for_its_only_one() -> None:
    alone = MultiOutputRegressor(Ridge()).fit(FEATURES, diabetes()[["target"]])
    both = MultiOutputRegressor(Ridge()).fit(FEATURES, diabetes()[["s1", "s2"]])

    assert of_one_target(alone) is alone.estimators_[0]
    assert of_one_target(both) is both
