"""Small real data, and estimators of every family that is served, fitted on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from dasier.building.frames import tidy, to_rows
from dasier.building.infer import infer

if TYPE_CHECKING:
    from dasier.rows import Rows
    from dasier.schema import Schema

NUMBERS = ["bill", "mass", "depth"]
CATEGORIES = ["island", "sex"]


@dataclass(frozen=True)
class Fitted:
    """An estimator, fitted, with what is needed to prove anything of it."""

    estimator: Any
    features: pd.DataFrame
    schema: Schema
    held_out: Rows


@cache
def cancer() -> pd.DataFrame:
    frame = load_breast_cancer(as_frame=True).data.iloc[:, :12]
    return frame.assign(target=np.where(load_breast_cancer().target == 1, "benign", "malignant"))


@cache
def wine() -> pd.DataFrame:
    return load_wine(as_frame=True).frame


@cache
def diabetes() -> pd.DataFrame:
    return load_diabetes(as_frame=True).frame


@cache
def penguins() -> pd.DataFrame:
    """Mixed columns with nulls among numbers and among categories."""
    rng = np.random.default_rng(0)
    n = 400
    frame = pd.DataFrame(
        {
            "island": rng.choice(["Biscoe", "Dream", "Torgersen"], n),
            "bill": rng.normal(44, 5, n),
            "sex": rng.choice(["female", "male"], n),
            "mass": rng.integers(2700, 6300, n),
            "ringed": rng.random(n) < 0.5,
            "depth": rng.normal(17, 2, n),
        }
    )
    size = frame["bill"] + frame["mass"] / 500 + 3 * (frame["island"] == "Dream") + rng.normal(0, 2, n)
    frame["target"] = np.where(size > 54, "Gentoo", np.where(frame["depth"] > 17, "Adelie", "Chinstrap"))
    frame.loc[rng.random(n) < 0.1, "bill"] = np.nan
    frame.loc[rng.random(n) < 0.1, "sex"] = np.nan
    return tidy(frame).frame


def columns(encoder: Any = None, numbers: Any = None, *more: Any) -> ColumnTransformer:
    """What everybody writes for mixed columns."""
    encoder = encoder or make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    )
    numbers = numbers or make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    return ColumnTransformer([("numbers", numbers, NUMBERS), ("categories", encoder, CATEGORIES), *more])


def fitted(estimator: Any, frame: pd.DataFrame, task: str) -> Fitted:
    """Fit on three quarters of the rows, the others held out."""
    features, answers = frame.drop(columns="target"), frame["target"]
    chosen = np.random.default_rng(1).permutation(len(frame))
    train, test = np.split(chosen, [len(frame) * 3 // 4])
    supervised = task in {"classification", "regression"}
    estimator.fit(features.iloc[train], *([answers.iloc[train]] if supervised else []))
    schema = infer(
        frame if supervised else features,
        task=task,
        target="target" if supervised else None,
        classes=estimator.classes_.tolist() if is_classifier(estimator) else None,
        probabilities=hasattr(estimator, "predict_proba"),
    )
    return Fitted(estimator, features.iloc[train], schema, to_rows(features.iloc[test], schema))
