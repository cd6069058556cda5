"""The rows of a sheet, read as a model's columns: by name or by label, with every wrong cell told."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from dasier.spreadsheets import neutral
from webapp.fields import Field, Refused, as_typed
from webapp.labels import entered
from webapp.languages import current
from webapp.wording import caution, refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dasier.client import Column, ModelDescription
    from webapp.sheets import Line, Sheet

NOTHING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "nd"})
"""How spreadsheets and programs write that something is not known."""
YES = frozenset({"true", "yes", "oui", "vrai", "1", "y", "o"})
NO = frozenset({"false", "no", "non", "faux", "0", "n"})


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the sheet: its values for the model, or what is wrong, by column; and what is unusual of them."""

    line: Line
    values: Mapping[str, Any]
    errors: Mapping[str, str]
    cautions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet read for a model.

    Attributes
    ----------
    fields : tuple of Field
        In the order of the schema.
    places : mapping from a column's name to its place in the sheet
    missing : tuple of str
        Labels of the columns that the sheet lacks and the model needs.
    unknown : tuple of str
        Headings that no column has; they are left out.
    decimals : str
        The language that numbers are read in: ``fr`` takes a decimal comma.
    """

    sheet: Sheet
    fields: tuple[Field, ...]
    places: Mapping[str, int]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    decimals: str
    rows: tuple[Row, ...]

    @property
    def good(self) -> tuple[Row, ...]:
        """The rows that can be asked about."""
        return tuple(row for row in self.rows if not row.errors)

    @property
    def bad(self) -> tuple[Row, ...]:
        """The rows that something is wrong with."""
        return tuple(row for row in self.rows if row.errors)

    @property
    def odd(self) -> tuple[Row, ...]:
        """The rows that can be asked about, though the model has never seen such a value."""
        return tuple(row for row in self.good if row.cautions)


def table(described: ModelDescription, sheet: Sheet) -> Table:
    """Give the rows of a sheet for a model."""
    fields = tuple(Field(f"f{i}", column) for i, column in enumerate(described.schema.columns))
    places = _places(described.schema.columns, sheet.header)
    missing = tuple(it.label for it in fields if it.column.name not in places and not it.optional)
    unknown = tuple(
        head for place, head in enumerate(sheet.header) if head.strip() and place not in places.values()
    )
    decimals = "fr" if sheet.separator == ";" else current()
    read = Table(sheet, fields, places, missing, unknown, decimals, ())
    return read if missing else replace(read, rows=tuple(rows_of(read, sheet.lines)))


def rows_of(read: Table, lines: Iterable[Line]) -> Iterator[Row]:
    """Give lines as rows of a table that is read."""
    for line in lines:
        yield _row(read.fields, read.places, line, width=len(read.sheet.header), decimals=read.decimals)


def _row(fields: Sequence[Field], places: Mapping[str, int], line: Line, *, width: int, decimals: str) -> Row:
    values, errors, cautions = {}, {}, {}
    for it in fields:
        name = it.column.name
        place = places.get(name)
        cell = line.cells[place] if place is not None and place < len(line.cells) else ""
        try:
            values[name] = _value(it, cell, decimals)
        except Refused as error:
            errors[name] = refused(error.code)
        else:
            unusual = _unusual(it.column, values[name])
            if unusual:
                shown = entered(it, values[name])
                cautions[name] = caution(unusual, label=it.label, entered=shown, seen=it.seen)
    if any(cell.strip() for cell in line.cells[width:]):
        errors[""] = refused("too_many_cells")
    return Row(line, values, errors, cautions)


def _unusual(column: Column, value: Any) -> str | None:
    """Give the code of what the API will warn of; None if it has seen such values."""
    if column.kind == "category" and value is not None and value not in column.categories:
        return "unseen_category"
    is_number = column.kind in {"float", "integer"} and value is not None
    low, high = column.minimum, column.maximum
    if is_number and ((low is not None and value < low) or (high is not None and value > high)):
        return "outside_training_range"
    return None


def _value(field: Field, cell: str, decimals: str) -> Any:
    bare = cell.strip()
    if bare.casefold() in NOTHING and cell not in field.column.categories:
        return replace(field, typed="").read()
    if field.control == "yes_no":
        folded = bare.casefold()
        bare = "true" if folded in YES else "false" if folded in NO else bare
    if field.control == "choice":
        return _category(field.column, cell)
    return replace(field, typed=cell if field.control == "text" else bare).read(decimals)


def _category(column: Column, cell: str) -> str:
    """Give the category that a cell names, by its value or by what people call it; else the cell: the model will warn."""
    if cell in column.categories:
        return cell
    spellings = ((category, (category, neutral(category), *column.category_labels.get(category, {}).values()))
                 for category in column.categories)  # fmt: skip
    return _only(spellings, cell) or cell.strip()


def _places(columns: Iterable[Column], header: Sequence[str]) -> dict[str, int]:
    """Give where each column stands, by its name or, where one column alone has it, its label."""
    spellings = [
        (column.name, (column.name, neutral(column.name), *column.label.values())) for column in columns
    ]
    names = {name for name, _spelt in spellings}
    found: dict[str, int] = {}
    for place, heading in enumerate(header):
        bare = unicodedata.normalize("NFC", heading).strip()
        name = bare if bare in names else _only(spellings, bare)
        if name is not None:
            found.setdefault(name, place)
    return found


def _only(spellings: Iterable[tuple[str, Iterable[str]]], text: str) -> str | None:
    """Give the one name that has such a spelling, whatever the case; None if none has, or several."""
    wanted = _folded(text)
    names = {name for name, spelt in spellings if wanted in map(_folded, spelt)}
    return names.pop() if len(names) == 1 else None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()


def template(described: ModelDescription) -> Iterator[list[str]]:
    """Give the rows of a sheet to fill in: the columns' names, and one example."""
    yield [column.name for column in described.schema.columns]
    yield [as_typed(column.example) for column in described.schema.columns]


def told(row: Row, fields: Sequence[Field]) -> str:
    """Give in a sentence what is wrong with a row."""
    labels = {field.column.name: field.label for field in fields}
    return " ".join(
        f"{labels[name]}{_(': ')}{error}" if name in labels else error for name, error in row.errors.items()
    )
