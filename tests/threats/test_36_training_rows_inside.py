"""Training data inside a model: the card and the version say so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from dasier.building.assembling import assemble
from tests import models


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
