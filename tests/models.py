"""Tiny models, built as every model is, once a process; and registries of a test's own to publish them in."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from onnx import TensorProto, helper, numpy_helper
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor, IsolationForest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from dasier.building.assembling import assemble
from dasier.building.trained import About, Trained
from dasier.built import Built
from dasier.manifest import Blob, Manifest, RuntimeChoice
from dasier.registry import Registry
from dasier.releases import Canary, Release
from dasier.runtimes import onnx, sklearn
from dasier.schema import Column, Output, Schema
from dasier.serving.service import Service
from dasier.serving.settings import Settings
from dasier.signing import LocalSigner, TrustedKeys
from dasier.store import Store, open_store

ROOT = Path(__file__).parents[1]

# --- fitted here, built whole --------------------------------------------------------------------


def leaves() -> Trained:
    """A linear classifier of three floats: runs on arrays or onnx, whichever is cheaper."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame(np.round(rng.normal(0, 1, (120, 3)), 3), columns=["length", "width", "lobes"])
    table["tree"] = np.where(table["length"] + table["width"] > 0, "oak", "ash")
    return trained("leaves", LogisticRegression(), table, "tree")


def flats() -> Trained:
    """A linear regression of two floats: its Shapley values are known exactly."""
    rng = np.random.default_rng(2)
    table = pd.DataFrame(np.round(rng.uniform(0, 10, (80, 2)), 2), columns=["area", "floor"])
    table["price"] = 3 * table["area"] - 2 * table["floor"] + 7
    return trained("flats", LinearRegression(), table, "price", "regression")


def sheds() -> Trained:
    """Boosted trees with histograms: run on arrays, for no graph is made of them."""
    rng = np.random.default_rng(3)
    table = pd.DataFrame(np.round(rng.uniform(0, 10, (100, 2)), 2), columns=["area", "floor"])
    table["price"] = np.round(table["area"] * table["floor"], 2)
    return trained("sheds", HistGradientBoostingRegressor(max_iter=5), table, "price", "regression")


def gulls() -> Trained:
    """Mixed columns with nulls: floats, an integer, a boolean, categories."""
    rng = np.random.default_rng(4)
    n = 160
    table = pd.DataFrame(
        {
            "bill": np.round(rng.normal(44, 5, n), 1),
            "eggs": rng.integers(0, 5, n),
            "ringed": rng.random(n) < 0.5,
            "isle": rng.choice(["Biscoe", "Dream"], n),
            "sex": rng.choice(["f", "m"], n),
        }
    )
    table["kind"] = np.where(table["bill"] + 3 * (table["isle"] == "Dream") > 45, "herring", "common")
    table.loc[::9, "bill"] = np.nan
    table.loc[::7, "sex"] = np.nan
    words = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    columns = ColumnTransformer(
        [
            ("n", make_pipeline(SimpleImputer(), StandardScaler()), ["bill", "eggs"]),
            ("w", words, ["isle", "sex"]),
        ],
    )
    return trained("gulls", make_pipeline(columns, LogisticRegression(max_iter=500)), table, "kind")


def pipes() -> Trained:
    """An anomaly detector."""
    table = pd.DataFrame(
        np.round(np.random.default_rng(5).normal(50, 5, (80, 2)), 2), columns=["heat", "hum"]
    )
    return trained("pipes", IsolationForest(n_estimators=5, random_state=0), table, None, "anomaly_detection")


def herds() -> Trained:
    """Two clusters."""
    rng = np.random.default_rng(6)
    table = pd.DataFrame(np.round(rng.normal(0, 1, (60, 2)), 2), columns=["east", "north"])
    table.iloc[:30] += 20
    return trained("herds", KMeans(2, n_init=1, random_state=0), table, None, "clustering")


