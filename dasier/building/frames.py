"""Data frames as DASIER reads them: names in one spelling, plain dtypes, a kind for each column.

A frame comes from a recipe, a CSV or someone's notebook, in any of pandas' dtypes. What an
estimator is fitted on here has float64, int64, bool, or object columns of strings with NaN for a
null: what serving, which has no pandas, can give it again.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from dasier import rows
from dasier.building.lookalikes import seen
from dasier.errors import DataInvalid
from dasier.schema import EXACT_INTEGERS, composed, normalised

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dasier.rows import Rows
    from dasier.schema import Kind, Schema

MAX_NAME_LENGTH = 200
"""Longer names break forms and headers, and come from broken files."""

CATEGORY_LIMIT = 50
"""A string column with more different values is text, unless the recipe says category."""

FEW = 10
"""So few different values are categories however few the rows."""

_LARGEST = 1e300
"""Of a number: differences of larger ones, and what is a million times farther away, are no numbers of float64."""

_KINDS = "dasier.kinds"

_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They make a name read as another one (Unicode TR 36); right-to-left letters need none of them."""


@dataclass(frozen=True, slots=True)
class Tidy:
    """A frame as DASIER reads it.

    Attributes
    ----------
    frame : DataFrame
        Columns with their one spelling, of dtype float64, int64, bool or object (strings, NaN).
    kinds : dict
        What each column holds.

    Notes
    -----
    A whole number or a boolean with nulls is float64 here. The frame remembers in its ``attrs`` which
    columns are, so that a part of it, tidied again, has the same kinds.
    """

    frame: pd.DataFrame
    kinds: dict[str, Kind]


def tidy(frame: pd.DataFrame) -> Tidy:
    """Give a frame with normalised names and plain dtypes, and the kind of each column.

    Raises
    ------
    DataInvalid
        Listing every column that cannot be used, and what to do about it.
    """
    if frame.shape[0] == 0 or frame.shape[1] == 0:
        raise DataInvalid(
            f"The table has {frame.shape[0]} rows and {frame.shape[1]} columns: nothing to learn from."
        )
    names = _names(frame.columns)
    problems: list[str] = []
    remembered: dict[str, Kind] = frame.attrs.get(_KINDS, {})
    columns: dict[str, pd.Series] = {}
    kinds: dict[str, Kind] = {}
    for position, name in enumerate(names):
        try:
            columns[name], kinds[name] = _plain(frame.iloc[:, position])
        except DataInvalid as error:
            problems.append(f"column {name!r} {error}")
    if problems:
        raise DataInvalid("; ".join(problems))
    kinds |= {
        name: kind
        for name, kind in remembered.items()
        if kinds.get(name) == "float" and _still_holds(columns[name], kind)
    }
    found = pd.DataFrame(columns, index=frame.index)
    found.attrs[_KINDS] = {name: kind for name, kind in kinds.items() if kind in ("integer", "boolean")}
    return Tidy(found, kinds)


def to_rows(frame: pd.DataFrame, schema: Schema) -> Rows:
    """Give validated rows from a tidy frame that holds at least the schema's columns.

    Raises
    ------
    RowsRefused
        If a row does not fit the schema.
    """
    numbers = np.empty((len(frame), len(schema.number_columns)), dtype=np.float64)
    for position, column in enumerate(schema.number_columns):
        numbers[:, position] = frame[column.name].to_numpy(dtype=np.float64)
    texts = np.empty((len(frame), len(schema.text_columns)), dtype=object)
    for position, column in enumerate(schema.text_columns):
        texts[:, position] = frame[column.name].to_numpy(dtype=object)
    return rows.from_arrays(schema, numbers, texts, rows.pointer_in("#/rows"))


