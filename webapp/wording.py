"""Sentences for the words that programs use: tasks, violations and warnings, in the visitor's language."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

from flask_babel import format_date, format_percent, format_time
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp.numbers import exact, exact_percent, readable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from flask import Flask

    from webapp.sheets import SheetRefused

TASKS = {
    "classification": _l("Recognises a category"),
    "regression": _l("Estimates a number"),
    "clustering": _l("Finds the closest group"),
    "anomaly_detection": _l("Spots what is unusual"),
}
REFUSED = {
    # found by the site
    "required": _l("Fill in this field."),
    "not_number_en": _l("Write a number, with a decimal point if need be: 1.5."),
    "not_number_fr": _l("Write a number, with a decimal comma if need be: 1,5."),
    "not_integer": _l("Write a whole number, without decimals."),
    "not_choice": _l("Choose one of the answers in the list."),
    "empty_picture": _l("Draw something, or fill in at least one cell."),
    "too_long": _l("Shorten this text."),
    "too_many_cells": _l("This row has more cells than the first line has names."),
    # found by the API
    "missing": _l("Fill in this field."),
    "null": _l("Fill in this field."),
    "not_finite": _l("This number is too large."),
}
SHEETS = {
    "empty": _l("There is nothing in it yet. Choose a file, or paste cells that you copied."),
    "no_rows": _l("There is only one line. The first line holds the names of the columns, the next ones hold the rows."),
    "workbook": _l("This is a workbook, not a CSV file. In your spreadsheet, save it as “CSV UTF-8”, or copy its cells and paste them here."),
    "encoding": _l("The characters of this file cannot be read. Save it again as “CSV UTF-8”."),
    "nul": _l("This is no text file. In your spreadsheet, save it as “CSV UTF-8”, or copy its cells and paste them here."),
    "not_csv": _l("This is no table: a cell is far too long, or a quotation mark is never closed."),
    "too_wide": _l("This table has far too many columns. Start from the template."),
    "columns": _l("Columns are missing: %(labels)s. Give them the names that the template has."),
    "not_accepted": _l("The model does not accept these columns any more. Take a new template, and try again."),
    "too_long": _l("This table is too large to be answered at once: up to 5,000 rows and 500,000 characters are, fewer where each answer has many figures. Choose it again, and have it answered in the background."),
    "too_heavy": _l("Without scripts this site passes on tables of up to 4 MB. Allow scripts for this site, and your browser hands in a table of any size; or split it; or ask through the API, which “About this model” explains."),
    # said by the script, of a table that the site does not pass on
    "decimals": _l("This table has decimal commas. One of over 4 MB is read as it is: write numbers with a decimal point, 1.5, or split it."),
    "not_utf8": _l("One of over 4 MB is read as it is, in UTF-8. Save it as “CSV UTF-8”, or split it."),
}  # fmt: skip
SHEETS["too_many_rows"] = SHEETS["too_long"]


def sheet_refused(error: SheetRefused) -> str:
    """Say why a table cannot be read, and what to do."""
    return str(SHEETS[error.code]) % {"labels": ", ".join(error.labels)}


def by_script() -> dict[str, str]:
    """Give what a page's script says of a large table that it does not hand in."""
    return {code: str(SHEETS[code]) for code in ("workbook", "decimals", "not_utf8")}


def refused(code: str) -> str:
    """Say what to do about a value that is not accepted."""
    return str(REFUSED.get(code) or _("The model does not accept this value."))


def task(code: str) -> str:
    """Say what a model does, to somebody who has never heard of its kind."""
    return str(TASKS.get(code, ""))


def caution(code: str, *, label: str, entered: str, seen: str) -> str:
    """Say what is unusual about a value that was answered all the same.

    Parameters
    ----------
    code : str
        As the API gives it.
    label, entered, seen : str
        The field, the value in it, and the range that the model has seen.
    """
    facts: dict[str, Any] = {"label": label, "entered": entered, "seen": seen}
    if code == "outside_training_range":
        return str(_("%(label)s: %(entered)s is outside what the model has seen (%(seen)s).", **facts))
    if code == "unseen_category":
        return str(_("%(label)s: the model has never seen “%(entered)s”.", **facts))
    return str(_("%(label)s: this value is unusual for the model.", **facts))


def when(moment: datetime | None) -> str:
    """Give a time as the visitor's language writes it, to the minute, and say that it is UTC."""
    if moment is None:
        return str(_("at an unknown time"))
    day, time = format_date(moment, "medium"), format_time(moment, "short")
    return str(_("%(day)s, %(time)s UTC", day=day, time=time))


def who(name: str) -> str:
    """Give who decided: the gate has a name that visitors understand."""
    return str(_("the automatic gate")) if name == "gate" else name


def part(per_cent: int) -> str:
    """Give a share in per cent, as the visitor's language writes it."""
    return str(format_percent(per_cent / 100))


def error_share(part: float) -> str:
    """Give the part of requests that failed; few of many are not none."""
    return str(_("under %(share)s", share=exact_percent(0.001))) if 0 < part < 0.001 else exact_percent(part)


def milliseconds(value: float) -> str:
    """Give a duration, which a line break never parts from its unit."""
    return f"{readable(value)}\u00a0ms"


def alarmed(key: str) -> str:
    """Give what has drifted: a column goes by its own name."""
    known = {"output": _("the answers"), "quality": _("how good they are")}
    return str(known.get(key, key))


def day(written: str) -> str:
    """Give a day as the visitor's language writes it; what is no day stays as it is."""
    try:
        return str(format_date(date.fromisoformat(written), "medium"))
    except ValueError:
        return written


def figures(measured: Mapping[str, Any]) -> str:
    """Give the gate's figures as it wrote them, for those who want every one."""
    return json.dumps(measured, ensure_ascii=False, indent=1)


def register(app: Flask) -> None:
    """Let templates say what a task is, write numbers and times, and name who decided."""
    app.jinja_env.filters.update(
        task=task, plain=exact, when=when, who=who, part=part, figures=figures,
        share=error_share, milliseconds=milliseconds, alarmed=alarmed, day=day,
    )  # fmt: skip
