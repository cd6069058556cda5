"""What a person says of columns and output, over what the rows show."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

    from dasier.schema import Kind, Text

Cell = float | int | bool | str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnNotes:
    """What is known of a column beyond its rows; None leaves it to inference.

    Attributes
    ----------
    kind : Kind or None
        Must fit the rows: an integer column may be called float, not the reverse if it has halves.
    nullable : bool or None
        True accepts nulls that training never showed.
    unit : str or None
        A symbol, since it is the same in every language.
    label, help : Text or None
    category_labels : mapping from category to Text
        What people call each category.
    example : float, int, bool, str or None
    personal : bool
        Whether the column tells of a person.
    hashed : bool
        Whether the log holds a keyed hash of such a column's values.
    """

    kind: Kind | None = None
    nullable: bool | None = None
    unit: str | None = None
    label: Text | None = None
    help: Text | None = None
    category_labels: Mapping[str, Text] = field(default_factory=dict)
    example: Cell | None = None
    personal: bool = False
    hashed: bool = False

    def filled(self, groups: Mapping[str, str]) -> ColumnNotes:
        """Give the notes with each ``{name}`` in label and help replaced by a group of that name."""
        return replace(self, label=_filled(self.label, groups), help=_filled(self.help, groups))


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputNotes:
    """What is known of the output beyond its rows.

    Attributes
    ----------
    unit : str or None
        Of a regression's prediction.
    label : Text or None
    class_labels : mapping from str(class) to Text
    """

    unit: str | None = None
    label: Text | None = None
    class_labels: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refinements:
    """All notes of a model.

    Attributes
    ----------
    columns : mapping from column name to ColumnNotes
    patterns : tuple of (compiled pattern, ColumnNotes)
        For columns without notes of their own: the first pattern that the whole name matches
        applies, and its named groups fill the braces of label and help.
    output : OutputNotes
    """

    columns: Mapping[str, ColumnNotes] = field(default_factory=dict)
    patterns: tuple[tuple[re.Pattern[str], ColumnNotes], ...] = ()
    output: OutputNotes = field(default_factory=OutputNotes)

    def of(self, name: str) -> ColumnNotes:
        """Give the notes of a column, empty ones if there are none."""
        if name in self.columns:
            return self.columns[name]
        for pattern, notes in self.patterns:
            if match := pattern.fullmatch(name):
                return notes.filled(match.groupdict(default=""))
        return ColumnNotes()


def _filled(text: Text | None, groups: Mapping[str, str]) -> Text | None:
    if text is None:
        return None
    filled = dict(text)
    for group, value in groups.items():
        filled = {language: words.replace("{" + group + "}", value) for language, words in filled.items()}
    return filled
