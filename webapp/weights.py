"""What weighed on an answer: each value's contribution, in words and lengths that a person reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.labels import class_label, entered, with_unit
from webapp.numbers import percent, points, readable, share

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dasier.client import Explanation, ModelDescription
    from webapp.forms import Form

SCORE = "score"
"""What an explanation is of when it is not of a class or a regression's number."""
MAX_WEIGHTS = 6
"""As many contributions as are read at a glance; the others are added up."""
NEGLIGIBLE = 0.005
"""Contributions under this part of the largest would be shown as nothing, and are added to the others."""
HEAT_STEPS = 10
"""In how many strengths a picture's cells are coloured."""


@dataclass(frozen=True, slots=True)
class Weight:
    """What one value did to the answer; `width` in per cent of the chart, of which each side is half."""

    label: str
    entered: str
    shown: str
    width: float
    positive: bool


@dataclass(frozen=True, slots=True)
class Weights:
    """What weighed for and against, compared with a typical case.

    Attributes
    ----------
    title, reference : str
    items : tuple of Weight
        The strongest first, the others added up; empty for a picture.
    heat : tuple of rows of float
        For a picture: each cell's contribution, from -1 (against) to 1 (for), in steps.
    """

    title: str
    reference: str
    items: tuple[Weight, ...] = ()
    heat: tuple[tuple[float, ...], ...] = ()


def weights(
    described: ModelDescription, form: Form, row: Mapping[str, Any], explanation: Explanation
) -> Weights | None:
    """Give what weighed on the answer, or None when nothing did."""
    found = sorted(explanation.contributions.items(), key=lambda it: -abs(it[1]))
    widest = abs(found[0][1]) if found else 0.0
    if not widest:
        return None
    title, reference = _title(described, explanation), _reference(described, explanation)
    if form.grid:
        return Weights(title, reference, heat=_heat(form, explanation, widest))
    return Weights(title, reference, items=tuple(_items(described, form, row, found)))


def _items(
    described: ModelDescription, form: Form, row: Mapping[str, Any], found: Sequence[tuple[str, float]]
) -> Iterator[Weight]:
    """Give the strongest contributions, then what the others add up to."""
    fields = {field.column.name: field for field in form.fields}
    widest = abs(found[0][1])
    shown = [(name, value) for name, value in found if abs(value) > NEGLIGIBLE * widest]
    if len(shown) > MAX_WEIGHTS + 1:  # one alone is not worth folding away
        shown = shown[:MAX_WEIGHTS]
    for name, value in shown:
        label = fields[name].label if name in fields else name
        typed = entered(fields.get(name), row[name]) if name in row else ""
        yield _weight(label, typed, _difference(described, value, widest), value / widest)
    others = [value for _name, value in found[len(shown) :] if value]
    if abs(sum(others)) > NEGLIGIBLE * widest:
        label = str(ngettext("%(num)s other", "%(num)s others together", len(others)))
        yield _weight(label, "", _difference(described, sum(others), widest), sum(others) / widest)


def _weight(label: str, value: str, shown: str, part: float) -> Weight:
    return Weight(label, value, shown, width=round(min(abs(part), 1.0) * 50, 1), positive=part > 0)


def _heat(form: Form, explanation: Explanation, widest: float) -> tuple[tuple[float, ...], ...]:
    found = explanation.contributions
    return tuple(
        tuple(round(found.get(cell.column.name, 0.0) / widest * HEAT_STEPS) / HEAT_STEPS for cell in cells)
        for cells in form.grid
    )


def _title(described: ModelDescription, explanation: Explanation) -> str:
    if described.task == "regression":
        return str(_("What raised and lowered the number"))
    if described.task == "anomaly_detection" and explanation.of == SCORE:
        return str(_("What made it look usual or unusual"))
    label = class_label(described, explanation.of)
    return str(_("What weighed for and against “%(label)s”", label=label))


def _reference(described: ModelDescription, explanation: Explanation) -> str:
    output, value = described.schema.output, explanation.reference
    if described.task == "regression":
        shown = with_unit(readable(value), output.unit)
    elif described.task == "anomaly_detection" and explanation.of == SCORE:
        shown = str(_("a score of %(score)s", score=readable(value)))
    elif output.probabilities:
        shown = percent(value)
    else:  # a model that gives labels alone is explained by whether the label stays what it is
        return str(_("Compared with a typical case."))
    return str(_("Compared with a typical case, which would get %(reference)s.", reference=shown))


def _difference(described: ModelDescription, value: float, widest: float) -> str:
    output = described.schema.output
    if described.task == "regression":
        return with_unit(readable(value, signed=True, like=widest), output.unit)
    if described.task == "anomaly_detection" and not output.probabilities:
        return readable(value, signed=True, like=widest)
    return points(value) if output.probabilities else share(value)