def trained(
    name: str,
    estimator: Any,
    table: pd.DataFrame,
    target: str | None,
    task: str = "classification",
    **more: Any,
) -> Trained:
    held_out, fitted_rows = table.iloc[: len(table) // 3], table.iloc[len(table) // 3 :]
    features = [column for column in table.columns if column != target]
    estimator.fit(fitted_rows[features], None if target is None else fitted_rows[target])
    return Trained(
        name=name,
        task=task,
        about=About(title={"en": name, "fr": name}, summary={"en": name, "fr": name}),
        estimator=estimator,
        table=table,
        target=target,
        fitted_rows=fitted_rows,
        held_out=held_out,
        split={
            "kind": "held_out",
            "held_out_rows": len(held_out),
            "fitted_rows": len(fitted_rows),
            "seed": 1,
        },
        seed=1,
        origin={"kind": "recipe", "recipe": name},
        **more,
    )


FITTED = {"leaves": leaves, "flats": flats, "sheds": sheds, "gulls": gulls, "pipes": pipes, "herds": herds}


@cache
def fitted(name: str) -> Trained:
    """Give a fitted estimator with its rows."""
    return FITTED[name]()


@cache
def built(name: str) -> Built:
    """Give a model that is ready to publish."""
    return assemble(fitted(name))


# --- made by hand in microseconds: a number that every answer is ------------------------------------

X = Schema(
    (Column(name="x", kind="float", minimum=0.0, maximum=1.0, typical=0.5, example=0.5),),
    Output(name="y", task="regression"),
)


@cache
def graph(number: float, padding: int = 0) -> bytes:
    """Give an ONNX graph whose every answer is a number, made larger by so many bytes."""
    zero = numpy_helper.from_array(np.zeros((1, 1)), "zero")
    known = numpy_helper.from_array(np.array([number], dtype=np.float64), "number")
    nodes = [
        helper.make_node("MatMul", ["numbers", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "number"], ["prediction"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["n", 1])
        for name in ("numbers", "prediction")
    ]
    made = helper.make_graph(nodes, "constant", ends[:1], ends[1:], [zero, known], doc_string="." * padding)
    return bytes(
        helper.make_model(
            made, ir_version=10, opset_imports=[helper.make_opsetid("", 21)]
        ).SerializeToString()
    )


def constant(name: str = "constant", number: float = 1.0, *, padding: int = 0, **changes: Any) -> Built:
    """Give a build on the onnx runtime whose every answer is a number, so that it tells which version gave it."""
    return raw(name, graph(number, padding), onnx.requirements(), number, runtime_name="onnx", **changes)


def pickled(name: str, thing: Any, *, answer: float = 1.0, padding: int = 0, **changes: Any) -> Built:
    """Give a build of anything that pickles, believed to answer a number."""
    return raw(
        name, pickle.dumps(thing, protocol=5) + b"\0" * padding, sklearn.requirements(), answer, **changes
    )


def raw(
    name: str,
    blob: bytes,
    requires: dict[str, str],
    answer: float = 1.0,
    *,
    runtime_name: str = "sklearn",
    **changes: Any,
) -> Built:
    """Give a build of any bytes."""
    contents = {"model": blob, "card.en.md": b"# " + name.encode()}
    manifest = Manifest(
        name=name,
        version=0,
        id="",
        created="2026-11-20T09:30:00Z",
        created_by="tests",
        title={"en": name, "fr": name},
        summary={"en": name, "fr": name},
        source={"kind": "recipe"},
        data={"rows": 1, "sha256": hashlib.sha256(b"").hexdigest()},
        seed=1,
        environment={"python": "3.11"},
        estimator={"class": "Constant", "summary": "Constant"},
        schema=X,
        metrics={"values": {}},
        runtime=RuntimeChoice(name=runtime_name, reason={"en": "tests"}, requires=requires),
        golden={"inputs": {"x": [0.0, 1.0]}, "outputs": {"predictions": [answer, answer]}},
        blobs={role: Blob.of(content, "application/octet-stream") for role, content in contents.items()},
    )
    return Built(replace(manifest, **changes), contents)


def renamed(build: Built, name: str) -> Built:
    """Give the same build under another name."""
    return replace(build, manifest=replace(build.manifest, name=name))


# --- registries ------------------------------------------------------------------------------------

SIGNER = LocalSigner(Ed25519PrivateKey.generate())
TRUSTED = TrustedKeys.parse([SIGNER.public_key()])


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s

    def passes(self, seconds: float) -> None:
        self.now_s += seconds


class Counting(Store):
    """A store that writes down what is asked of it, and can go away."""

    def __init__(self, store: Store) -> None:
        super().__init__(store._backend, url=store.url)
        self.asked: list[str] = []
        self.broken: Exception | None = None

    def _noted(self, what: str) -> None:
        self.asked.append(what)
        if self.broken is not None:
            raise self.broken

    def get(self, key: str) -> bytes | None:
        self._noted(f"get {key}")
        return super().get(key)

    def get_sized(self, key: str, size_bytes: int) -> bytes | int | None:
        self._noted(f"get {key}")
        return super().get_sized(key, size_bytes)

    def exists(self, key: str) -> bool:
        self._noted(f"head {key}")
        return super().exists(key)

    def keys(self, prefix: str, **more: Any) -> Any:
        self._noted(f"list {prefix}")
        return super().keys(prefix, **more)

    def folders(self, prefix: str) -> list[str]:
        self._noted(f"list {prefix}")
        return super().folders(prefix)

    @property
    def blobs_read(self) -> int:
        return sum(what.startswith("get blobs/") for what in self.asked)


@dataclass
class Shop:
    """A registry of a test's own, with somebody who publishes into it."""

    store: Store = field(default_factory=lambda: open_store("memory://"))
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.registry = Registry(self.store, TRUSTED)

    def publish(self, build: Built, *, release: bool = True) -> int:
        """Publish, judge by hand, and let serve."""
        version = self.registry.publish(build, SIGNER).version
        self.registry.record_verdict(build.manifest.name, version, {"passed": True, "rules": []})
        if release:
            self.release(build.manifest.name, version)
        return version

    def release(
        self, name: str, version: int | None, *, canary: Canary | None = None, action: str = "promote"
    ) -> None:
        """Append to the release log."""
        head = self.registry.head(name)
        self.registry.append(
            name, entry(head.number + 1 if head else 1, version, head, canary=canary, action=action)
        )

    def service(self, registry: Registry | None = None, **changes: Any) -> Service:
        """Give a service that knows nothing yet, as after a cold start."""
        settings = Settings(**{"registry": "memory://", "trusted_keys": (SIGNER.public_key(),), **changes})
        return Service(registry or self.registry, settings, clock=self.clock)


def entry(number: int, serving: int | None, head: Release | None = None, **more: Any) -> Release:
    """Give an entry of the release log."""
    previous = head.serving if head else None
    values = {"action": "promote", "who": "tests", "why": "because", "when": "2026-11-20T09:30:00Z", **more}
    return Release(number=number, id=uuid4().hex, serving=serving, previous=previous, **values)


class Answering:
    """A model for the cache, of no bytes."""

    def predict(self, rows: Any) -> Any:
        raise NotImplementedError
