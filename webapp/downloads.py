"""CSV for spreadsheets, in which no cell is a formula."""

from __future__ import annotations

import csv
import re
from io import StringIO
from typing import TYPE_CHECKING
from urllib.parse import quote

from webapp.languages import current

if TYPE_CHECKING:
    from collections.abc import Iterable

_FORMULA = re.compile(r"\s*[=+\-@|%＝＋－＠\t\r\n]")  # noqa: RUF001 - Excel reads the full-width signs too
_NUMBER = re.compile(r"[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)(e[+-]?[0-9]{1,3})?", re.ASCII | re.IGNORECASE)
TYPE = "text/csv; charset=utf-8"


def neutral(cell: str) -> str:
    """Give a cell that a spreadsheet shows and never runs (OWASP, "CSV Injection"); a number stays as it is.

    >>> neutral("=1+1"), neutral("-3.5"), neutral("-3,5e2"), neutral("-2+3"), neutral("a=b")
    ("'=1+1", '-3.5', '-3,5e2', "'-2+3", 'a=b')
    """
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell.strip()) else cell


def separator() -> str:
    """Give what spreadsheets put between cells in the visitor's language: where the comma is a decimal sign, ``;``."""
    return ";" if current() == "fr" else ","


def written(rows: Iterable[Iterable[str]]) -> str:
    """Give rows as a spreadsheet of the visitor's language opens them, with the mark that tells Excel it is UTF-8."""
    out = StringIO()
    csv.writer(out, delimiter=separator(), lineterminator="\r\n").writerows(
        [neutral(cell) for cell in row] for row in rows
    )
    return "\ufeff" + out.getvalue()


def address(text: str) -> str:
    """Give a text as a ``data:`` address: a download that needs no script, no second request, and no server that keeps it."""
    return f"data:text/csv;charset=utf-8,{quote(text)}"
