"""Versions whose differences are known by construction, published and compared."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dasier.comparing import Comparison, Source, compare, from_held_out, manifests
from dasier.golden import record
from dasier.rows import from_columns, pointer_in
from dasier.runtimes import sklearn
from dasier.schema import Column, Output, Schema
from tests import models
from tests.comparing.estimators import ISLES
from tests.gate.offers import held

if TYPE_CHECKING:
    from dasier.built import Built
    from tests.models import Shop

N_ROWS = 200
ROWS: dict[str, list[Any]] = {
    "isle": [ISLES[index % 4] for index in range(N_ROWS)],
    "mass": [3000.0 + 10 * ((index * 7) % N_ROWS) for index in range(N_ROWS)],
}
TRUTH = ["large" if mass >= 4000 else "small" for mass in ROWS["mass"]]

COLUMNS = (
    Column(name="isle", kind="category", categories=ISLES),
    Column(name="mass", kind="float", minimum=3000.0, maximum=5000.0),
)
SIZES = Schema(
    COLUMNS, Output(name="size", task="classification", classes=("large", "small"), probabilities=True)
)
PRICES = Schema(COLUMNS, Output(name="price", task="regression", unit="kEUR"))
GROUPS = Schema(COLUMNS, Output(name="cluster", task="clustering", classes=(0, 1, 2)))
ALARMS = Schema(COLUMNS, Output(name="anomaly", task="anomaly_detection", classes=(-1, 1)))


def version(
    thing: Any,
    schema: Schema = SIZES,
    *,
    rows: dict[str, list[Any]] | None = None,
    truth: list[Any] | None = None,
    **changes: Any,
) -> Built:
    """Give a build of an estimator, with held-out rows."""
    rows = rows or ROWS
    blob = pickle.dumps(thing, protocol=5)
    known = {name: cells[:3] for name, cells in rows.items()}
    golden = from_columns(schema, known, pointer_in("#"))
    answers = sklearn.load(blob, schema).predict(golden)
    build = models.raw("sizes", blob, sklearn.requirements(), schema=schema, golden=record(golden, answers))
    build = held(build, None, inputs=rows, target=truth)
    lazily = replace(
        build.manifest.runtime, lazily=True
    )  # as what a build makes of an estimator of scikit-learn's
    return replace(build, manifest=replace(build.manifest, runtime=lazily, metrics={"values": {}}, **changes))


def against(shop: Shop, old: Built, new: Built, source: Source | None = None, **more: Any) -> Comparison:
    """Publish two versions and compare the second with the first, on the rows that it held out if on none else."""
    first, second = shop.publish(old), shop.publish(new)
    before, after = manifests(shop.registry, "sizes", second, first)
    return compare(
        shop.registry, before, after, source or from_held_out(shop.registry, after, before), **more
    )


def told(comparison: Comparison, part: str) -> dict[str, Any]:
    """Give what is told of a part of the rows."""
    (one,) = (one for one in comparison.document["slices"]["told"] if one["slice"] == part)
    return dict(one)
