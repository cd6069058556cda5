"""Malignant or benign: a random forest on 30 measurements of cell nuclei."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from sklearn.base import BaseEstimator


def load() -> pd.DataFrame:
    """Give the 569 samples: 30 floats and ``diagnosis``, malignant or benign."""
    from sklearn.datasets import load_breast_cancer  # noqa: PLC0415 - only a build needs it

    bunch = load_breast_cancer(as_frame=True)
    names = [str(name) for name in bunch.target_names]
    return bunch.data.assign(diagnosis=[names[code] for code in bunch.target])


def estimator(params: Mapping[str, Any]) -> BaseEstimator:
    """Give the unfitted forest; ``params`` are those of `RandomForestClassifier`."""
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415

    return RandomForestClassifier(**params)
