"""Training data inside a model: the card and the version say so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.semi_supervised import LabelSpreading
from sklearn.svm import SVC

from dasier.building.assembling import assemble
from tests import models

HOLDING = {
    "neighbours": KNeighborsClassifier(3),
    "support vectors": SVC(),
    "a Gaussian process": GaussianProcessClassifier(optimizer=None),
    "spread labels": LabelSpreading(gamma=0.5),
    "calibrated neighbours": CalibratedClassifierCV(KNeighborsClassifier(3), cv=2),
    "bagged support vectors": BaggingClassifier(SVC(), n_estimators=2, random_state=0),
}


@pytest.mark.parametrize("kind", HOLDING)
def test_arrays_that_hold_training_rows_say_so(kind: str) -> None:
    leaves = models.fitted("leaves")
    features = leaves.fitted_rows[leaves.features]
    estimator = clone(HOLDING[kind]).fit(features, leaves.fitted_rows["tree"])

    built = assemble(replace(leaves, estimator=estimator), runtimes=("arrays",))

    assert built.manifest.runtime.name == "arrays"
    assert any("training rows" in note["en"] for note in built.manifest.notes)
    assert "training rows" in built.blobs["card.en.md"].decode()


@pytest.mark.parametrize("estimator", [KNeighborsClassifier(3), SVC()], ids=lambda e: type(e).__name__)
def test_model_that_holds_training_rows_says_so(estimator: Any) -> None:
    leaves = models.fitted("leaves")
    features = leaves.fitted_rows[leaves.features]
    holding = replace(leaves, estimator=estimator.fit(features, leaves.fitted_rows["tree"]))

    built = assemble(holding)

    assert built.manifest.notes
    for language in ("en", "fr"):
        card = built.blobs[f"card.{language}.md"].decode()
        assert all(note[language] in card for note in built.manifest.notes)


def test_model_that_holds_none_says_nothing_of_it() -> None:
    assert models.built("leaves").manifest.notes == ()
