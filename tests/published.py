"""Four small models, fitted here, built as every model is, and published into a store of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pandas as pd
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import IsolationForest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer, StandardScaler

from dasier import layout
from dasier.building.assembling import assemble
from dasier.building.refinements import ColumnNotes, OutputNotes, Refinements
from dasier.building.trained import About, Trained
from dasier.errors import NotSignedIn
from dasier.local.events import object_created
from dasier.local.files import Files
from dasier.local.functions import Functions
from dasier.local.gateway import Gateway
from dasier.local.template import read_template
from dasier.registry import Registry
from dasier.releases import Release
from dasier.serving.exchange import handler
from dasier.serving.service import Service
from dasier.serving.settings import Settings
from dasier.signing import LocalSigner, TrustedKeys
from dasier.store import open_store
from functions import authorizer, catalog, feedback, jobs, operations, predict
from functions.batch import batch_handler
from tests.local.asgi import Answer, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dasier.built import Built
    from dasier.people import Person

TEMPLATE = Path(__file__).parents[1] / "template.yaml"
WHEN = "2026-11-20T09:30:00Z"


def birds() -> Trained:
    """Give a classifier of mixed columns with nulls: two floats, an integer, a boolean, two categories."""
    generator = np.random.default_rng(1)
    n = 240
    kind = generator.integers(0, 3, n)
    table = pd.DataFrame(
        {
            "beak mm": np.round(38 + 5 * kind + generator.normal(0, 2, n), 1),
            "mass_g": np.round(3500 + 600 * kind + generator.normal(0, 200, n), 0),
            "eggs": generator.integers(0, 4, n),
            "ringed": generator.random(n) < 0.5,
            "île": generator.choice(["Biscoe", "Dream", "Torgersen"], n),
            "sex": generator.choice(["female", "male"], n),
            "species": np.array(["Adelie", "Chinstrap", "Gentoo"], dtype=object)[kind],
        }
    )
    table.loc[generator.random(n) < 0.1, "beak mm"] = np.nan
    table.loc[generator.random(n) < 0.1, "sex"] = np.nan
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    words = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    columns = ColumnTransformer(
        [("numbers", numbers, ["beak mm", "mass_g", "eggs"]), ("words", words, ["île", "sex"])]
    )
    notes = {
        "beak mm": ColumnNotes(unit="mm", label={"en": "Beak", "fr": "Bec"}),
        "mass_g": ColumnNotes(kind="float", unit="g"),
    }
    return _trained(
        "birds",
        make_pipeline(columns, LogisticRegression(max_iter=2000)),
        table,
        target="species",
        refinements=Refinements(columns=notes),
    )


def cells() -> Trained:
    """Give a classifier of four floats whose classes are the integers 0 and 1."""
    generator = np.random.default_rng(2)
    table = pd.DataFrame(np.round(generator.normal(0, 1, (160, 4)), 3), columns=["a", "b", "c", "d"])
    table["malignant"] = (table["a"] + table["b"] - table["c"] > 0).astype(int)
    return _trained("cells", make_pipeline(StandardScaler(), LogisticRegression()), table, target="malignant")


def houses() -> Trained:
    """Give a regression with a unit, whose splines run on the sklearn runtime alone; all columns are numbers."""
    generator = np.random.default_rng(3)
    n = 200
    table = pd.DataFrame(
        {
            "area": np.round(generator.uniform(30, 200, n), 1),
            "rooms": generator.integers(1, 7, n),
            "garden": generator.random(n) < 0.4,
        }
    )
    table["price"] = np.round(2.1 * table["area"] + 9 * table["rooms"] + 20 * table["garden"], 1)
    return _trained(
        "houses",
        make_pipeline(SplineTransformer(n_knots=4, degree=2), Ridge()),
        table,
        target="price",
        task="regression",
        refinements=Refinements(columns={"area": ColumnNotes(unit="m²")}, output=OutputNotes(unit="kEUR")),
    )


def pumps() -> Trained:
    """Give an anomaly detector of two floats."""
    generator = np.random.default_rng(4)
    table = pd.DataFrame(np.round(generator.normal(50, 5, (150, 2)), 2), columns=["heat", "noise"])
    return _trained(
        "pumps", IsolationForest(n_estimators=20, random_state=0), table, task="anomaly_detection"
    )


def _trained(name: str, estimator: Any, table: pd.DataFrame, **more: Any) -> Trained:
    target = more.pop("target", None)
    held_out, fitted_rows = table.iloc[:60], table.iloc[60:]
    features = [column for column in table.columns if column != target]
    estimator.fit(fitted_rows[features], None if target is None else fitted_rows[target])
    return Trained(
        name=name,
        task=more.pop("task", "classification"),
        about=About(
            title={"en": name.title(), "fr": f"{name.title()} (fr)"},
            summary={"en": f"Answers {name}.", "fr": f"Répond sur {name}."},
        ),
        estimator=estimator,
        table=table,
        target=target,
        fitted_rows=fitted_rows,
        held_out=held_out,
        split={"kind": "held_out", "held_out_rows": 60, "fitted_rows": len(fitted_rows), "seed": 1},
        seed=1,
        origin={"kind": "recipe", "recipe": name},
        **more,
    )


MODELS = {"birds": birds, "cells": cells, "houses": houses, "pumps": pumps}


@cache
def trained(name: str) -> Trained:
    """Give a fitted estimator with its rows."""
    return MODELS[name]()


@cache
def built(name: str) -> Built:
    """Give a model that is ready to publish."""
    return assemble(trained(name))


def verdict(name: str, version: int, *failed: dict[str, Any], against: int | None = None) -> dict[str, Any]:
    """Give a verdict as the gate writes it: one that passed, or one with findings that did not."""
    signed = {"rule": "signature", "passed": True, "detail": "Signed by a trusted key.", "figures": {}}
    return {
        "name": name,
        "version": version,
        "passed": not failed,
        "when": WHEN,
        "who": "gate",
        "against": against,
        "gate": {"policy": "promote"},
        "rules": [signed, *failed],
    }


def nobody(_token: str) -> Person:
    """Verify as where no provider of sign-ins is configured."""
    raise NotSignedIn


@dataclass
class Published:
    """A store with models in it, a service over it, and the API before that.

    `api` goes through the gateway by template.yaml, so that what is tested is what is declared.
    """

    url: str = "memory://"
    settings: Mapping[str, Any] = field(default_factory=dict)
    verify: Callable[[str], Person] = nobody

    def __post_init__(self) -> None:
        self.signer = LocalSigner(Ed25519PrivateKey.generate())
        keys = (self.signer.public_key(),)
        self.registry = Registry(open_store(self.url), TrustedKeys.parse(keys))
        self.service = self.fresh_service()

    def fresh_service(self, **changes: Any) -> Service:
        """Give a service that knows nothing yet, as after a cold start."""
        chosen = {"refresh_s": 0.0, **self.settings, **changes}
        return Service(
            self.registry,
            Settings(registry=self.url, trusted_keys=(self.signer.public_key(),), **chosen),
        )

    def publish(
        self, name: str, *failed: dict[str, Any], release: bool = True, build: Built | None = None
    ) -> int:
        """Publish a model as its next version, give it a verdict, a passing one unless told, and let it serve."""
        version = self.registry.publish(build or built(name), self.signer).version
        self.registry.record_verdict(name, version, verdict(name, version, *failed))
        if release:
            self.release(name, version)
        return version

    def release(self, name: str, version: int | None, **more: Any) -> None:
        """Append to the release log."""
        head = self.registry.head(name)
        self.registry.append(
            name,
            Release(
                number=head.number + 1 if head else 1,
                id=uuid4().hex,
                action=more.pop("action", "promote"),
                serving=version,
                previous=head.serving if head else None,
                who=more.pop("who", "tests"),
                why=more.pop("why", "because"),
                when=WHEN,
                **more,
            ),
        )

    @property
    def gateway(self) -> Gateway:
        """The API, as an ASGI application."""
        template = read_template(TEMPLATE)
        handlers = {
            "PredictFunction": handler(predict.ROUTES, serve=lambda: self.service),
            "CatalogFunction": handler(catalog.ROUTES, serve=lambda: self.service),
            "FeedbackFunction": handler(feedback.ROUTES, serve=lambda: self.service),
            "JobsFunction": handler(jobs.ROUTES, serve=lambda: self.service),
            "OperationsFunction": handler(operations.ROUTES, serve=lambda: self.service),
            "AuthorizerFunction": authorizer.authorizer_handler(lambda: self.verify),
        }
        return Gateway(template, Functions(handlers), default_model="birds", files=Files(self.registry.store))

    def work(self, id_: str) -> str:
        """Do what a job's input that appears wakes; say where the job stands then."""
        event = object_created("bucket", [layout.job_input(id_)])
        return str(batch_handler(lambda: self.service)(event, None)["jobs"][id_])


