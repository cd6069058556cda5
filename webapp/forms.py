"""A form made from a model's schema, and a row made from what was typed into it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from flask_babel import gettext as _

from webapp.languages import current, words
from webapp.numbers import editable, exact, parse
from webapp.wording import refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dasier.client import Column, ModelDescription
    from dasier.errors import Violation

Control = Literal["number", "choice", "yes_no", "text"]
CONTROLS: Mapping[str, Control] = {
    "float": "number",
    "integer": "number",
    "category": "choice",
    "boolean": "yes_no",
    "text": "text",
}
PREFIX = "x."
"""Before each column's name in the form, so that no column can take the place of the token."""
MAX_TEXT = 10_000
EXACT_INTEGERS = 2**53
"""Beyond it JSON numbers no longer tell neighbours apart (IEEE 754 binary64)."""
MIN_GRID = 16
"""Fewer cells than this are easier to fill in as fields with a label each."""
SHADES = 8
"""How many greys a picture's cells are shown in."""
_CELL = re.compile(r"(.+?)[_ ]?([0-9]{1,3})[_ x]([0-9]{1,3})")


class Refused(ValueError):
    """What was typed cannot be read as the column's kind."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Field:
    """One column, what stands in its control, and what is wrong with it."""

    id: str
    column: Column
    typed: str = ""
    error: str | None = None

    @property
    def name(self) -> str:
        """The control's name in the form."""
        return PREFIX + self.column.name

    @property
    def control(self) -> Control:
        """Which control suits the column."""
        return CONTROLS.get(self.column.kind, "text")

    @property
    def label(self) -> str:
        """What people call the column."""
        return words(self.column.label, self.column.name)

    @property
    def help(self) -> str:
        """The model's own explanation of the column."""
        return words(self.column.help)

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """The categories in the order of the schema: as they are sent, and as people call them."""
        return tuple((category, self.called(category)) for category in self.column.categories)

    def called(self, category: str) -> str:
        """Give what people call a category, in the visitor's language."""
        return words(self.column.category_labels.get(category), category)

    @property
    def optional(self) -> bool:
        """Whether it may be left empty."""
        return self.column.nullable

    @property
    def seen(self) -> str:
        """The range that the model has seen, with its unit; empty when there is none."""
        if self.control != "number" or self.column.minimum is None or self.column.maximum is None:
            return ""
        unit = f"\u00a0{self.column.unit}" if self.column.unit else ""
        low, high = exact(self.column.minimum), exact(self.column.maximum)
        return str(_("%(low)s to %(high)s", low=low, high=high)) + unit

    @property
    def placeholder(self) -> str:
        """A usual value, as it would be typed."""
        usual = self.column.typical if self.column.typical is not None else self.column.example
        if self.control != "number" or not isinstance(usual, int | float):
            return ""
        return editable(float(f"{usual:.6g}"))  # a median of two values has more digits than either

    @property
    def may_be_negative(self) -> bool:
        """Whether a keypad without a minus sign would be in the way."""
        return self.column.minimum is None or self.column.minimum < 0

    def shade(self, ink: float) -> int:
        """Give how dark a picture's cell is, from 0 to `SHADES`, where `ink` is full."""
        value = parse(self.typed, current())
        return 0 if value is None else round(min(max(value / ink, 0.0), 1.0) * SHADES)

    def described_by(self) -> str:
        """Give the ids of what explains the control, for ``aria-describedby``."""
        parts = {"help": self.help, "seen": self.seen, "error": self.error}
        return " ".join(f"{self.id}-{part}" for part, text in parts.items() if text)

    def read(self) -> Any:
        """Give the value as the API takes it; None where it is left empty and may be.

        Raises
        ------
        Refused
            With the code of what is wrong.
        """
        typed = self.typed if self.control == "choice" else self.typed.strip()
        if typed == "":
            if self.optional:
                return None
            raise Refused("required")
        if self.control == "number":
            return _number(typed, whole=self.column.kind == "integer")
        if self.control == "yes_no":
            if typed not in {"true", "false"}:
                raise Refused("not_choice")
            return typed == "true"
        if self.control == "choice" and typed not in self.column.categories:
            raise Refused("not_choice")
        if len(typed) > MAX_TEXT:
            raise Refused("too_long")
        return typed


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
    return filled(
        described, {PREFIX + str(name): _typed(value) for name, value in described.schema.example().items()}
    )


def filled(described: ModelDescription, typed: Mapping[str, str]) -> Form:
    """Give the form with what was typed, by the controls' names; a choice that there is not stays empty."""
    return Form(
        tuple(
            Field(f"f{index}", column, typed.get(PREFIX + column.name, "").replace("\r\n", "\n"))
            for index, column in enumerate(described.schema.columns)
        )
    )


def step(name: str) -> str:
    """Give the last step of a pointer to a column, as RFC 6901 writes it."""
    return name[:200].replace("~", "~0").replace("/", "~1")


def step_of(pointer: str) -> str:
    """Give the last step of a pointer, its percent-encoding undone."""
    return unquote(pointer.rpartition("/")[2])


def _typed(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return editable(value)
    return "" if value is None else str(value)


def _number(typed: str, *, whole: bool) -> int | float:
    value = parse(typed, current())
    if value is None:
        raise Refused(f"not_number_{current()}")
    if not whole:
        return value
    if not value.is_integer() or abs(value) > EXACT_INTEGERS:
        raise Refused("not_integer")
    return int(value)
