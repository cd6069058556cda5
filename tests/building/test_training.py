from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression

from dasier.building import build_recipe
from dasier.building.recipe import Recipe
from dasier.building.refinements import ColumnNotes, Refinements
from dasier.building.training import as_declared, split, train
from dasier.errors import DataInvalid, RecipeInvalid


def table(n: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=n), "n": rng.integers(0, 9, n)})
    frame["kind"] = np.where(frame["a"] > 0, "up", "down")
    return frame


def recipe(frame: pd.DataFrame, **changes: Any) -> Recipe:
    text = {"en": "m", "fr": "m"}
    values: dict[str, Any] = {
        "folder": Path(), "name": "m", "task": "classification", "target": "kind", "seed": 7,
        "title": text, "summary": text, "limits": text, "test_share": 0.25, "stratify": True,
        "estimator_params": {"C": 2.0}, "refinements": Refinements(), "gate": {}, "digests": {},
        "load": lambda: frame, "estimator": lambda params: LogisticRegression(**params),
    }  # fmt: skip
    return Recipe(**(values | changes))


def test_rows_are_divided_and_the_estimator_is_fitted_on_one_part() -> None:
    trained = train(recipe(table()))

    assert (len(trained.fitted_rows), len(trained.held_out)) == (30, 10)
    assert set(trained.fitted_rows.index).isdisjoint(trained.held_out.index)
    assert trained.features == ["a", "n"]
    assert trained.estimator.C == 2.0
    assert trained.estimator.feature_names_in_.tolist() == ["a", "n"]
    assert trained.split["held_out_rows"] == 10


def test_same_seed_gives_the_same_parts() -> None:
    one, two, other = (train(recipe(table(), seed=seed)).held_out.index.tolist() for seed in (7, 7, 8))

    assert one == two != other


def test_stratified_parts_have_the_same_shares() -> None:
    frame = table(200).assign(kind=["rare"] * 20 + ["often"] * 180)

    assert train(recipe(frame)).held_out["kind"].value_counts().to_dict() == {"often": 45, "rare": 5}


def test_rows_without_a_target_are_left_out() -> None:
    frame = table()
    frame.loc[:4, "kind"] = None

    trained = train(recipe(frame))

    assert len(trained.table) == 35
    assert trained.table["kind"].notna().all()


def test_whole_number_classes_stay_whole_when_some_are_missing() -> None:
    cells = pd.array([None, *[0, 1] * 20][:40], dtype="Int64")

    trained = train(recipe(table().assign(kind=cells)))

    assert trained.estimator.classes_.tolist() == [0, 1]
    assert trained.estimator.classes_.dtype == np.int64


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (table().drop(columns="kind"), "no column 'kind'"),
        (table().assign(kind=None), "nothing but nulls"),
        (table().assign(kind=["one", *["two"] * 39]), "cannot be divided"),
        (table().assign(a=[np.nan, *range(39)]), "refuses the rows"),
    ],
)
def test_rows_that_cannot_be_used_say_why(frame: pd.DataFrame, why: str) -> None:
    with pytest.raises(DataInvalid, match=why):
        train(recipe(frame))


@pytest.mark.parametrize("labels", [[*range(20)] * 2, [*range(20), *map(str, range(20))]])
def test_rows_of_any_labels_are_each_in_one_part(labels: list[Any]) -> None:
    frame = table()[["a", "n"]].set_axis(labels)
    groups = recipe(
        frame, task="clustering", target=None, stratify=False, estimator=lambda _: KMeans(2, n_init=1)
    )

    trained = train(groups)

    assert (len(trained.table), len(trained.fitted_rows), len(trained.held_out)) == (40, 30, 10)
    assert set(trained.fitted_rows["a"]).isdisjoint(trained.held_out["a"])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"estimator_params": {"regularisation": 1}},
            r"\[estimator\] .*unexpected keyword argument 'regularisation'",
        ),
        ({"estimator": lambda _: None}, "gives NoneType; let it return an unfitted estimator"),
        ({"estimator": lambda _: LogisticRegression}, "gives the class LogisticRegression"),
        ({"load": lambda: [1, 2]}, r"load\(\) gives a list; let it give a DataFrame"),
    ],
)
def test_recipe_whose_functions_give_something_else_says_what(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(RecipeInvalid, match=why):
        train(recipe(table(), **changes))


def test_class_that_nothing_can_be_learnt_of_is_told() -> None:
    frame = table().assign(kind=["one", *["two", "three"] * 19, "two"])

    with pytest.raises(DataInvalid, match=r"class one .* held out only; set split\.stratify"):
        train(recipe(frame, stratify=False, seed=2))  # a seed that holds the first row out


def test_whole_number_declared_a_measurement_is_fitted_as_one() -> None:
    notes = Refinements(columns={"n": ColumnNotes(kind="float")})

    trained = train(recipe(table(), refinements=notes))

    assert trained.table["n"].dtype == np.float64
    assert as_declared(table(), {"n": "float", "none": "float"})["n"].dtype == np.float64


def test_parts_keep_the_order_of_the_table() -> None:
    fitted_rows, held_out = split(table(), None, share=0.5, seed=1)

    assert fitted_rows.index.is_monotonic_increasing
    assert held_out.index.is_monotonic_increasing


def test_folder_without_a_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeInvalid):
        build_recipe(tmp_path)


def test_slice_of_a_column_that_the_data_does_not_have_is_refused() -> None:
    rules = {"slices": [{"column": "height", "minimum": 1.0, "metric": "accuracy", "floor": 0.5}]}

    with pytest.raises(DataInvalid, match=r"no column 'height', which the recipe's gate\.slices names"):
        train(recipe(table(), gate=rules))
