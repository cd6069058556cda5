"""A form made from a model's schema, and a row made from what was typed into it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from webapp.fields import PREFIX, Field, Refused, as_typed
from webapp.languages import LANGUAGES, current
from webapp.numbers import editable, parse
from webapp.wording import refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dasier.client import ModelDescription
    from dasier.errors import Violation

MIN_GRID = 16
"""Fewer cells than this are easier to fill in as fields with a label each."""
_CELL = re.compile(r"(.+?)[_ ]?([0-9]{1,3})[_ x]([0-9]{1,3})")


@dataclass(frozen=True, slots=True)
class Form:
    """The fields in the order of the schema; those that make a picture also stand in its grid."""

    fields: tuple[Field, ...]

    @property
    def grid(self) -> tuple[tuple[Field, ...], ...]:
        """The rows of a picture, when all the fields are its cells."""
        places: dict[tuple[int, int], Field] = {}
        prefixes = set()
        for field in self.fields:
            found = _CELL.fullmatch(field.column.name) if field.control == "number" else None
            if found is None:
                return ()
            prefixes.add(found[1])
            places[int(found[2]), int(found[3])] = field
        rows = sorted({row for row, _column in places})
        columns = sorted({column for _row, column in places})
        whole = len(places) == len(rows) * len(columns) == len(self.fields) >= MIN_GRID
        if not whole or len(prefixes) > 1:
            return ()
        return tuple(tuple(places[row, column] for column in columns) for row in rows)

    @property
    def ink(self) -> float:
        """What the darkest cell of a picture holds."""
        return max((field.column.maximum or 0.0 for field in self.fields), default=0.0) or 1.0

    @property
    def errors(self) -> tuple[Field, ...]:
        """The fields that something is wrong with."""
        return tuple(field for field in self.fields if field.error)

    @property
    def needs(self) -> bool:
        """Whether a field that has to be filled in has a usual value."""
        return any(not field.optional and field.usual is not None for field in self.fields)

    def read(self) -> tuple[Form, dict[str, Any] | None]:
        """Give the row, or None and the form with every error beside its field."""
        if self.grid and not any(field.typed.strip() for field in self.fields):
            first = replace(self.fields[0], error=refused("empty_picture"))
            return Form((first, *self.fields[1:])), None
        row, fields = {}, []
        for field in self._inked():
            try:
                row[field.column.name] = field.read()
                fields.append(field)
            except Refused as error:
                fields.append(replace(field, error=refused(error.code)))
        form = Form(tuple(fields))
        return form, None if form.errors else row

    def _inked(self) -> tuple[Field, ...]:
        """Give the fields; in a picture that was drawn, the cells that were left out are blank."""
        if not self.grid:
            return self.fields
        return tuple(field if field.typed.strip() else replace(field, typed="0") for field in self.fields)

    def with_errors(self, found: Iterable[Violation]) -> tuple[Form, bool]:
        """Give the form with the API's violations beside their fields, and whether each found one."""
        by_step = {step(field.column.name): field for field in self.fields}
        errors, all_placed = {}, True
        for violation in found:
            place = by_step.get(step_of(violation.pointer))
            if place is None:
                all_placed = False
            else:
                errors[place.id] = refused(violation.code)
        return Form(tuple(replace(it, error=errors.get(it.id)) for it in self.fields)), all_placed


def blank(described: ModelDescription) -> Form:
    """Give an empty form."""
    return filled(described, {})


def example(described: ModelDescription) -> Form:
    """Give the form with the schema's example in it."""
    return holding(described, described.schema.example())


def holding(described: ModelDescription, row: Mapping[str, Any]) -> Form:
    """Give the form with a row's values in it, as the visitor's language writes them."""
    return filled(described, {PREFIX + name: as_typed(value) for name, value in row.items()})


def filled(described: ModelDescription, typed: Mapping[str, str], written: str | None = None) -> Form:
    """Give the form with what was typed; a choice that there is not stays empty.

    Parameters
    ----------
    described : ModelDescription
    typed : mapping from the controls' names to str
    written : str, optional
        The language that the numbers were written in; they are shown in the visitor's.
    """
    fields = (
        Field(f"f{index}", column, typed.get(PREFIX + column.name, "").replace("\r\n", "\n"))
        for index, column in enumerate(described.schema.columns)
    )
    if written not in LANGUAGES or written == current():
        return Form(tuple(fields))
    return Form(tuple(_translated(field, written) for field in fields))


def completed(form: Form) -> Form:
    """Give the form with the usual value wherever one has to be filled in and nothing is."""
    return Form(
        tuple(
            field if field.typed.strip() or field.optional else replace(field, typed=as_typed(field.usual))
            for field in form.fields
        )
    )


def step(name: str) -> str:
    """Give the last step of a pointer to a column, as RFC 6901 writes it."""
    return name[:200].replace("~", "~0").replace("/", "~1")


def step_of(pointer: str) -> str:
    """Give the last step of a pointer, its percent-encoding undone."""
    return unquote(pointer.rpartition("/")[2])


def _translated(field: Field, written: str) -> Field:
    value = parse(field.typed, written) if field.control == "number" else None
    return field if value is None else replace(field, typed=editable(value))
