"""Whether a fitted model holds training rows, or pieces of them, that its file would give away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dasier.building.detach import parts

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

    from dasier.schema import Text

_ROWS = {
    "_fit_X": "nearest neighbours, and imputers by them",
    "support_vectors_": "support vector machines",
    "X_fit_": "kernel ridge, kernel PCA",
    "X_train_": "Gaussian processes",
    "X_": "label propagation",
    "training_data_": "isomap",
}
"""Fitted attributes that are training rows, or some of them, and whose they are."""

_ROWS_OF = {
    "AffinityPropagation": "cluster_centers_",
    "Birch": "subcluster_centers_",  # a row by itself where no other is near
    "DBSCAN": "components_",
    "IsotonicRegression": "X_thresholds_",
    "KernelDensity": "tree_",
    "Nystroem": "components_",
}
"""As `_ROWS`, where the same name means something else elsewhere."""

_VOCABULARY = "vocabulary_"


def held_rows(estimator: BaseEstimator) -> tuple[Text, ...]:
    """Give a warning in English and French for each way that a fitted estimator holds training data.

    Empty if it holds none that is known: coefficients, trees and the like summarise rows, and are
    not looked into.
    """
    rows, words = set(), set()
    every = list(parts(estimator))
    # What calibrates probabilities was fitted on them, not on rows.
    of_scores = {id(one) for part in every for one in _calibrators(part)}
    for part in every:
        if id(part) in of_scores:
            continue
        name = type(part).__name__
        if any(_has(part, attribute) for attribute in _ROWS) or _has(part, _ROWS_OF.get(name, "")):
            rows.add(name)
        if _has(part, _VOCABULARY):
            words.add(name)
    notes: list[Text] = []
    if rows:
        names = ", ".join(sorted(rows))
        notes.append(
            {
                "en": f"The model holds training rows ({names}): whoever has its file can read them.",
                "fr": f"Le modèle contient des lignes d’apprentissage ({names})\u00a0: qui possède son fichier peut les lire.",
            }
        )
    if words:
        names = ", ".join(sorted(words))
        notes.append(
            {
                "en": f"The model holds the words of the training texts ({names}): whoever has its file can read them.",
                "fr": f"Le modèle contient les mots des textes d’apprentissage ({names})\u00a0: qui possède son fichier peut les lire.",
            }
        )
    return tuple(notes)


def _calibrators(part: BaseEstimator) -> list[BaseEstimator]:
    calibrated = vars(part).get("calibrated_classifiers_", ())
    return [calibrator for one in calibrated for calibrator in one.calibrators]


def _has(part: BaseEstimator, attribute: str) -> bool:
    return bool(attribute) and vars(part).get(attribute) is not None
