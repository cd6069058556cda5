"""Every recipe keeps the promises of model_builds/: pure, bilingual, offline, and better than a guess."""

from __future__ import annotations

import os
import pickle
import pickletools
import socket
import sys
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from dasier.building.evaluate import evaluate
from dasier.building.frames import tidy, to_rows
from dasier.building.infer import infer
from dasier.building.recipe import Recipe, read
from dasier.runtimes import Outputs

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from dasier.schema import Schema

FOLDER = Path(__file__).resolve().parents[2] / "model_builds"
NAMES = sorted(path.name for path in FOLDER.iterdir() if (path / "recipe.py").is_file())

every_recipe = pytest.mark.parametrize("name", NAMES)


@cache
def recipe(name: str) -> Recipe:
    return read(FOLDER / name)


@cache
def data(name: str) -> pd.DataFrame:
    return recipe(name).load()


@cache
def schema(name: str) -> Schema:
    held = recipe(name)
    return infer(data(name), task=held.task, target=held.target, refinements=held.refinements)


@cache
def fitted(name: str) -> tuple[Any, dict[str, Any]]:
    """Give the fitted estimator and its measures on held-out rows."""
    held, frame = recipe(name), tidy(data(name)).frame
    target = None if held.target is None else frame[held.target]
    kept, out = train_test_split(
        np.arange(len(frame)),
        test_size=held.test_share,
        random_state=held.seed,
        stratify=target if held.stratify else None,
    )
    features = frame[list(schema(name).names)]
    estimator = held.estimator(held.estimator_params)
    supervised = held.task in ("classification", "regression") and target is not None
    estimator.fit(features.iloc[kept], target.iloc[kept] if supervised else None)
    rows = features.iloc[out]
    outputs = Outputs(
        estimator.predict(rows),
        estimator.predict_proba(rows) if hasattr(estimator, "predict_proba") else None,
        estimator.decision_function(rows) if held.task == "anomaly_detection" else None,
    )
    measures = evaluate(
        outputs,
        None if target is None else target.iloc[out].to_numpy(),
        output=schema(name).output,
        split={"seed": held.seed, "fitted_rows": len(kept), "held_out_rows": len(out)},
        space=np.asarray(estimator[:-1].transform(rows)) if held.task == "clustering" else None,
    )
    return estimator, measures


