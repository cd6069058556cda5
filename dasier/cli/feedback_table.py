"""Read a CSV of what turned out to be true: which rows tell something of a prediction, and which do not, and why."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from dasier.errors import DasierError
from dasier.feedback import Truth
from dasier.schema import normalised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dasier.schema import Label, Output


class TableUnreadable(DasierError):
    """The file is no table of feedback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What the columns of the file are called.

    Attributes
    ----------
    id, actual : str
    row : str or None
        Which row of the prediction, from 0; None if each prediction was of one row.
    """

    id: str
    actual: str
    row: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that tells nothing.

    Attributes
    ----------
    row : int
        As a spreadsheet counts: the header is row 1.
    reason : str
    """

    row: int
    reason: str


@dataclass(slots=True)
class Table:
    """What a file says.

    Attributes
    ----------
    truths : list of Truth
        In the order in which the file first names each prediction.
    rows : list of tuple of int
        Of each truth, the rows of the file that tell it.
    refused : list of Refused
    """

    truths: list[Truth] = field(default_factory=list)
    rows: list[tuple[int, ...]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Cell:
    row: int
    place: int | None
    actual: Label


def read_table(file: Path, columns: Columns, output: Output) -> Table:
    """Give what a file says of predictions of a model.

    Parameters
    ----------
    output : Output
        What the model gives: the truth is of the same kind.

    Raises
    ------
    TableUnreadable
        If it is no CSV in UTF-8, or has no such columns.
    """
    table = Table()
    told: dict[str, list[_Cell]] = {}
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            for row, id_, place, actual in _cells(opened, columns, output, table.refused):
                told.setdefault(id_, []).append(_Cell(row, place, actual))
    except OSError as error:
        raise TableUnreadable(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TableUnreadable(f"{file} is not in UTF-8: save it as “CSV UTF-8”") from error
    except csv.Error as error:
        raise TableUnreadable(f"{file} is no CSV: {error}") from error
    for id_, cells in told.items():
        _settle(id_, cells, table)
    table.refused.sort(key=lambda one: one.row)
    return table


def _cells(
    opened: TextIO, columns: Columns, output: Output, refused: list[Refused]
) -> Iterator[tuple[int, str, int | None, Label]]:
    separator = _separator(opened)
    lines = csv.reader(opened, delimiter=separator, strict=True)
    at = _places(next(lines, []), columns)
    actual_of = reader_of(output, decimal="," if separator == ";" else ".")
    for number, line in enumerate(lines, start=2):
        if not any(line):
            continue
        found = [line[place].strip() if place < len(line) else "" for place in at]
        try:
            place = int(found[2]) if columns.row is not None else None
            actual = actual_of(found[1])
        except ValueError as error:
            reason = str(error) if found[1] else f"{columns.actual} is empty"
            refused.append(Refused(number, reason))
            continue
        if not found[0]:
            refused.append(Refused(number, f"{columns.id} is empty"))
            continue
        yield number, found[0], place, actual


def _separator(opened: TextIO) -> str:
    """Give what separates cells: a semicolon where spreadsheets write a decimal comma."""
    header = opened.readline(65_536)
    opened.seek(0)
    return max(",;\t", key=header.count)


def _places(header: list[str], columns: Columns) -> list[int]:
    names = [normalised(name) for name in header]
    wanted = [columns.id, columns.actual] + ([] if columns.row is None else [columns.row])
    missing = [name for name in wanted if names.count(normalised(name)) != 1]
    if missing:
        raise TableUnreadable(
            f"The first line names no column, or more than one, called {', '.join(missing)}: "
            "say what they are called with --id-column and --actual-column."
        )
    return [names.index(normalised(name)) for name in wanted]


def reader_of(output: Output, *, decimal: str = ".") -> Callable[[str], Label]:
    """Give what makes of a cell what the model could have said; it raises ValueError, saying why it cannot.

    >>> from dasier.schema import Output
    >>> reader_of(Output(name="y", task="classification", classes=(0, 1)))("1.0")
    1
    """
    if output.task == "clustering":
        raise TableUnreadable("A clustering has no truth: there is nothing to tell of its predictions.")
    if output.task == "regression":
        return lambda cell: _number(cell.replace(decimal, "."))
    labels = output.classes or (1, -1)
    keys = output.class_keys or ("1", "-1")
    known = dict(zip(keys, labels, strict=True))
    numbers = {float(label): label for label in labels if isinstance(label, int | float)}

    def label_of(cell: str) -> Label:
        if cell in known or cell.lower() in known:
            return known[cell] if cell in known else known[cell.lower()]
        try:
            return numbers[float(cell.replace(decimal, "."))]
        except (ValueError, KeyError):
            raise ValueError(f"what was true is none of the classes: {', '.join(keys[:20])}") from None

    return label_of


def _number(cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        raise ValueError("what was true is no number") from None
    if not abs(number) < float("inf"):  # NaN is not
        raise ValueError("what was true is no finite number")
    return number


def _settle(id_: str, cells: list[_Cell], table: Table) -> None:
    """Make one truth of all that is said of a prediction, or say why that cannot be."""
    rows = tuple(cell.row for cell in cells)
    said: dict[int | None, Label] = {}
    for cell in cells:
        if said.setdefault(cell.place, cell.actual) != cell.actual:
            which = "the same row of this prediction" if cell.place is not None else "this prediction"
            reason = f"{which} is said to be something else in another row of the file"
            table.refused += [Refused(row, reason) for row in rows]
            return
    if None in said:
        table.truths.append(Truth(id_, said[None]))
    elif sorted(place for place in said if place is not None) != list(range(len(said))):
        reason = "rows of this prediction are missing: they count from 0"
        table.refused += [Refused(row, reason) for row in rows]
        return
    else:
        table.truths.append(Truth(id_, [said[place] for place in range(len(said))]))
    table.rows.append(rows)
