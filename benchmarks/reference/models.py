"""The models that STANDARDS.md's figures are of, fitted once and built for each runtime that can hold them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from dasier.building.assembling import assemble
from dasier.building.trained import About, Trained
from dasier.errors import EstimatorUnsupported
from dasier.releases import Release

if TYPE_CHECKING:
    import pandas as pd

    from dasier.built import Built
    from dasier.registry import Registry
    from dasier.signing import LocalSigner


@dataclass(frozen=True)
class Reference:
    """A fitted estimator and the table that it comes from; the first quarter is held out."""

    name: str
    estimator: Any
    table: pd.DataFrame
    target: str

    @property
    def features(self) -> list[str]:
        return [column for column in self.table.columns if column != self.target]

    @property
    def held_out(self) -> pd.DataFrame:
        return self.table.iloc[: len(self.table) // 4]

    def built(self, runtime: str | None = None) -> Built | None:
        """Give it built for one runtime, or for the one that a build chooses; None if that one cannot hold it."""
        trained = Trained(
            name=f"{self.name}-{runtime}" if runtime else self.name,
            task="classification",
            about=About(title={"en": self.name, "fr": self.name}, summary={"en": self.name, "fr": self.name}),
            estimator=self.estimator,
            table=self.table,
            target=self.target,
            fitted_rows=self.table.iloc[len(self.table) // 4 :],
            held_out=self.held_out,
            split={"kind": "held_out", "held_out_rows": len(self.held_out), "seed": 0},
            seed=0,
            origin={"kind": "recipe", "recipe": self.name},
        )
        try:
            return assemble(trained, runtimes=(runtime,)) if runtime else assemble(trained)
        except EstimatorUnsupported:
            return None


@cache
def references() -> tuple[Reference, ...]:
    """Give the forest and the scaled logistic regression on 30 floats, boosting with histograms, and mixed columns."""
    cancer = load_breast_cancer(as_frame=True)
    table = cancer.data.assign(diagnosis=np.array(["malignant", "benign"], dtype=object)[cancer.target])
    table = table.sample(frac=1, random_state=0).reset_index(drop=True)
    estimators = {
        "forest": RandomForestClassifier(100, random_state=0),
        "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
        "histograms": HistGradientBoostingClassifier(random_state=0),
    }
    made = [_fitted(name, estimator, table, "diagnosis") for name, estimator in estimators.items()]
    return (*made, _fitted("penguins", _mixed(), _penguins(), "species"))


def _fitted(name: str, estimator: Any, table: pd.DataFrame, target: str) -> Reference:
    train = table.iloc[len(table) // 4 :]
    estimator.fit(train.drop(columns=target), train[target])
    return Reference(name, estimator, table, target)


def _penguins() -> pd.DataFrame:
    from palmerpenguins import load_penguins  # noqa: PLC0415 (pandas is imported with it)

    table = load_penguins().drop(columns="year").sample(frac=1, random_state=0).reset_index(drop=True)
    return table.astype({"island": object, "sex": object, "species": object})


def _mixed() -> Any:
    numbers = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
    words = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
            ("words", words, ["island", "sex"]),
        ]
    )
    return make_pipeline(columns, LogisticRegression(max_iter=500))


def let_serve(registry: Registry, built: Built, signer: LocalSigner) -> str:
    """Publish a build and let it serve, without the gate; give its name."""
    name, when = built.manifest.name, built.manifest.created
    version = registry.publish(built, signer).version
    registry.record_verdict(name, version, {"passed": True, "rules": []})
    who = {"action": "promote", "who": "benchmarks", "why": "to be measured", "when": when}
    registry.append(name, Release(number=1, id="benchmarks", serving=version, previous=None, **who))
    return name
