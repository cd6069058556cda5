"""What a model takes and gives: typed columns and an output.

The schema is inferred from all training rows when a version is built, and is from then on the
only source for validation, JSON Schema, OpenAPI, Open Inference Protocol metadata, the web
form and the CSV template. It knows nothing of pandas, numpy or HTTP.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any, Literal, get_args

Kind = Literal["float", "integer", "boolean", "category", "text"]
Task = Literal["classification", "regression", "clustering", "anomaly_detection"]
Text = Mapping[str, str]
"""The same words in several languages: ``{"en": …, "fr": …}``."""
Label = str | int | bool | float
"""A class as the estimator names it."""

KINDS: tuple[Kind, ...] = get_args(Kind)
TASKS: tuple[Task, ...] = get_args(Task)
NUMBER_KINDS: frozenset[Kind] = frozenset({"float", "integer", "boolean"})

EXACT_INTEGERS = 2**53
"""Beyond it float64 no longer tells neighbouring integers apart (IEEE 754)."""

QUANTILE_STEPS = 20
"""Training quantiles are kept at 0, 5, …, 100 %: 21 values."""


def normalised(name: str) -> str:
    r"""Give the one spelling of a column name: Unicode NFC, without outer blanks.

    >>> normalised(" e\u0301ge ") == "ége"
    True
    """
    return composed(name).strip()


def composed(value: str) -> str:
    r"""Give the one spelling of a category: Unicode NFC, blanks and all.

    >>> composed("e\u0301 ") == "é "
    True
    """
    return unicodedata.normalize("NFC", value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One feature, as the training rows showed it and the recipe refined it.

    Attributes
    ----------
    name : str
        In NFC, without outer blanks; unique in the schema.
    kind : Kind
    nullable : bool
        Whether a null was seen in training, or the recipe allows one.
    minimum, maximum : float or None
        The training range, in ``unit``; None for categories and text.
    quantiles : tuple of float
        At 0, 5, …, 100 % of the training rows; empty for categories and text.
    categories : tuple of str
        Every category seen in training, sorted; empty for other kinds.
    category_labels : mapping from category to Text
        What people call a category; those left out are called by their value.
    unit : str or None
    label, help : Text
        For people, in English and French.
    example : float, int, bool, str or None
        A plausible value, for forms and documentation.
    typical : float, int, bool, str or None
        The median (numbers) or the most frequent value: what explanations compare with.
    personal : bool
        Whether the column tells of a person, and its values must not be logged.
    hashed : bool
        Whether the log holds a keyed hash of such values (`dasier.personal`) instead of nothing; readers from before it leave them out.
    """

    name: str
    kind: Kind
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    quantiles: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    category_labels: Mapping[str, Text] = field(default_factory=dict)
    unit: str | None = None
    label: Text = field(default_factory=dict)
    help: Text | None = None
    example: float | int | bool | str | None = None
    typical: float | int | bool | str | None = None
    personal: bool = False
    hashed: bool = False

    @property
    def is_number(self) -> bool:
        """Whether the column is held as a number (booleans as 0 and 1)."""
        return self.kind in NUMBER_KINDS

    def json_schema(self) -> dict[str, Any]:
        """Give the JSON Schema (2020-12) of one cell.

        The training range and the known categories are told, not enforced: outside them the
        answer carries a warning.
        """
        json_type = {"float": "number", "integer": "integer", "boolean": "boolean"}.get(self.kind, "string")
        schema: dict[str, Any] = {"type": [json_type, "null"] if self.nullable else json_type}
        if self.label.get("en"):
            schema["title"] = self.label["en"]
        notes = [self.help["en"]] if self.help and self.help.get("en") else []
        if self.unit:
            notes.append(f"Unit: {self.unit}.")
        if self.minimum is not None:
            notes.append(f"Seen in training: {self.minimum:g} to {self.maximum:g}.")
        if self.categories:
            notes.append("Seen in training: " + ", ".join(map(self._named, self.categories[:20])) + ".")
        if notes:
            schema["description"] = " ".join(notes)
        if self.example is not None:
            schema["examples"] = [self.example]
        return schema

    def _named(self, category: str) -> str:
        """Give a category, with what people call it in English where that is something else."""
        label = self.category_labels.get(category, {}).get("en", category)
        return category if label.casefold() == category.casefold() else f"{category} ({label})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What the model gives.

    Attributes
    ----------
    name : str
        The target's name; for a model without one, what it gives ("cluster", "anomaly").
    task : Task
    classes : tuple
        In the order of the probabilities' columns; empty for a regression.
    probabilities : bool
        Whether the model gives one probability a class.
    unit : str or None
        Of a regression's prediction.
    label : Text
    class_labels : mapping from str(class) to Text
        What people call each class.
    """

    name: str
    task: Task
    classes: tuple[Label, ...] = ()
    probabilities: bool = False
    unit: str | None = None
    label: Text = field(default_factory=dict)
    class_labels: Mapping[str, Text] = field(default_factory=dict)

    @property
    def class_keys(self) -> tuple[str, ...]:
        """The classes as keys of a JSON object, in the same order.

        >>> Output(name="t", task="classification", classes=(True, 3, "a")).class_keys
        ('true', '3', 'a')
        """
        return tuple(str(label).lower() if isinstance(label, bool) else str(label) for label in self.classes)


@dataclass(frozen=True)
class Schema:
    """The columns in the order of training, and the output."""

    columns: tuple[Column, ...]
    output: Output

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns' names in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def number_columns(self) -> tuple[Column, ...]:
        """The columns that are held as numbers, in order."""
        return tuple(column for column in self.columns if column.is_number)

    @cached_property
    def text_columns(self) -> tuple[Column, ...]:
        """The columns that are held as strings, in order."""
        return tuple(column for column in self.columns if not column.is_number)

    @cached_property
    def numeric(self) -> bool:
        """Whether every column is a number, so that rows are one float64 matrix."""
        return not self.text_columns

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """The columns by name."""
        return {column.name: column for column in self.columns}

    def example(self) -> dict[str, float | int | bool | str | None]:
        """Give one plausible row."""
        return {column.name: column.example for column in self.columns}

    def typical(self) -> dict[str, float | int | bool | str | None]:
        """Give the row of medians and most frequent values."""
        return {column.name: column.typical for column in self.columns}

    def row_json_schema(self) -> dict[str, Any]:
        """Give the JSON Schema (2020-12) of one row as an object."""
        return {
            "type": "object",
            "properties": {column.name: column.json_schema() for column in self.columns},
            "required": list(self.names),
            "additionalProperties": False,
        }

    def to_dict(self) -> dict[str, Any]:
        """Give the form that a manifest holds: JSON types only, defaults left out."""
        return {"columns": [_sparse(column) for column in self.columns], "output": _sparse(self.output)}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Schema:
        """Read what `to_dict` gave; keys that a later format added are ignored."""
        return cls(
            columns=tuple(_build(Column, column) for column in document["columns"]),
            output=_build(Output, document["output"]),
        )


def _sparse(item: Column | Output) -> dict[str, Any]:
    defaults = {
        f.name: f.default_factory() if callable(f.default_factory) else f.default for f in fields(item)
    }
    values = {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(item).items()}
    return {
        key: value
        for key, value in values.items()
        if value != (list(d) if isinstance(d := defaults[key], tuple) else d)
    }


def _build(kind: type[Any], document: Mapping[str, Any]) -> Any:
    known = {f.name for f in fields(kind)}
    return kind(
        **{key: tuple(v) if isinstance(v, list) else v for key, v in document.items() if key in known}
    )
