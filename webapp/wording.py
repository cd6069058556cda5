"""Sentences for the words that programs use: tasks, violations and warnings, in the visitor's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp.numbers import exact

if TYPE_CHECKING:
    from flask import Flask

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
    # found by the API
    "missing": _l("Fill in this field."),
    "null": _l("Fill in this field."),
    "not_finite": _l("This number is too large."),
}


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


def register(app: Flask) -> None:
    """Let templates say what a task is, and write numbers."""
    app.jinja_env.filters.update(task=task, plain=exact)
