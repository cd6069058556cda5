"""Which columns of a table a model is not made of, and why: what nobody could learn from, or would wish to.

A number that only counts the rows is not learnt from, nor are dates: each new row has one that no row before it had. A
recipe makes of them what is meant, such as a month or an age.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dasier.errors import DataInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import pandas as pd

    from dasier.schema import Kind, Text

LEAST_COUNTED = 20
"""Fewer rows that are numbered one after the other may be so by chance."""

_DATE = (
    r"(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{4})(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)?"
    r"(?:Z| ?[+-]\d{2}:?\d{2})?"
)

_NO_NAME = re.compile(r"Unnamed: \d+")
"""What pandas calls a column without a name. It writes one of row labels itself, unless told not to."""

ASKED: Text = {"en": "that was asked for", "fr": "c’était demandé"}
EMPTY: Text = {"en": "it is empty", "fr": "elle est vide"}
DATES: Text = {
    "en": "it holds dates; a recipe can make a number of them",
    "fr": "elle contient des dates\u00a0; une recette peut en faire un nombre",
}
TEXT: Text = {"en": "it is free text", "fr": "c’est du texte libre"}
ONE_VALUE: Text = {"en": "it has one value", "fr": "elle n’a qu’une valeur"}
NAMELESS: Text = {"en": "it has no name", "fr": "elle n’a pas de nom"}
COUNTS: Text = {"en": "it only counts the rows", "fr": "elle ne fait que numéroter les lignes"}


def left_out(rows: pd.DataFrame, kinds: Mapping[str, Kind], *, target: str) -> dict[str, Text]:
    """Give the columns that are not learnt from, each with the reason.

    Parameters
    ----------
    rows : DataFrame
        Those that have a target.
    kinds
        Of the columns.
    target

    Raises
    ------
    DataInvalid
        If the target itself cannot be learnt.
    """
    found = {name: why for name, kind in kinds.items() if (why := _reason(rows[name], kind))}
    found |= {name: NAMELESS for name in kinds if _NO_NAME.fullmatch(name)}
    # A rank can be learnt, if not from; and a target of one value is refused in better words.
    if found.get(target) in (COUNTS, ONE_VALUE):
        del found[target]
    if target in found:
        raise DataInvalid(f"the target {target!r} cannot be predicted: {found[target]['en']}")
    return found


def _reason(cells: pd.Series[Any], kind: Kind) -> Text | None:
    if kind in {"category", "text"} and cells.dropna().str.strip().str.fullmatch(_DATE).all():
        return DATES
    if kind == "text":
        return TEXT
    if cells.nunique(dropna=False) < 2:
        return ONE_VALUE
    return COUNTS if kind == "integer" and _counts(cells) else None


def _counts(cells: pd.Series[Any]) -> bool:
    """Say whether whole numbers are 0, 1, 2 … or 1, 2, 3 …, in any order."""
    n, first = len(cells), cells.min()
    return bool(
        n >= LEAST_COUNTED and first in (0, 1) and cells.max() == first + n - 1 and cells.nunique() == n
    )
