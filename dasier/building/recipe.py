"""Read a recipe: a folder that says how a model is trained.

::

    model_builds/<name>/
        recipe.py      load() -> DataFrame, estimator(params) -> BaseEstimator; pure, nothing at import
        params.toml    name, task, target, seed, texts in English and French, split, estimator, columns
        README.md      question, data and licence, limits

Everything that is wrong with ``params.toml`` is said at once, each with its key path.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from dasier.building.gate_table import gate_table
from dasier.building.params import Table
from dasier.building.refinements import ColumnNotes, OutputNotes, Refinements
from dasier.errors import RecipeInvalid
from dasier.layout import NAME
from dasier.schema import KINDS, TASKS, Kind, Task, Text, composed, normalised

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import ModuleType

    import pandas as pd
    from sklearn.base import BaseEstimator

DEFAULT_TEST_SHARE = 0.25
"""The held-out share if a recipe names none: scikit-learn's own default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A recipe that was read and is valid.

    Attributes
    ----------
    folder : Path
    name, task, target, seed
        ``target`` is None for clustering, and may be for anomaly detection.
    title, summary, limits, use, out_of_scope, data : Text
        For people, in English and French; ``use``, ``out_of_scope`` and ``data`` may be empty.
    licence, source : str
        Of the data; may be empty.
    model_licence : str
        Of the model; may be empty.
    test_share : float
        Held-out share of the rows, above 0 and at most 0.5.
    stratify : bool
        Whether each class has the same share in both parts.
    estimator_params : mapping
        The table ``[estimator]``, handed to ``estimator``.
    refinements : Refinements
    gate : mapping
        Rules for the gate.
    digests : mapping
        SHA-256 of ``recipe.py`` and of ``params.toml``.
    load : callable
        Gives all rows, features and target. Needs no network, writes nothing.
    estimator : callable
        Gives the unfitted estimator from ``estimator_params``.
    """

    folder: Path
    name: str
    task: Task
    target: str | None
    seed: int
    title: Text
    summary: Text
    limits: Text
    use: Text = field(default_factory=dict)
    out_of_scope: Text = field(default_factory=dict)
    data: Text = field(default_factory=dict)
    licence: str = ""
    source: str = ""
    model_licence: str = ""
    test_share: float
    stratify: bool
    estimator_params: Mapping[str, Any]
    refinements: Refinements
    gate: Mapping[str, Any]
    digests: Mapping[str, str]
    load: Callable[[], pd.DataFrame]
    estimator: Callable[[Mapping[str, Any]], BaseEstimator]


def read(folder: Path) -> Recipe:
    """Give the recipe of a folder.

    Raises
    ------
    RecipeInvalid
        Listing every problem.
    """
    missing = [name for name in ("recipe.py", "params.toml") if not (folder / name).is_file()]
    if missing:
        raise RecipeInvalid(str(folder), [f"{name} is missing" for name in missing])
    contents = {name: (folder / name).read_bytes() for name in ("recipe.py", "params.toml")}
    try:
        document = tomllib.loads(contents["params.toml"].decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeInvalid(str(folder / "params.toml"), [f"this is not TOML: {error}"]) from error
    problems: list[str] = []
    values = _values(Table(document, problems))
    if problems:
        raise RecipeInvalid(str(folder / "params.toml"), problems)
    module = _module(folder / "recipe.py")
    return Recipe(
        folder=folder,
        **values,
        digests={name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
        load=module.load,
        estimator=module.estimator,
    )


# --- params.toml ---------------------------------------------------------------------------------


def _values(table: Table) -> dict[str, Any]:
    task = cast("Task", table.one_of("task", TASKS))
    data = table.table("data")
    split = table.table("split")
    columns = {normalised(name): _column(notes) for name, notes in table.table("columns").tables().items()}
    values = {
        "name": table.string("name", pattern=NAME),
        "task": task,
        "target": _target(table, task),
        "seed": table.integer("seed", minimum=0, maximum=2**32 - 1),
        "title": table.text("title"),
        "summary": table.text("summary"),
        "limits": table.text("limits"),
        "use": table.text("use", required=False) or {},
        "out_of_scope": table.text("out_of_scope", required=False) or {},
        "data": data.own_text(),
        "licence": data.string("licence", required=False) or "",
        "source": data.string("source", required=False) or "",
        "model_licence": table.string("licence", required=False) or "",
        "test_share": split.number("test_share", above=0.0, maximum=0.5, default=DEFAULT_TEST_SHARE),
        "stratify": split.boolean("stratify", default=False),
        "estimator_params": table.table("estimator").whole(),
        "refinements": Refinements(
            columns=columns,
            patterns=_patterns(table.table("column_patterns")),
            output=_output(table.table("output"), task),
        ),
        "gate": gate_table(table.table("gate"), task if task in TASKS else None),
    }
    if values["stratify"] and (task in ("regression", "clustering") or values["target"] is None):
        table.problem("split.stratify", "only rows with a class each can be stratified; take it out")
    table.refuse_unknown()
    return values


def _target(table: Table, task: Task) -> str | None:
    needs = task in ("classification", "regression")
    target = table.string("target", required=needs)
    if target and task == "clustering":
        table.problem("target", "clustering has no target; take it out, or choose another task")
    return normalised(target) if target else None


def _output(table: Table, task: Task) -> OutputNotes:
    class_labels = _labels(table.table("class_labels"))
    if class_labels and task == "regression":
        table.problem("output.class_labels", "a regression has no classes; take it out")
    return OutputNotes(
        unit=table.string("unit", required=False),
        label=table.text("label", required=False),
        class_labels=class_labels,
    )


def _labels(table: Table) -> dict[str, Text]:
    """Give what people call each value, by the value in the spelling that the rows get."""
    return {composed(value): text for value in table.names() if (text := table.text(value)) is not None}


def _column(table: Table) -> ColumnNotes:
    kind = table.one_of("kind", KINDS, required=False)
    return ColumnNotes(
        kind=cast("Kind | None", kind),
        nullable=table.boolean("nullable", default=None),
        unit=table.string("unit", required=False),
        label=table.text("label", required=False),
        help=table.text("help", required=False),
        category_labels=_labels(table.table("category_labels")),
        example=table.cell("example", kind),
        **_personal(table),
    )


def _personal(table: Table) -> dict[str, bool]:
    """Give whether a column tells of a person, and what the log may hold of it: nothing, or a keyed hash."""
    said = table.true_or_one_of("personal", ("drop", "hash"))
    return {"personal": bool(said), "hashed": said == "hash"}


def _patterns(table: Table) -> tuple[tuple[re.Pattern[str], ColumnNotes], ...]:
    patterns = []
    for source, notes in table.tables().items():
        column = _column(notes)
        try:
            patterns.append((re.compile(source), column))
        except re.error as error:
            table.problem(f"column_patterns.{source!r}", f"this is not a regular expression: {error}")
    return tuple(patterns)


# --- recipe.py -----------------------------------------------------------------------------------


def _module(path: Path) -> ModuleType:
    """Give the module at a path, known to nobody else: not in ``sys.modules``, nothing on ``sys.path``."""
    spec = importlib.util.spec_from_file_location(f"recipe_{path.parent.name}", path)
    if spec is None or spec.loader is None:  # pragma: no cover - a .py file always has a loader
        raise RecipeInvalid(str(path), ["this file cannot be imported"])
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError, NameError) as error:
        raise RecipeInvalid(str(path), [f"it cannot be imported: {type(error).__name__}: {error}"]) from error
    wanted = {"load": "load() -> DataFrame", "estimator": "estimator(params) -> BaseEstimator"}
    missing = [
        f"add the function {form}"
        for name, form in wanted.items()
        if not callable(getattr(module, name, None))
    ]
    if missing:
        raise RecipeInvalid(str(path), missing)
    return module
