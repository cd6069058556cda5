"""Numbers as people write and read them: decimal commas in French, decimal points in both."""

from __future__ import annotations

import math
import re

from babel.numbers import format_decimal, format_percent
from flask_babel import gettext as _

from webapp.languages import current

MAX_LENGTH = 40
"""No number that a person means is longer."""
_PLAIN = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]{1,3})?", re.ASCII | re.IGNORECASE)
_THOUSANDS = {
    "en": re.compile(r"(?<![0-9.,])[0-9]{1,3}([, ][0-9]{3})+(?![0-9])"),
    "fr": re.compile(r"(?<![0-9.,])[0-9]{1,3}( [0-9]{3})+(?![0-9])"),
}
_LIKE_A_BLANK = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009\t", " "))
SIGNIFICANT = 4
"""Digits that a prediction is shown with: more would claim a precision that it has not."""


def parse(text: str, language: str) -> float | None:
    """Give the number that was typed, or None when it is not one.

    Examples
    --------
    >>> parse("1 234,5", "fr"), parse("1,234.5", "en"), parse("1.5", "fr"), parse("1,5", "en")
    (1234.5, 1234.5, 1.5, None)
    """
    if len(text) > MAX_LENGTH:
        return None
    bare = text.translate(_LIKE_A_BLANK).strip().replace("\u2212", "-")
    bare = _THOUSANDS[language].sub(lambda found: re.sub("[, ]", "", found[0]), bare, count=1)
    if language == "fr":
        bare = bare.replace(",", ".")
    if not _PLAIN.fullmatch(bare):
        return None
    value = float(bare)
    return value if math.isfinite(value) else None


def editable(value: float) -> str:
    """Give a number as it stands in a form: every digit, no thousands, the language's decimal mark."""
    plain = f"{value:.0f}" if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
    return plain.replace(".", ",") if current() == "fr" else plain


def readable(value: float, *, signed: bool = False, like: float | None = None) -> str:
    """Give a number as it stands in a sentence: four significant digits, never fewer than its whole part.

    Parameters
    ----------
    value : float
    signed : bool
        Show a plus sign too.
    like : float, optional
        Show as many decimals as this number would have, so that figures side by side can be compared.
    """
    if not math.isfinite(value):
        return str(value)
    size = abs(value if like is None else like)
    whole = math.floor(math.log10(size)) + 1 if size else 1
    rounded = round(value, max(0, SIGNIFICANT - whole))
    shown = format_decimal(abs(rounded), format="#,##0.##########", locale=current())
    return _signed(rounded, shown) if signed or rounded < 0 else str(shown)


def exact(value: float) -> str:
    """Give a number with every digit that it has, in the language's own way of writing it."""
    return str(format_decimal(value, format="#,##0.##########", locale=current()))


def percent(share: float) -> str:
    """Give a probability in words that do not promise certainty: a forest whose trees all agree may be wrong."""
    if share > 0.99:
        return str(_("over %(share)s", share=format_percent(0.99, locale=current())))
    if share < 0.01:
        return str(_("under %(share)s", share=format_percent(0.01, locale=current())))
    return format_percent(round(share, 2), locale=current())


def exact_percent(share: float) -> str:
    """Give a measured share with one decimal: a measure, unlike a probability, may be 100 %."""
    return str(
        format_percent(share, format="#,##0.#\u00a0%" if current() == "fr" else "#,##0.#%", locale=current())
    )


def points(share: float) -> str:
    """Give a difference between probabilities in percentage points, with its sign."""
    rounded = round(share * 100, 1)
    shown = format_decimal(abs(rounded), format="#,##0.#", locale=current())
    return str(_("%(points)s pts", points=_signed(rounded, shown)))


def share(part: float) -> str:
    """Give a part of a whole in per cent, with its sign."""
    rounded = round(part, 2)
    return _signed(rounded, str(format_percent(abs(rounded), locale=current())))


def _signed(value: float, shown: str) -> str:
    return ("+" if value > 0 else "\u2212" if value < 0 else "") + shown