def respelt(frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Give a frame with the strings of some columns in NFC, so that two spellings of a category are one.

    For rows that an estimator is yet to be fitted on: one that was fitted elsewhere knows its own spellings.
    """
    strings = [name for name in columns if frame[name].dtype == object]
    # pandas 3 makes its own string dtype of what is mapped; an estimator is fitted on objects here.
    return frame.assign(
        **{name: frame[name].map(composed, na_action="ignore").astype(object) for name in strings}
    )


# --- names ---------------------------------------------------------------------------------------


def _names(labels: pd.Index) -> list[str]:
    if isinstance(labels, pd.MultiIndex):
        raise DataInvalid("The columns have several levels; join them into one name each.")
    problems = []
    names: list[str] = []
    for position, label in enumerate(labels):
        if isinstance(label, bool) or not isinstance(label, str | int | np.integer):
            problems.append(f"column {position} is named by a {type(label).__name__}; give it a string")
            continue
        name = normalised(str(label))
        if wrong := _wrong_name(name):
            problems.append(f"the name of column {position} {wrong}")
        elif name in names:
            problems.append(
                f"columns {names.index(name)} and {position} are both named {name!r} once accents are composed and "
                "outer blanks removed; rename one"
            )
        elif alike := [other for other in names if seen(other) == seen(name)]:
            problems.append(
                f"columns {names.index(alike[0])} and {position} look the same, {name!r}, but are written with letters "
                f"of different scripts ({alike[0]!a} and {name!a}); rename one"
            )
        names.append(name)
    if problems:
        raise DataInvalid("; ".join(problems))
    return names


def _wrong_name(name: str) -> str | None:
    if not name:
        return "is empty; name it"
    if len(name) > MAX_NAME_LENGTH:
        return f"has {len(name)} characters; shorten it to {MAX_NAME_LENGTH}"
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name):
        return "holds a control character or line break; take it out"
    if _BIDI_CONTROLS & set(name):
        return "holds characters that change the direction of writing; take them out"
    return None


# --- dtypes and kinds ----------------------------------------------------------------------------

_REFUSED = {
    "datetime": "holds dates; turn them into numbers, e.g. days since a fixed date, or their parts",
    "timedelta": "holds durations; turn them into numbers of one unit, e.g. days",
    "period": "holds periods; turn them into numbers, e.g. the year",
    "interval": "holds intervals; turn them into strings or into their middles",
    "complex": "holds complex numbers; split them into two columns of real ones",
    "decimal": "holds decimals; turn them into floats",
    "bytes": "holds bytes; decode them into strings",
}


def _plain(series: pd.Series) -> tuple[pd.Series, Kind]:
    """Give a column in a plain dtype, and its kind."""
    series = _dense(series)
    held = pd.api.types.infer_dtype(series, skipna=True)
    if held == "boolean":
        return _booleans(series), "boolean"
    if held == "integer":
        return _integers(series), "integer"
    if held in ("floating", "mixed-integer-float"):
        return _floats(series), "float"
    if held == "string":
        return _strings(series)
    for family, advice in _REFUSED.items():
        if held.startswith(family) or (family == "datetime" and held.startswith("date")):
            raise DataInvalid(advice)
    raise DataInvalid(
        "holds values of several types or nested ones; give it one type: numbers, strings or booleans"
    )


def _dense(series: pd.Series) -> pd.Series:
    """Give a column that is neither categorical nor sparse nor empty."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        if pd.api.types.infer_dtype(series.dtype.categories, skipna=True) not in ("string", "empty"):
            raise DataInvalid(
                "is categorical but its categories are not strings; make them strings, or give it a plain number dtype"
            )
        series = series.astype(object)
    if isinstance(series.dtype, pd.SparseDtype):
        raise DataInvalid("is sparse; make it dense with .sparse.to_dense()")
    if series.isna().all():
        raise DataInvalid("holds nothing but nulls; leave it out")
    return series


def _still_holds(values: pd.Series, kind: Kind) -> bool:
    """Say whether float64 values can be what the frame remembers them to be."""
    held = values.dropna()
    return bool(held.isin([0.0, 1.0]).all() if kind == "boolean" else (held % 1 == 0).all())


def _booleans(series: pd.Series) -> pd.Series:
    if series.isna().any():
        return (
            series.astype(object)
            .map(lambda cell: np.nan if pd.isna(cell) else float(cell))
            .astype(np.float64)
        )
    return series.astype(bool)


def _integers(series: pd.Series) -> pd.Series:
    held = series.dropna()
    if max(abs(int(held.min())), abs(int(held.max()))) > EXACT_INTEGERS:
        raise DataInvalid(
            "holds integers beyond 2^53; if they are identifiers leave them out, else use floats"
        )
    return series.astype(np.float64 if series.isna().any() else np.int64)


def _floats(series: pd.Series) -> pd.Series:
    values = pd.Series(
        series.to_numpy(dtype=np.float64, na_value=np.nan), index=series.index, name=series.name
    )
    if np.isinf(values).any():
        raise DataInvalid("holds infinity; replace it by a null or a large number")
    if (np.abs(values) > _LARGEST).any():
        raise DataInvalid(f"holds numbers beyond {_LARGEST:g}; divide it by a constant")
    return values


def _strings(series: pd.Series) -> tuple[pd.Series, Kind]:
    cells: Iterable[Any] = (np.nan if pd.isna(cell) else str(cell) for cell in series)
    values = pd.Series(list(cells), index=series.index, name=series.name, dtype=object)
    distinct = cast("list[str]", list(values.dropna().unique()))
    if any(unicodedata.category(character) == "Cs" for value in distinct for character in value):
        raise DataInvalid("holds broken characters (lone surrogates); read the file in its own encoding")
    return values, "category" if looks_categorical(distinct, values.notna().sum()) else "text"


def looks_categorical(distinct: list[str], n_values: int) -> bool:
    """Say whether strings are categories: few, short, and repeated.

    >>> looks_categorical(["female", "male"], 300)
    True
    >>> looks_categorical([f"name {i}" for i in range(40)], 41)
    False
    """
    few = len(distinct) <= FEW or 2 * len(distinct) <= n_values
    return (
        few and len(distinct) <= CATEGORY_LIMIT and all(len(value) <= MAX_NAME_LENGTH for value in distinct)
    )
