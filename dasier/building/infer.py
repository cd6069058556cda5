"""The schema of a model, inferred from all training rows and refined by what a person says."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.building.example import plausible
from dasier.building.frames import tidy
from dasier.building.params import meant
from dasier.building.refinements import Refinements
from dasier.errors import DataInvalid
from dasier.schema import QUANTILE_STEPS, Column, Output, Schema, normalised

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dasier.building.refinements import Cell, ColumnNotes, OutputNotes
    from dasier.schema import Kind, Label, Task, Text

MAX_CATEGORIES = 1_000
"""More of them make the schema, and every page made of it, too large."""

SHARED_BY = 5
"""A text is shown as typical only if so many rows have it: else it may be one person's words."""

_SUITABLE: dict[Kind, frozenset[Kind]] = {
    "float": frozenset({"float", "integer", "boolean"}),
    "integer": frozenset({"float", "integer", "boolean"}),
    "boolean": frozenset({"float", "integer", "boolean"}),
    "category": frozenset({"category", "text"}),
    "text": frozenset({"category", "text"}),
}


def infer(  # noqa: PLR0913 - keywords, each a fact of the training
    frame: pd.DataFrame,
    *,
    task: Task,
    target: str | None = None,
    refinements: Refinements | None = None,
    classes: Sequence[Label] | None = None,
    probabilities: bool = False,
) -> Schema:
    """Give the schema of a model that is fitted on a frame.

    Parameters
    ----------
    frame
        All training rows, in any dtypes: the features in order, and the target if there is one.
    task
    target
        The target's column; it is no feature. For anomaly detection it only serves to evaluate.
    refinements
        What a person says of columns and output.
    classes
        In the order of the estimator's probabilities (``classes_``); by default the target's sorted
        values, for an anomaly detector -1 and 1, and for clustering the groups that the notes name.
    probabilities
        Whether the estimator gives them.

    Raises
    ------
    DataInvalid
        Listing every column that cannot be used, and every note that fits nothing.
    """
    notes = refinements or Refinements()
    table = tidy(frame)
    target = None if target is None else normalised(target)
    if target is not None and target not in table.kinds:
        raise DataInvalid(f"there is no target column {target!r}{meant(target, list(table.kinds))}")
    names = [name for name in table.kinds if name != target]
    if not names:
        raise DataInvalid("there is no column besides the target")
    features = table.frame[names]
    problems = [
        f"columns.{name}: the data has no such column{meant(name, names)}"
        for name in notes.columns
        if name not in names
    ]
    kinds: dict[str, Kind] = {}
    for name in names:
        kinds[name] = notes.of(name).kind or table.kinds[name]
        wrong = _contradiction(features[name], table.kinds[name], notes.of(name))
        problems += (
            [f"columns.{name}: {wrong}"] if wrong else _mislabelled(features[name], kinds[name], notes)
        )
    if problems:
        raise DataInvalid("; ".join(problems))
    cells = None if target is None else table.frame[target]
    output = _output(cells, task, target, notes.output, classes)
    typical = {name: _typical(features[name], kinds[name]) for name in names}
    examples = plausible(features, cells if task == "classification" else None, typical)
    columns = (
        _column(features[name], kinds[name], notes.of(name), typical[name], examples[name]) for name in names
    )
    return Schema(columns=tuple(columns), output=replace(output, probabilities=probabilities))


def readable(name: str) -> str:
    """Give a label for a column that nobody has labelled.

    >>> readable("bill_length_mm"), readable("meanRadius"), readable("pH")
    ('Bill length mm', 'Mean radius', 'pH')
    """
    spaced = re.sub(r"[\s_.]+", " ", name).strip()
    spaced = re.sub(r"(?<=[a-z]{2})(?=[A-Z][a-z])", " ", spaced)
    if spaced != name.strip() or name.islower():
        words = spaced.split(" ")
        spaced = " ".join(word if word[1:] != word[1:].lower() else word.lower() for word in words)
        return spaced[:1].upper() + spaced[1:]
    return spaced or name


