from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import DBSCAN, Birch, KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.impute import KNNImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC, OneClassSVM

from dasier.building.disclosure import held_rows

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(40, 3))
CLASSES = (ROWS[:, 0] > 0).astype(int)


@pytest.mark.parametrize(
    "estimator",
    [
        KNeighborsClassifier(),
        SVC(),
        OneClassSVM(),
        LocalOutlierFactor(novelty=True),
        GaussianProcessClassifier(),
        DBSCAN(eps=1.0),
        Birch(threshold=0.01),
        make_pipeline(Nystroem(n_components=5), LogisticRegression()),
        make_pipeline(KNNImputer(), LogisticRegression()),
        make_pipeline(ColumnTransformer([("a", KNNImputer(), [0, 1])]), LogisticRegression()),
        VotingClassifier([("a", LogisticRegression()), ("b", KNeighborsClassifier())]),
    ],
    ids=lambda estimator: str(type(estimator).__name__),
)
def test_a_model_that_holds_training_rows_says_so(estimator: Any) -> None:
    notes = held_rows(estimator.fit(ROWS, CLASSES))

    assert len(notes) == 1
    assert "holds training rows" in notes[0]["en"]
    assert "contient des lignes" in notes[0]["fr"]


def test_a_vocabulary_is_told() -> None:
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(
        ["Ada was here", "Bob was not"], [0, 1]
    )

    notes = held_rows(model)

    assert len(notes) == 1
    assert "TfidfVectorizer" in notes[0]["en"]


@pytest.mark.parametrize(
    "estimator", [
        LogisticRegression(), RandomForestClassifier(5), KMeans(2, n_init=1), make_pipeline(LogisticRegression()),
        CalibratedClassifierCV(LogisticRegression(), method="isotonic", cv=2),
    ]
)  # fmt: skip
def test_a_model_that_only_summarises_rows_has_no_note(estimator: Any) -> None:
    notes = held_rows(estimator.fit(ROWS, CLASSES))

    assert notes == ()
