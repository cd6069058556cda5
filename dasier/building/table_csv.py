"""Read the table that a model is to be made of, or measured on, from a CSV file."""

from __future__ import annotations

import csv
import re
from collections import Counter
from typing import TYPE_CHECKING

import pandas as pd

from dasier.errors import DataInvalid

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TextIO

_LOOK_CHARACTERS = 65_536
"""How much of a file is looked at to tell its separator and decimal sign."""

_WORDS = "dasier.words_for_nothing"

_SEPARATORS = (",", ";", "\t")

_RAGGED = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
"""What pandas says of a line with too many cells."""

_DECIMAL_COMMA = re.compile(r"(?:^|[;\t])\s*-?\d+,\d+\s*(?:[;\t]|$)", re.MULTILINE)


def read_csv(path: Path) -> pd.DataFrame:
    """Give the rows of a CSV file with a header: comma, semicolon or tab, UTF-8 with or without a mark.

    Raises
    ------
    DataInvalid
        If it cannot be read as a table.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(file, path)
    except UnicodeDecodeError as error:
        raise DataInvalid(
            f"{path} is not UTF-8: byte {error.start} cannot be read; save it as UTF-8"
        ) from error
    except pd.errors.ParserError as error:
        if ragged := _RAGGED.search(str(error)):
            names, line, cells = ragged.groups()
            raise DataInvalid(
                f"{path} is not a table: line {line} has {cells} cells, and there are {names} columns"
            ) from error
        raise DataInvalid(f"{path} is not a table: {error}") from error
    except (pd.errors.EmptyDataError, csv.Error, ValueError) as error:
        raise DataInvalid(f"{path} is not a table: {error}") from error
    except OSError as error:
        raise DataInvalid(f"{path} cannot be read: {error.strerror}") from error


def _read(file: TextIO, path: Path) -> pd.DataFrame:
    start = file.read(_LOOK_CHARACTERS)
    file.seek(0)
    first, _, rest = start.partition("\n")
    separator = max(_SEPARATORS, key=first.count)
    decimal_comma = separator != "," and bool(_DECIMAL_COMMA.search(rest))
    if named_twice := _named_twice(file, separator):
        raise DataInvalid(f"{path} has several columns of the name {named_twice[0]!r}; rename all but one")
    file.seek(0)
    frame = pd.read_csv(
        file,
        sep=separator,
        decimal="," if decimal_comma else ".",
        dtype_backend="numpy_nullable",  # types that know a null: a whole number with one missing stays whole
    )
    if not isinstance(frame.index, pd.RangeIndex):  # pandas takes what is too much for labels of the rows
        raise DataInvalid(
            f"{path} has lines with more cells than the header has names; name every column, and put cells "
            f"that hold a {separator!r} into quotes"
        )
    if frame.empty:
        raise DataInvalid(f"{path} has a header and no rows")
    file.seek(0)
    frame.attrs[_WORDS] = _words(file, separator, frame)
    return frame


def _words(file: TextIO, separator: str, frame: pd.DataFrame) -> dict[str, list[str]]:
    gaps = {name: cells.isna() for name, cells in frame.items() if isinstance(cells.dtype, pd.StringDtype)}
    gaps = {name: null for name, null in gaps.items() if null.any()}
    if not gaps:
        return {}
    written = pd.read_csv(file, sep=separator, usecols=list(gaps), dtype=str, keep_default_na=False)
    found = {str(name): sorted({*written[name][null]} - {""}) for name, null in gaps.items()}
    return {name: words for name, words in found.items() if words}


def _named_twice(file: TextIO, separator: str) -> list[str]:
    """Give the names that stand in a header more than once: pandas would number them."""
    header = next((line for line in csv.reader(file, delimiter=separator) if line), [])
    return [name for name, times in Counter(header).items() if name.strip() and times > 1]


def words_for_nothing(frame: pd.DataFrame) -> dict[str, list[str]]:
    """Give, for columns of strings in a frame that `read_csv` gave, the words that were read as a null, such as NA.

    To whoever serves the model they are words like any other.
    """
    found: dict[str, list[str]] = frame.attrs.get(_WORDS, {})
    return found