# --- columns -------------------------------------------------------------------------------------


def _contradiction(cells: pd.Series, found: Kind, notes: ColumnNotes) -> str | None:
    """Give what is wrong with the notes of a column, in the light of its rows."""
    if notes.nullable is False and cells.isna().any():
        return f"nullable is false, but {int(cells.isna().sum())} training rows have none; fill them, or take it out"
    kind = notes.kind or found
    if kind not in _SUITABLE[found]:
        advice = (
            "turn them into strings in load()"
            if kind in ("category", "text")
            else "turn them into numbers in load()"
        )
        return f"kind is {kind}, but the rows hold {found} values; {advice}, or take it out"
    held = cells.dropna()
    if kind == "integer" and not np.equal(np.mod(held.to_numpy(dtype=np.float64), 1), 0).all():
        return "kind is integer, but some rows hold fractions; make it float"
    if kind == "boolean" and not set(held.astype(np.float64)) <= {0.0, 1.0}:
        return "kind is boolean, but the rows hold more than 0 and 1"
    if kind == "category" and held.nunique() > MAX_CATEGORIES:
        return f"there are {held.nunique()} categories, over the limit of {MAX_CATEGORIES}; make it text, or group them"
    return None


def _mislabelled(cells: pd.Series, kind: Kind, notes: Refinements) -> list[str]:
    """Give each label of a category that the rows do not have; one pattern may serve columns that differ."""
    own = notes.columns.get(str(cells.name))
    labels = own.category_labels if own else {}
    path = f"columns.{cells.name}.category_labels"
    if labels and kind != "category":
        return [f"{path}: the column is {kind}, which has no categories; take it out, or make it category"]
    known = sorted(cells.dropna().unique()) if labels else []
    return [
        f"{path}.{category}: the data has no such category{meant(category, known)}"
        for category in labels
        if category not in known
    ]


def _column(cells: pd.Series, kind: Kind, notes: ColumnNotes, typical: Cell, example: Cell) -> Column:
    name = str(cells.name)
    label = notes.label or {"en": readable(name), "fr": readable(name)}
    shown = typical if kind == "text" or notes.personal else _cell(example, kind)
    minimum, maximum, quantiles = _range(cells, kind)
    categories = tuple(sorted(cells.dropna().unique())) if kind == "category" else ()
    return Column(
        name=name,
        kind=kind,
        nullable=bool(notes.nullable or cells.isna().any()),
        minimum=minimum,
        maximum=maximum,
        quantiles=quantiles,
        categories=categories,
        category_labels={c: notes.category_labels[c] for c in categories if c in notes.category_labels},
        unit=notes.unit,
        label=label,
        help=notes.help,
        example=shown if notes.example is None else _cell(notes.example, kind),
        typical=typical,
        personal=notes.personal,
        hashed=notes.hashed,
    )


def _range(cells: pd.Series, kind: Kind) -> tuple[float | None, float | None, tuple[float, ...]]:
    """Give minimum, maximum and 21 quantiles; integers stay integers."""
    if kind in ("category", "text"):
        return None, None, ()
    cast = float if kind == "float" else int
    quantiles = _quantiles(cells.dropna(), kind, np.linspace(0, 1, QUANTILE_STEPS + 1))
    kept = tuple(cast(value) for value in quantiles)
    return kept[0], kept[-1], kept


