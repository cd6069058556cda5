"""Feature names NFC/NFD, right to left, emoji, homoglyphs, blanks, __proto__: one spelling, collisions refused."""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from dasier.building.assembling import assemble
from dasier.building.frames import tidy
from dasier.errors import DataInvalid
from dasier.rows import from_records, pointer_in
from dasier.serving.predicting import predict
from tests import models
from tests.models import Shop

AT = pointer_in("#")
NAMES = [
    "e\u0301te\u0301 ",
    "\u05d2\u05d9\u05dc",
    "\U0001f426 size",
    "\u0430ge",
    " a b ",
    "__proto__",
    "100%41",
    "a/b~c",
]


def test_names_are_published_and_predicted_with_in_their_one_spelling() -> None:
    rng = np.random.default_rng(0)
    raw = pd.DataFrame(rng.normal(size=(60, len(NAMES))), columns=NAMES)
    raw["y"] = raw.sum(axis=1)
    table = tidy(raw).frame
    build = assemble(models.trained("names", LinearRegression(), table, "y", "regression"))
    shop = Shop()
    shop.publish(build)
    loaded = shop.service().serving("names")
    sent: list[dict[str, Any]] = [
        dict(zip(NAMES, row, strict=True)) for row in raw[NAMES].head(5).to_numpy().tolist()
    ]
    spelt = [{unicodedata.normalize("NFC", name).strip(): cell for name, cell in row.items()} for row in sent]

    answers = [
        predict(loaded, from_records(loaded.manifest.schema, rows, AT), AT).predictions
        for rows in (sent, spelt)
    ]

    assert loaded.manifest.schema.names == tuple(unicodedata.normalize("NFC", name).strip() for name in NAMES)
    assert np.array_equal(answers[0], answers[1])
    assert answers[0] == pytest.approx(raw["y"].head(5).to_numpy(), abs=1e-6)


@pytest.mark.parametrize(
    "names",
    [["\u00e9", "e\u0301"], ["a", " a"], ["a", "a\u00a0"], ["a", "a"], ["\u0430ge", "age"]],
    ids=["composed", "blank", "hard blank", "twice", "homoglyph"],
)
def test_names_that_are_one_are_refused_at_build(names: list[str]) -> None:
    with pytest.raises(DataInvalid, match=r"both named|look the same"):
        tidy(pd.DataFrame([[1.0, 2.0]], columns=names))


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\0", "\u202eage", "x" * 201])
def test_name_that_would_mislead_is_refused_at_build(name: str) -> None:
    with pytest.raises(DataInvalid):
        tidy(pd.DataFrame([[1.0]], columns=[name]))
