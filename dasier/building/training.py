"""Train a recipe: load, split, fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dasier.building.frames import respelt, tidy
from dasier.building.provenance import git_commit
from dasier.building.threads import one_thread
from dasier.building.trained import About, Trained
from dasier.errors import DataInvalid, RecipeInvalid
from dasier.rules import Rules
from dasier.schema import normalised

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.base import BaseEstimator

    from dasier.building.recipe import Recipe
    from dasier.schema import Kind


def train(recipe: Recipe) -> Trained:
    """Give a recipe's fitted estimator, with the rows that it was fitted on and those held out.

    Raises
    ------
    RecipeInvalid
        If its functions do not give what they should.
    DataInvalid
        If its rows cannot be used, or the estimator refuses them.
    """
    found = tidy(_loaded(recipe))
    table = found.frame
    target = None if recipe.target is None else normalised(recipe.target)
    declared = {name: recipe.refinements.of(name).kind for name in found.kinds if name != target}
    if target is not None:
        table = with_whole_target(_with_target(table, target), target, found.kinds[target])
    # A frame put together from others may have a label twice, and rows are divided by their labels.
    table = as_declared(table.reset_index(drop=True), declared)
    kinds = {name: declared.get(name) or kind for name, kind in found.kinds.items()}
    table = respelt(table, (name for name, kind in kinds.items() if kind == "category"))
    for one in Rules.read(recipe.gate).slices:
        if one.column not in table.columns:
            raise DataInvalid(f"the data has no column {one.column!r}, which the recipe's gate.slices names")
    fitted_rows, held_out = split(
        table, target if recipe.stratify else None, share=recipe.test_share, seed=recipe.seed
    )
    if recipe.task == "classification" and target is not None:
        _check_classes(fitted_rows[target], held_out[target])
    estimator = _unfitted(recipe)
    labels = None if target is None or recipe.task == "anomaly_detection" else fitted_rows[target]
    features = [name for name in table.columns if name != target]
    try:
        with one_thread():
            estimator.fit(fitted_rows[features], labels)
    except ValueError as error:
        raise DataInvalid(f"{recipe.name}: the estimator refuses the rows: {error}") from error
    return Trained(
        name=recipe.name,
        task=recipe.task,
        about=About(
            title=recipe.title,
            summary=recipe.summary,
            use=recipe.use,
            out_of_scope=recipe.out_of_scope,
            limits=recipe.limits,
            data=recipe.data,
            licence=recipe.licence,
            source=recipe.source,
            model_licence=recipe.model_licence,
        ),
        estimator=estimator,
        table=table,
        target=target,
        fitted_rows=fitted_rows,
        held_out=held_out,
        split=described(fitted_rows, held_out, stratified=recipe.stratify, seed=recipe.seed),
        seed=recipe.seed,
        refinements=recipe.refinements,
        gate=recipe.gate,
        origin={
            "kind": "recipe",
            "recipe": recipe.name,
            "digests": dict(recipe.digests),
            "git_commit": git_commit(recipe.folder),
        },
    )


def _loaded(recipe: Recipe) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - seconds, and only a build needs it

    loaded: Any = recipe.load()
    if not isinstance(loaded, pd.DataFrame):
        raise RecipeInvalid(recipe.name, [f"load() gives a {type(loaded).__name__}; let it give a DataFrame"])
    return loaded


def _unfitted(recipe: Recipe) -> BaseEstimator:
    try:
        estimator: Any = recipe.estimator(recipe.estimator_params)
    except TypeError as error:  # a name in [estimator] that is not one of its parameters
        problem = f"estimator(params) does not take the table [estimator] of params.toml: {error}"
        raise RecipeInvalid(recipe.name, [problem]) from error
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        given = f"the class {estimator.__name__}" if isinstance(estimator, type) else type(estimator).__name__
        raise RecipeInvalid(
            recipe.name, [f"estimator(params) gives {given}; let it return an unfitted estimator"]
        )
    return estimator


def _check_classes(fitted: pd.Series[Any], held_out: pd.Series[Any]) -> None:
    unknown = sorted(set(held_out.unique()) - set(fitted.unique()))
    if unknown:
        raise DataInvalid(
            f"the class {unknown[0]!s} is in rows that were held out only; set split.stratify to true, which leaves some of "
            "every class to fit on, or leave out classes of few rows"
        )


def split(
    table: pd.DataFrame, stratify_by: str | None, *, share: float, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the rows to fit on and those to hold out, in the table's order.

    Raises
    ------
    DataInvalid
        If there are too few rows, or a class with fewer than two.
    """
    from sklearn.model_selection import train_test_split  # noqa: PLC0415 - seconds, and only a build needs it

    try:
        fitted, held = train_test_split(
            table.index,
            test_size=share,
            random_state=seed,
            stratify=None if stratify_by is None else table[stratify_by],
        )
    except ValueError as error:
        raise DataInvalid(f"the rows cannot be divided: {error}") from error
    return table.loc[sorted(fitted)], table.loc[sorted(held)]


def described(
    fitted_rows: pd.DataFrame, held_out: pd.DataFrame, *, stratified: bool, seed: int
) -> dict[str, Any]:
    """Give a split as the card tells it."""
    return {
        "kind": "held_out",
        "fitted_rows": len(fitted_rows),
        "held_out_rows": len(held_out),
        "stratified": stratified,
        "seed": seed,
    }


def as_declared(table: pd.DataFrame, kinds: dict[str, Any]) -> pd.DataFrame:
    """Give the table with whole numbers that are declared measurements as float64."""
    wanted = {name: "float64" for name, kind in kinds.items() if kind == "float" and name in table.columns}
    return table.astype({name: dtype for name, dtype in wanted.items() if table[name].dtype != object})


def with_whole_target(table: pd.DataFrame, target: str, kind: Kind) -> pd.DataFrame:
    """Give the table with classes as they were before rows without one were left out: 1 and not 1.0."""
    dtype = {"integer": "int64", "boolean": "bool"}.get(kind)
    return table if dtype is None else table.astype({target: dtype})


def _with_target(table: pd.DataFrame, target: str) -> pd.DataFrame:
    if target not in table.columns:
        raise DataInvalid(f"the data has no column {target!r}, which the recipe names as its target")
    known = table[target].notna()
    if not known.any():
        raise DataInvalid(f"the target {target!r} is empty in every row")
    return table[known]
