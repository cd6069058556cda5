"""What people call a class, and how they write a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from webapp.languages import words
from webapp.numbers import exact

if TYPE_CHECKING:
    from dasier.client import ModelDescription
    from webapp.fields import Field


def class_label(described: ModelDescription, value: Any) -> str:
    """Give a class, a cluster or a verdict the model's own words for it, else plain ones."""
    labels = described.schema.output.class_labels
    if known := labels.get(class_key(value)) or labels.get(str(value)):
        return words(known, str(value))
    if described.task == "clustering":
        return str(_("Group %(number)s", number=value))
    if described.task == "anomaly_detection":
        return str(_("Unusual") if str(value) == "-1" else _("Usual"))
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    return str(value)


def class_key(value: Any) -> str:
    """Give a class as the API writes it as a key."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def entered(field: Field | None, value: Any) -> str:
    """Give a value as a person would write it, with its unit."""
    if value is None:
        return str(_("not known"))
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, int | float):
        return with_unit(exact(value), field.column.unit if field else None)
    return field.called(str(value)) if field else str(value)


def with_unit(shown: str, unit: str | None) -> str:
    """Give a number and its unit, which a line break never parts."""
    return f"{shown}\u00a0{unit}" if unit else shown
