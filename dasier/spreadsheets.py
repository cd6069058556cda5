"""Cells that a spreadsheet shows and never runs."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"\s*[=+\-@|%＝＋－＠\t\r\n]")  # noqa: RUF001 - Excel reads the full-width signs too
_NUMBER = re.compile(r"[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)(e[+-]?[0-9]{1,3})?", re.ASCII | re.IGNORECASE)


def neutral(cell: str) -> str:
    """Give a cell that a spreadsheet shows and never runs (OWASP, "CSV Injection"); a number stays as it is.

    >>> neutral("=1+1"), neutral("-3.5"), neutral("-3,5e2"), neutral("-2+3"), neutral("a=b")
    ("'=1+1", '-3.5', '-3,5e2', "'-2+3", 'a=b')
    """
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell.strip()) else cell
