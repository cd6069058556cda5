"""CSV for spreadsheets, in which no cell is a formula."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING
from urllib.parse import quote

from dasier.spreadsheets import neutral
from webapp.languages import current

if TYPE_CHECKING:
    from collections.abc import Iterable

TYPE = "text/csv; charset=utf-8"


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
