"""Every estimator of scikit-learn that predicts, with data that suits it and what it cannot do without.

`ESTIMATORS` has a line for each, found by `sklearn.utils.all_estimators`: defaults, except what is named in `GIVEN`,
because the estimator has no default for it or refuses every table with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import all_estimators

from dasier.building.recipe import Recipe
from dasier.building.refinements import Refinements
from dasier.building.trained import About, Trained
from dasier.building.training import described, split, train

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from dasier.schema import Task

TARGET = "target"
SEED = 0


def _logistic() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression())


# --- data ---------------------------------------------------------------------------------------------


@cache
def _wine() -> pd.DataFrame:
    frame = load_wine(as_frame=True).frame
    return frame.assign(target=np.array(["barolo", "grignolino", "barbera"], dtype=object)[frame["target"]])


@cache
def _cancer() -> pd.DataFrame:
    table = load_breast_cancer(as_frame=True)
    words = np.array(["malignant", "benign"], dtype=object)[table.target]
    return table.data.iloc[:, :10].assign(target=words)


@cache
def _diabetes() -> pd.DataFrame:
    return load_diabetes(as_frame=True).frame


def _scaled_wine() -> pd.DataFrame:
    features = load_wine(as_frame=True).data.iloc[:, [0, 6, 9, 12]]
    return ((features - features.min()) / (features.max() - features.min())).assign(target=load_wine().target)


def _graded_wine() -> pd.DataFrame:
    grades = _wine().drop(columns=TARGET).rank(pct=True).mul(3.999).astype(int)
    return grades.assign(target=_wine()[TARGET])


@dataclass(frozen=True)
class Data:
    """A table with the column ``target``, and what is special about it."""

    task: Task
    load: Callable[[], pd.DataFrame]
    about: str


DATA: dict[str, Data] = {
    "wine": Data("classification", _wine, "three classes of wine by 13 measurements, all above 0"),
    "graded wine": Data("classification", _graded_wine, "wine, each measurement a grade from 0 to 3"),
    "scaled wine": Data(
        "classification", _scaled_wine, "four measurements of wine between 0 and 1, classes by number"
    ),
    "cancer": Data("classification", _cancer, "two classes of tumour by ten measurements"),
    "diabetes": Data("regression", _diabetes, "progression of diabetes, above 0, by ten measurements"),
    "bmi": Data(
        "regression",
        lambda: _diabetes()[["bmi", TARGET]],
        "progression of diabetes by one measurement",
    ),
    "unlabelled wine": Data(
        "clustering", lambda: _wine().drop(columns=TARGET), "the measurements of wine alone"
    ),
    "unlabelled tumours": Data(
        "anomaly_detection", lambda: _cancer().drop(columns=TARGET), "the measurements of tumours alone"
    ),
}

_SUITABLE = {
    "CategoricalNB": "graded wine",
    "ClassifierChain": "scaled wine",
    "RadiusNeighborsClassifier": "scaled wine",
    "LabelPropagation": "scaled wine",
    "LabelSpreading": "scaled wine",
    "SelfTrainingClassifier": "scaled wine",
    "FixedThresholdClassifier": "cancer",
    "TunedThresholdClassifierCV": "cancer",
    "IsotonicRegression": "bmi",
}
_USUAL = {
    "classifier": "wine",
    "regressor": "diabetes",
    "cluster": "unlabelled wine",
    "outlier": "unlabelled tumours",
}

# --- estimators -----------------------------------------------------------------------------------------


GIVEN: dict[str, Callable[[], dict[str, Any]]] = {
    "CCA": lambda: {"n_components": 1},
    "PLSCanonical": lambda: {"n_components": 1},
    "ClassifierChain": lambda: {"estimator": _logistic()},
    "FixedThresholdClassifier": lambda: {"estimator": _logistic()},
    "GridSearchCV": lambda: {"estimator": LogisticRegression(), "param_grid": {"C": [0.1, 1.0]}},
    "LocalOutlierFactor": lambda: {"novelty": True},
    "MultiOutputClassifier": lambda: {"estimator": _logistic()},
    "MultiOutputRegressor": lambda: {"estimator": Ridge()},
    "OneVsOneClassifier": lambda: {"estimator": _logistic()},
    "OneVsRestClassifier": lambda: {"estimator": _logistic()},
    "OutputCodeClassifier": lambda: {"estimator": _logistic()},
    "Pipeline": lambda: {"steps": [("scale", StandardScaler()), ("model", LogisticRegression())]},
    "RFE": lambda: {"estimator": DecisionTreeClassifier(random_state=0)},
    "RFECV": lambda: {"estimator": DecisionTreeClassifier(random_state=0)},
    "RandomizedSearchCV": lambda: {
        "estimator": LogisticRegression(),
        "param_distributions": {"C": [0.1, 1.0, 10.0]},
        "n_iter": 2,
    },
    "RegressorChain": lambda: {"estimator": Ridge()},
    "SelfTrainingClassifier": lambda: {"estimator": _logistic()},
    "StackingClassifier": lambda: {
        "estimators": [("tree", DecisionTreeClassifier(random_state=0)), ("logistic", _logistic())]
    },
    "StackingRegressor": lambda: {
        "estimators": [("tree", DecisionTreeRegressor(random_state=0)), ("linear", LinearRegression())]
    },
    "TunedThresholdClassifierCV": lambda: {"estimator": _logistic()},
    "VotingClassifier": lambda: {
        "estimators": [("tree", DecisionTreeClassifier(random_state=0)), ("logistic", _logistic())]
    },
    "VotingRegressor": lambda: {
        "estimators": [("tree", DecisionTreeRegressor(random_state=0)), ("linear", LinearRegression())]
    },
}
"""What an estimator is made with, beside ``random_state``."""

AS_COLUMN = frozenset(
    {
        "ClassifierChain",
        "MultiOutputClassifier",
        "MultiOutputRegressor",
        "MultiTaskElasticNet",
        "MultiTaskElasticNetCV",
        "MultiTaskLasso",
        "MultiTaskLassoCV",
        "RegressorChain",
    }
)
"""Those that want several targets: fitted elsewhere on a target of one column, and brought in."""

NO_ANSWER_FOR_NEW_ROWS = frozenset(
    {"AgglomerativeClustering", "DBSCAN", "FeatureAgglomeration", "HDBSCAN", "OPTICS", "SpectralClustering"}
)
"""Those without `predict`: they group the rows that they were fitted on, and no other."""


@dataclass(frozen=True)
class Estimator:
    """An estimator of scikit-learn and what it is tried on."""

    name: str
    kind: type
    data: str
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def task(self) -> Task:
        return DATA[self.data].task

    def make(self) -> Any:
        """Give it unfitted."""
        made = self.kind(**self.given)
        return made.set_params(random_state=SEED) if "random_state" in made.get_params(deep=False) else made

    def trained(self) -> Trained:
        """Give it fitted: by a recipe, or as if it had been fitted elsewhere."""
        if self.name not in AS_COLUMN:
            return train(self._recipe())
        table = DATA[self.data].load()
        fitted_rows, held_out = split(table, None, share=0.25, seed=SEED)
        features = [name for name in table.columns if name != TARGET]
        estimator = self.make().fit(fitted_rows[features], fitted_rows[[TARGET]])
        return Trained(
            name=self.name.lower(),
            task=self.task,
            about=About(title=self._text, summary=self._text),
            estimator=estimator,
            table=table,
            target=TARGET,
            fitted_rows=fitted_rows,
            held_out=held_out,
            split=described(fitted_rows, held_out, stratified=False, seed=SEED),
            seed=SEED,
            origin={"kind": "import", "file": f"{self.name}.joblib"},
        )

    @property
    def _text(self) -> dict[str, str]:
        return {"en": self.name, "fr": self.name}

    def _recipe(self) -> Recipe:
        is_supervised = self.task in {"classification", "regression"}
        return Recipe(
            folder=Path(__file__).parent,
            name=self.name.lower(),
            task=self.task,
            target=TARGET if is_supervised else None,
            seed=SEED,
            title=self._text,
            summary=self._text,
            limits=self._text,
            test_share=0.25,
            stratify=self.task == "classification",
            estimator_params={},
            refinements=Refinements(),
            gate={},
            digests={},
            load=DATA[self.data].load,
            estimator=lambda _: self.make(),
        )


def _kind_of(name: str, kind: type) -> str | None:
    for known in ("classifier", "regressor", "cluster"):
        if name in _names(known):
            return known
    if name in {"BayesianGaussianMixture", "GaussianMixture"}:
        return "cluster"
    if not hasattr(kind, "predict"):
        return None
    return "outlier" if "OutlierMixin" in [one.__name__ for one in kind.__mro__] else "classifier"


@cache
def _names(kind: str) -> frozenset[str]:
    return frozenset(name for name, _ in all_estimators(kind))


@cache
def estimators() -> tuple[Estimator, ...]:
    """Give all of them, by name."""
    found = []
    for name, kind in all_estimators():
        family = _kind_of(name, kind)
        if family is not None:
            given = GIVEN.get(name, dict)()
            found.append(Estimator(name, kind, _SUITABLE.get(name) or _USUAL[family], given))
    return tuple(found)


def given() -> dict[str, str]:
    """Give, in words of Python, what each was made with beside its defaults."""
    return {
        name: " ".join(", ".join(f"`{key}={value!r}`" for key, value in make().items()).split())
        for name, make in sorted(GIVEN.items())
    }