class Watch:
    """Notes connections and writes while it is on; an audit hook, since one cannot be gone round."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self.hook)

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event in ("socket.connect", "socket.getaddrinfo"):
            self.seen.append(event)
        if event == "open" and "__pycache__" not in str(args[0]):
            writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT
            if isinstance(args[2], int) and args[2] & writes:
                self.seen.append(f"write {args[0]}")


WATCH = Watch()


@contextmanager
def watched() -> Iterator[list[str]]:
    WATCH.seen.clear()
    WATCH.on = True
    try:
        yield WATCH.seen
    finally:
        WATCH.on = False


def test_there_is_a_recipe_for_each_task() -> None:
    tasks = {recipe(name).task for name in NAMES}

    assert tasks == {"classification", "regression", "clustering", "anomaly_detection"}


@every_recipe
def test_a_recipe_is_named_after_its_folder(name: str) -> None:
    found = recipe(name).name

    assert found == name


@every_recipe
def test_a_recipe_explains_itself(name: str) -> None:
    text = (FOLDER / name / "README.md").read_text()

    assert all(f"**{part}" in text for part in ("Question.", "Data.", "Licence of the data.", "Limits."))


@every_recipe
def test_loading_opens_no_connection_and_writes_nothing(name: str) -> None:
    held = recipe(name)

    with watched() as seen:
        held.load()

    assert seen == []


def test_the_watch_sees_a_connection_and_a_write(tmp_path: Path) -> None:
    with watched() as seen:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", 9), timeout=0.01)
        (tmp_path / "written").write_text("here")

    assert "socket.connect" in seen
    assert f"write {tmp_path / 'written'}" in seen


@every_recipe
def test_loading_gives_the_same_rows_each_time(name: str) -> None:
    first, second = recipe(name).load(), recipe(name).load()

    assert first.equals(second)


@every_recipe
def test_every_column_is_labelled_and_explained_in_both_languages(name: str) -> None:
    columns = schema(name).columns

    assert [c.name for c in columns if not (c.label.get("en") and c.label.get("fr"))] == []
    assert [c.name for c in columns if not (c.help and c.help.get("en") and c.help.get("fr"))] == []
    assert [c.name for c in columns if c.label["fr"] == c.name] == []


@every_recipe
def test_every_category_has_a_name_in_both_languages(name: str) -> None:
    for column in schema(name).columns:
        assert tuple(column.category_labels) == column.categories


@every_recipe
def test_every_class_has_a_name_in_both_languages(name: str) -> None:
    held = recipe(name)
    classes = schema(name).output.classes if held.task != "clustering" else (0, 1, 2)

    labels = held.refinements.output.class_labels

    assert set(labels) == {str(c) for c in classes}


@every_recipe
def test_french_texts_follow_french_typography(name: str) -> None:
    held = recipe(name)
    texts = [held.title, held.summary, held.limits, held.use, held.data]
    texts += [text for column in schema(name).columns for text in (column.label, column.help or {})]
    texts += [text for column in schema(name).columns for text in column.category_labels.values()]

    wrong = [
        text["fr"]
        for text in texts
        if "'" in text["fr"] or any(f"{space}{sign}" in text["fr"] for sign in ":;?!%»" for space in " ")
    ]

    assert wrong == []


@every_recipe
def test_every_training_row_fits_the_schema_without_a_warning(name: str) -> None:
    rows = to_rows(tidy(data(name)).frame, schema(name))

    assert len(rows) == len(data(name))
    assert rows.warnings == ()


@every_recipe
def test_the_example_fits_the_schema_and_is_no_training_row(name: str) -> None:
    held = schema(name)
    example = held.example()

    rows = to_rows(tidy(data(name)).frame[:0].reindex([0]).assign(**example), held)
    same = (data(name)[list(example)] == list(example.values())).all(axis=1)

    assert rows.warnings == ()
    assert not same.any()


@every_recipe
def test_a_model_beats_a_constant_guess(name: str) -> None:
    _, measures = fitted(name)
    values, guess = measures["values"], measures.get("constant_guess", {})

    if recipe(name).task == "classification":
        assert values["balanced_accuracy"]["low"] > guess["balanced_accuracy"] + 0.1
        assert values["accuracy"]["value"] > guess["accuracy"]
    elif recipe(name).task == "regression":
        assert values["mae"]["high"] < guess["mae"]
    elif recipe(name).task == "clustering":
        assert values["silhouette"]["low"] > 0.3
    else:
        assert values["roc_auc"]["low"] > 0.7


@every_recipe
def test_a_pickle_of_the_model_names_no_class_outside_its_libraries(name: str) -> None:
    estimator, _ = fitted(name)

    strings = [arg for _, arg, _ in pickletools.genops(pickle.dumps(estimator)) if isinstance(arg, str)]

    assert not [s for s in strings if s.startswith(("recipe", "dasier", "model_builds", "pandas"))]


def test_reading_recipes_leaves_the_interpreter_as_it_was() -> None:
    path, modules = list(sys.path), set(sys.modules)

    for name in NAMES:
        read(FOLDER / name)

    assert sys.path == path
    assert set(sys.modules) == modules


def test_groups_of_penguins_mean_what_they_are_called() -> None:
    estimator, _ = fitted("penguin-groups")
    groups = estimator.predict(data("penguin-groups"))

    middles = data("penguin-groups").groupby(groups).median()

    assert middles["bill_length_mm"].idxmin() == 0
    assert middles["body_mass_g"].idxmax() == 2
    assert middles["flipper_length_mm"].idxmax() == 2
    assert middles["bill_depth_mm"].idxmin() == 2


def test_an_unseen_category_of_credit_is_answered_as_a_missing_one() -> None:
    estimator, _ = fitted("credit-default")
    rows = tidy(data("credit-default")).frame[list(schema("credit-default").names)].head(50)

    unseen = estimator.predict_proba(rows.assign(job="astronaut"))
    missing = estimator.predict_proba(rows.assign(job=np.full(len(rows), np.nan, dtype=object)))

    assert np.array_equal(unseen, missing)
