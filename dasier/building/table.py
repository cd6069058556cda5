"""A model for someone who has only a table: columns typed by themselves, a pipeline chosen by cross-validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.building import training
from dasier.building.frames import respelt, tidy
from dasier.building.infer import readable
from dasier.building.left_out import ASKED, EMPTY, left_out
from dasier.building.refinements import OutputNotes, Refinements
from dasier.building.table_csv import read_csv, words_for_nothing
from dasier.building.threads import one_thread
from dasier.building.trained import About, Trained
from dasier.errors import DataInvalid
from dasier.schema import Kind, Task, Text, normalised

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    import pandas as pd

SEED = 7
TEST_SHARE = 0.25
FOLDS = 5

MOST_CLASSES = 20
"""A whole-number target with at most so many values, each repeated, is a class and not a quantity."""

_LARGE_ROWS = 20_000
"""From here on boosting with histograms is fitted sooner than boosting with all values."""


@dataclass(frozen=True, slots=True)
class _Contest:
    """Candidates and how they are compared."""

    scoring: str
    candidates: dict[str, Any]


def train_table(
    path: Path,
    *,
    target: str,
    name: str,
    without: Collection[str] = (),
    progress: Callable[[str], None],
) -> Trained:
    """Give the better of a linear model and boosted trees, fitted on a CSV file's rows but some columns.

    Raises
    ------
    DataInvalid
        If the file, the target or the columns cannot be used.
    """
    table, kinds, notes = _columns(read_csv(path), normalised(target), [*map(normalised, without)])
    target = normalised(target)
    task = _task(table[target], kinds[target])
    stratify = target if task == "classification" else None
    fitted_rows, held_out = training.split(table, stratify, share=TEST_SHARE, seed=SEED)
    features = [column for column in table.columns if column != target]
    numbers = {column: "float64" for column in features if kinds[column] == "boolean"}
    fitted_rows, held_out = fitted_rows.astype(numbers), held_out.astype(numbers)
    contest = _contest(kinds, features, task, n_rows=len(table))
    with one_thread():
        name_chosen, scores = _winner(contest, fitted_rows[features], fitted_rows[target], task, progress)
        progress(f"fit the {name_chosen}")
        estimator = contest.candidates[name_chosen].fit(fitted_rows[features], fitted_rows[target])
    return Trained(
        name=name,
        task=task,
        about=_about(name, target, path),
        estimator=estimator,
        table=table,
        target=target,
        fitted_rows=fitted_rows,
        held_out=held_out,
        split=training.described(fitted_rows, held_out, stratified=stratify is not None, seed=SEED),
        seed=SEED,
        refinements=Refinements(output=OutputNotes(label={"en": readable(target), "fr": readable(target)})),
        origin={"kind": "csv", "file": path.name},
        notes=(_told(scores, name_chosen, contest.scoring), *notes),
    )


def _columns(
    frame: pd.DataFrame, target: str, without: Collection[str] = ()
) -> tuple[pd.DataFrame, dict[str, Kind], list[Text]]:
    """Give the rows that have a target, the columns that can be learnt from with their kinds, and what is told of the others."""
    names = {normalised(str(column)): column for column in frame.columns}
    there = f"; the table has {', '.join(names)}"
    if target not in names:
        raise DataInvalid(f"there is no column {target!r}{there}")
    if unknown := [column for column in without if column not in names]:
        raise DataInvalid(f"there is no column {', '.join(map(repr, unknown))} to leave out{there}")
    if target in without:
        raise DataInvalid(f"the target {target!r} cannot be left out: it is what is to be predicted")
    frame = frame.drop(columns=[names[column] for column in without])
    empty = [normalised(str(column)) for column in frame.columns if frame[column].isna().all()]
    if target in empty:
        raise DataInvalid(f"the target {target!r} cannot be predicted: it is empty")
    table = tidy(frame.dropna(axis="columns", how="all"))
    rows, kinds = table.frame, dict(table.kinds)
    if kinds[target] == "float" and (rows[target].dropna() % 1 == 0).all():
        kinds[target] = "integer"  # 1.0 is how pandas writes a class where one row had none
    rows = training.with_whole_target(
        rows[rows[target].notna()].reset_index(drop=True), target, kinds[target]
    )
    rows = respelt(rows, (name for name, kind in kinds.items() if kind == "category"))
    dull = dict.fromkeys(without, ASKED) | dict.fromkeys(empty, EMPTY) | left_out(rows, kinds, target=target)
    notes: list[Text] = [
        {
            "en": f"The column “{column}” was left out: {why['en']}.",
            "fr": f"La colonne «\u00a0{column}\u00a0» a été écartée\u00a0: {why['fr']}.",
        }
        for column, why in dull.items()
    ]
    notes += [
        {
            "en": f"In the column “{column}”, cells that say {', '.join(words)} were read as empty: a caller leaves them empty.",
            "fr": f"Dans la colonne «\u00a0{column}\u00a0», les cellules {', '.join(words)} ont été lues comme vides\u00a0: un appelant les laisse vides.",
        }
        for column, words in words_for_nothing(frame).items()
        if normalised(column) in kinds and normalised(column) not in dull
    ]
    kept = [column for column in rows.columns if column not in dull]
    if kept == [target]:
        raise DataInvalid("there is no column besides the target that can be learnt from")
    return rows[kept], {column: kinds[column] for column in kept}, notes


def _task(cells: pd.Series[Any], kind: Kind) -> Task:
    distinct = cells.nunique()
    if distinct < 2:
        raise DataInvalid(f"the target {cells.name!r} has only one value: there is nothing to predict")
    few = distinct <= MOST_CLASSES and 5 * distinct <= len(cells)
    if kind in {"category", "boolean"} or (kind == "integer" and few):
        rare = cells.value_counts().loc[lambda counts: counts < FOLDS]
        if len(rare):
            raise DataInvalid(
                f"the target {cells.name!r} has classes with fewer than {FOLDS} rows: {', '.join(map(str, rare.index))}; "
                "gather more rows of them, or leave them out"
            )
        return "classification"
    return "regression"


def _contest(kinds: dict[str, Kind], features: list[str], task: Task, *, n_rows: int) -> _Contest:
    from sklearn.compose import ColumnTransformer  # noqa: PLC0415 - seconds, and only a build needs it
    from sklearn.ensemble import (  # noqa: PLC0415
        GradientBoostingClassifier,
        GradientBoostingRegressor,
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
    )
    from sklearn.impute import SimpleImputer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression, Ridge  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import OneHotEncoder, StandardScaler  # noqa: PLC0415

    numbers = [column for column in features if kinds[column] != "category"]
    categories = [column for column in features if kinds[column] == "category"]

    def columns(*number_steps: Any) -> Any:
        encoder = make_pipeline(
            SimpleImputer(strategy="most_frequent"),
            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        )
        parts = [("numbers", make_pipeline(*number_steps), numbers), ("categories", encoder, categories)]
        return ColumnTransformer([part for part in parts if part[2]])

    is_class = task == "classification"
    linear = LogisticRegression(max_iter=2000) if is_class else Ridge()
    kind = {
        (True, False): GradientBoostingClassifier,
        (False, False): GradientBoostingRegressor,
        (True, True): HistGradientBoostingClassifier,
        (False, True): HistGradientBoostingRegressor,
    }[is_class, n_rows >= _LARGE_ROWS]
    return _Contest(
        "neg_log_loss" if is_class else "neg_mean_absolute_error",
        {
            "linear model": make_pipeline(
                columns(SimpleImputer(strategy="median"), StandardScaler()), linear
            ),
            "boosted trees": make_pipeline(
                columns(SimpleImputer(strategy="median")), kind(random_state=SEED)
            ),
        },
    )


def _winner(
    contest: _Contest, rows: pd.DataFrame, labels: pd.Series[Any], task: Task, progress: Callable[[str], None]
) -> tuple[str, dict[str, list[float]]]:
    """Give the best by cross-validation; the linear model where it is within a standard error of the best.

    Source of the rule: Breiman, Friedman, Olshen and Stone, Classification and Regression Trees (1984).
    """
    from sklearn.base import clone  # noqa: PLC0415
    from sklearn.metrics import get_scorer  # noqa: PLC0415
    from sklearn.model_selection import KFold, StratifiedKFold  # noqa: PLC0415

    folds = (StratifiedKFold if task == "classification" else KFold)(FOLDS, shuffle=True, random_state=SEED)
    scorer = get_scorer(contest.scoring)
    scores: dict[str, list[float]] = {}
    for name, candidate in contest.candidates.items():
        scores[name] = []
        for number, (fit_on, score_on) in enumerate(folds.split(rows, labels), start=1):
            progress(f"cross-validate the {name}, fold {number} of {FOLDS}")
            fitted = clone(candidate).fit(rows.iloc[fit_on], labels.iloc[fit_on])
            scores[name].append(float(scorer(fitted, rows.iloc[score_on], labels.iloc[score_on])))
    best = max(scores, key=lambda name: float(np.mean(scores[name])))
    error = float(np.std(scores[best], ddof=1)) / FOLDS**0.5
    simple = "linear model"
    close = float(np.mean(scores[simple])) >= float(np.mean(scores[best])) - error
    return (simple if close else best), scores


def _told(scores: dict[str, list[float]], chosen: str, scoring: str) -> Text:
    measure = {
        "neg_log_loss": ("log loss", "perte logistique"),
        "neg_mean_absolute_error": ("mean absolute error", "erreur absolue moyenne"),
    }[scoring]
    french = {"linear model": "modèle linéaire", "boosted trees": "arbres boostés"}
    means = {name: -float(np.mean(values)) for name, values in scores.items()}
    return {
        "en": f"Choice by {FOLDS}-fold cross-validation: {chosen} ({measure[0]}: "
        + ", ".join(f"{name} {mean:.4g}" for name, mean in means.items())
        + "); the linear model is kept where it is within one standard error of the best.",
        "fr": f"Choix par validation croisée à {FOLDS} plis\u00a0: {french[chosen]} ({measure[1]}\u00a0: "
        + ", ".join(f"{french[name]} {mean:.4g}".replace(".", ",") for name, mean in means.items())
        + ")\u00a0; le modèle linéaire est conservé s’il est à moins d’une erreur type du meilleur.",
    }


def _about(name: str, target: str, path: Path) -> About:
    return About(
        title={"en": readable(name), "fr": readable(name)},
        summary={"en": f"Predicts “{target}”.", "fr": f"Prédit «\u00a0{target}\u00a0»."},
        data={"en": f"The rows of {path.name}.", "fr": f"Les lignes de {path.name}."},
    )
