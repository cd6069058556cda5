"""A recipe and a table are fitted: in one thread, and on categories in one spelling."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: F401 (its OpenMP is what is limited)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from threadpoolctl import threadpool_info

from dasier.building.recipe import read
from dasier.building.table import train_table
from dasier.building.threads import one_thread
from dasier.building.training import train
from dasier.errors import DataInvalid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dasier.building.recipe import Recipe

PARAMS = """
name = "plums"
task = "classification"
target = "kind"
seed = 1
title = { en = "Plums", fr = "Prunes" }
summary = { en = "Which plum.", fr = "Quelle prune." }
limits = { en = "Two kinds.", fr = "Deux variétés." }
"""
CODE = """
import pandas as pd
from tests.building.test_training import Recorder, estimator, plums

def load():
    return plums()
"""
COMPOSED, DECOMPOSED = "café", unicodedata.normalize("NFD", "café")


class Recorder:
    """Notes how many threads each library has when it is fitted."""

    def fit(self, rows: pd.DataFrame, labels: pd.Series) -> Recorder:
        del rows, labels
        self.threads = [library["num_threads"] for library in threadpool_info()]
        return self


def plums() -> pd.DataFrame:
    """Give rows in which one category, and one class, has two spellings."""
    rng = np.random.default_rng(0)
    size = rng.normal(size=80)
    return pd.DataFrame(
        {
            "size": size,
            "spots": pd.array([*rng.integers(0, 5, 79).tolist(), None], dtype="Int64"),
            "shop": np.resize([COMPOSED, DECOMPOSED, "market"], 80),
            "kind": np.where(size > 0, np.resize(["é", "e\u0301"], 80), "plain"),
        }
    )


def estimator(_params: object) -> object:
    """Give what a recipe would."""
    encoder = OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include=object)
    return make_pipeline(make_column_transformer(encoder, ("passthrough", ["size"])), LogisticRegression())


@pytest.fixture
def recipe(tmp_path: Path) -> Callable[..., Recipe]:
    def written(code: str = CODE, document: str = PARAMS) -> Recipe:
        (tmp_path / "recipe.py").write_text(code)
        (tmp_path / "params.toml").write_text(document)
        return read(tmp_path)

    return written


def test_a_recipe_is_fitted_in_one_thread(recipe: Callable[..., Recipe]) -> None:
    held = recipe(CODE + "\ndef estimator(params): return Recorder()\n")

    fitted = train(held).estimator

    assert set(fitted.threads) == {1}


def test_threads_are_given_back() -> None:
    before = [library["num_threads"] for library in threadpool_info()]

    with one_thread():
        pass

    assert [library["num_threads"] for library in threadpool_info()] == before


def test_two_spellings_of_a_category_are_one(recipe: Callable[..., Recipe]) -> None:
    trained = train(recipe())

    assert set(trained.table["shop"]) == {COMPOSED, "market"}
    assert trained.estimator.classes_.tolist() == ["plain", "é"]


def test_spelling_leaves_the_kinds_of_columns_with_nulls(recipe: Callable[..., Recipe]) -> None:
    from dasier.building.frames import tidy  # noqa: PLC0415 - what is asked about

    table = train(recipe()).table

    assert tidy(table).kinds["spots"] == "integer"
    assert table["spots"].isna().sum() == 1


def test_a_table_has_one_spelling_of_a_category_too(tmp_path: Path) -> None:
    plums().to_csv(tmp_path / "plums.csv", index=False)

    trained = train_table(tmp_path / "plums.csv", target="kind", name="plums", progress=lambda _: None)

    assert set(trained.table["shop"]) == {COMPOSED, "market"}
    assert trained.estimator.classes_.tolist() == ["plain", "é"]


def test_text_is_left_as_it_is(recipe: Callable[..., Recipe]) -> None:
    held = recipe(document=PARAMS + '[columns.shop]\nkind = "text"\n')

    assert DECOMPOSED in set(train(held).table["shop"])


def test_a_label_reaches_a_category_of_either_spelling(recipe: Callable[..., Recipe]) -> None:
    document = PARAMS + f'[columns.shop.category_labels]\n"{DECOMPOSED}" = {{ en = "Coffee", fr = "Café" }}\n'

    labels = recipe(document=document).refinements.of("shop").category_labels

    assert list(labels) == [COMPOSED]


def test_rows_that_the_estimator_refuses_are_told(recipe: Callable[..., Recipe]) -> None:
    held = recipe(CODE.replace("plums()", "plums().assign(kind='plain')"))

    with pytest.raises(DataInvalid, match="plums: the estimator refuses the rows"):
        train(held)