class Api:
    """Asks a gateway."""

    def __init__(self, published: Published) -> None:
        self.published = published
        self._gateway = published.gateway

    def ask(self, method: str, target: str, body: bytes | Any = b"", **headers: str) -> Answer:
        """Send a request; a body that is not bytes is sent as JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
            named = {"content-type": "application/json", **named}
        return ask(self._gateway, method, target, body=body, headers=named)

    def get(self, target: str, **headers: str) -> Answer:
        """Get."""
        return self.ask("GET", target, **headers)

    def post(self, target: str, body: Any, **headers: str) -> Answer:
        """Post."""
        return self.ask("POST", target, body, **headers)

    def json(self, method: str, target: str, body: Any = b"", **headers: str) -> Any:
        """Give the document of an answer that must be a good one."""
        answer = self.ask(method, target, body, **headers)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)


def frame(name: str, rows: slice = slice(0, 8)) -> pd.DataFrame:
    """Give held-out features."""
    one = trained(name)
    return one.held_out[one.features].iloc[rows]


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Give rows as JSON takes them: None for a null, int and bool where they are."""
    return json.loads(rows.to_json(orient="records", double_precision=15))


def expected(name: str, rows: pd.DataFrame) -> list[Any]:
    """Give what the fitted estimator says."""
    return np.asarray(trained(name).estimator.predict(rows)).tolist()
