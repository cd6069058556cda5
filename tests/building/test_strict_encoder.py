"""An encoder that refuses what it never saw: served, and the row is told so."""

from __future__ import annotations

import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from dasier.building.assembling import assemble
from dasier.errors import RowsRefused
from dasier.rows import from_records, pointer_in
from dasier.serving.predicting import predict
from tests import models
from tests.models import Shop

AT = pointer_in("#/instances")


def test_unseen_category_is_the_rows_problem_and_known_ones_are_answered() -> None:
    table = models.fitted("gulls").table.drop(columns=["bill", "sex", "ringed"])
    encoder = ColumnTransformer(
        [("n", "passthrough", ["eggs"]), ("w", OneHotEncoder(sparse_output=False), ["isle"])]
    )
    estimator = make_pipeline(encoder, HistGradientBoostingClassifier(max_iter=3))
    shop = Shop()
    built = assemble(models.trained("strict", estimator, table, "kind"))
    shop.publish(built)
    loaded = shop.service().serving("strict")
    rows = from_records(loaded.manifest.schema, [{"eggs": 1, "isle": isle} for isle in ("Dream", "Mars")], AT)

    with pytest.raises(RowsRefused) as caught:
        predict(loaded, rows, AT)

    assert [(v.pointer, v.code) for v in caught.value.violations] == [("#/instances/1", "not_answered")]
    assert len(predict(loaded, rows.take([0]), AT).predictions) == 1
    assert built.manifest.runtime.parity["refused"] == ["unseen"]
    assert "A row with a category that it never saw may be refused." in built.blobs["card.en.md"].decode()
    assert (
        "Une ligne dont une catégorie lui est inconnue peut être refusée."
        in built.blobs["card.fr.md"].decode()
    )


def test_golden_records_hold_nobodys_row() -> None:
    table = models.fitted("gulls").table
    golden = models.built("gulls").manifest.golden["inputs"]

    real = set(table[["bill"]].dropna().itertuples(index=False, name=None))
    made = {(bill,) for bill in golden["bill"] if bill is not None}
    assert made.isdisjoint(real)
