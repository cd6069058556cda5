"""One column as a control of a form: what explains it, what stands in it, and the value that this is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from flask_babel import gettext as _

from webapp.languages import current, words
from webapp.numbers import editable, exact, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dasier.client import Column

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
SHADES = 8
"""How many greys a picture's cells are shown in."""


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
    def usual(self) -> Any:
        """The median or the most frequent value; of a number, no more digits than somebody would type."""
        usual = self.column.typical if self.column.typical is not None else self.column.example
        if self.control != "number" or not isinstance(usual, int | float):
            return usual
        return float(f"{usual:.6g}")  # a median of two values has more digits than either

    @property
    def placeholder(self) -> str:
        """A usual number, as it would be typed."""
        return as_typed(self.usual) if self.control == "number" and not isinstance(self.usual, str) else ""

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

    def read(self, language: str | None = None) -> Any:
        """Give the value as the API takes it; None where it is left empty and may be.

        Parameters
        ----------
        language : str, optional
            In which numbers are written; by default the visitor's.

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
            return _number(typed, whole=self.column.kind == "integer", language=language or current())
        if self.control == "yes_no":
            if typed not in {"true", "false"}:
                raise Refused("not_choice")
            return typed == "true"
        if self.control == "choice" and typed not in self.column.categories:
            raise Refused("not_choice")
        if len(typed) > MAX_TEXT:
            raise Refused("too_long")
        return typed


def as_typed(value: Any) -> str:
    """Give a value of the schema as it would stand in its control, in the visitor's language."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return editable(value)
    return "" if value is None else str(value)


def _number(typed: str, *, whole: bool, language: str) -> int | float:
    value = parse(typed, language)
    if value is None:
        raise Refused(f"not_number_{language}")
    if not whole:
        return value
    if not value.is_integer() or abs(value) > EXACT_INTEGERS:
        raise Refused("not_integer")
    return int(value)