def _quantiles(held: pd.Series, kind: Kind, steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give quantiles; those of integers are values that were seen, so that they are integers too."""
    values = held.to_numpy(dtype=np.float64)
    if kind == "float":
        return np.asarray(np.quantile(values, steps), dtype=np.float64)
    return np.asarray(np.quantile(values, steps, method="inverted_cdf"), dtype=np.float64)


def _typical(cells: pd.Series, kind: Kind) -> Cell:
    """Give the median, or the most frequent value (of equals the first in order)."""
    held = cells.dropna()
    if kind in ("float", "integer"):
        return _cell(_quantiles(held, kind, np.array([0.5]))[0], kind)
    counts = held.value_counts()
    most = min(counts.index[counts == counts.iloc[0]])
    if kind == "text" and counts.iloc[0] < SHARED_BY:
        return ""
    return _cell(most, kind)


def _cell(value: Any, kind: Kind) -> Cell:
    """Give a value in the JSON type of its kind."""
    casts: dict[Kind, type[float | int | bool | str]] = {
        "float": float, "integer": int, "boolean": bool, "category": str, "text": str,
    }  # fmt: skip
    return casts[kind](value)


# --- output --------------------------------------------------------------------------------------

_UNNAMED: dict[Task, tuple[str, Text]] = {
    "clustering": ("cluster", {"en": "Group", "fr": "Groupe"}),
    "anomaly_detection": ("anomaly", {"en": "Verdict", "fr": "Verdict"}),
}
_PREDICTION_FR = {"prediction": "Prédiction"}
_GROUP = re.compile(r"-?\d+")
_ANOMALY: dict[str, Text] = {
    "-1": {"en": "Unusual", "fr": "Inhabituel"},
    "1": {"en": "Usual", "fr": "Habituel"},
}


def _output(
    cells: pd.Series | None,
    task: Task,
    target: str | None,
    notes: OutputNotes,
    classes: Sequence[Label] | None,
) -> Output:
    if task in ("classification", "regression") and cells is not None:
        _check_target(cells, task)
    elif task == "classification" and classes is None:
        raise DataInvalid("a classification needs a target column, or an estimator that names its classes")
    named = target or "prediction"  # an estimator that was fitted elsewhere may come without its target
    name, label = _UNNAMED.get(task) or (
        named,
        {"en": readable(named), "fr": _PREDICTION_FR.get(named, readable(named))},
    )
    found = tuple(_labels(classes if classes is not None else _classes(cells, task, notes.class_labels)))
    unknown = [key for key in notes.class_labels if found and key not in map(str, found)]
    if unknown:
        raise DataInvalid(
            "; ".join(
                f"output.class_labels.{key}: there is no such class{meant(key, [str(c) for c in found])}"
                for key in unknown
            )
        )
    return Output(
        name=name,
        task=task,
        classes=found,
        unit=notes.unit,
        label=notes.label or label,
        class_labels={str(c): notes.class_labels.get(str(c)) or _class_label(str(c), task) for c in found},
    )


def _check_target(cells: pd.Series, task: Task) -> None:
    if cells.isna().any():
        raise DataInvalid(f"the target is null in {int(cells.isna().sum())} rows; leave those rows out")
    if task == "regression" and cells.dtype == object:
        raise DataInvalid("the target holds strings, but a regression needs numbers; choose classification?")
    if task == "classification" and cells.nunique() < 2:
        raise DataInvalid("the target has one class only; there is nothing to tell apart")


def _classes(cells: pd.Series | None, task: Task, named: Iterable[str]) -> Iterable[Any]:
    if task == "anomaly_detection":
        return (-1, 1)
    if task == "clustering":
        return sorted(int(name) for name in named if _GROUP.fullmatch(name))
    return sorted(cells.unique()) if task == "classification" and cells is not None else ()


def _labels(classes: Iterable[Any]) -> Iterable[Label]:
    for label in classes:
        plain = label.item() if isinstance(label, np.generic) else label
        if not isinstance(plain, str | int | bool | float):
            raise DataInvalid(f"a class is a {type(plain).__name__}; make them strings or integers")
        yield plain


def _class_label(label: str, task: Task) -> Text:
    if task == "anomaly_detection" and label in _ANOMALY:
        return _ANOMALY[label]
    if task == "clustering":
        return {"en": f"Group {label}", "fr": f"Groupe {label}"}
    return {"en": label, "fr": label}
