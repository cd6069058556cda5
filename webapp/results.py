"""A model's answer to one row, in words and figures that a person reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.languages import words
from webapp.numbers import exact, percent, points, readable
from webapp.wording import caution

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dasier.client import Answer, Explanation, ModelDescription, Prediction
    from webapp.forms import Field, Form

MAX_BARS = 5
"""More than five probabilities are folded away: the rest are small."""
MAX_WEIGHTS = 6
"""As many contributions as are read at a glance; the others are added up."""
HEAT_STEPS = 10
"""In how many strengths a picture's cells are coloured."""
SURE, UNSURE = 0.9, 0.6
"""From which probability on an answer is given plainly, and below which it is called uncertain."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One class and its probability; `width` in per cent."""

    label: str
    shown: str
    width: float
    chosen: bool


@dataclass(frozen=True, slots=True)
class Weight:
    """What one value did to the answer; `width` in per cent of half the chart."""

    label: str
    entered: str
    shown: str
    width: float
    positive: bool


@dataclass(frozen=True, slots=True)
class Weights:
    """What weighed for and against, against a typical case."""

    title: str
    reference: str
    items: tuple[Weight, ...] = ()
    heat: tuple[tuple[float, ...], ...] = ()
    """For a picture: each cell's contribution, from -1 (against) to 1 (for), in steps."""


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to one row."""

    headline: str
    note: str
    bars: tuple[Bar, ...]
    more_bars: tuple[Bar, ...]
    cautions: tuple[str, ...]
    weights: Weights | None
    version: int


def result(described: ModelDescription, form: Form, row: Mapping[str, Any], answer: Answer) -> Result:
    """Give what to show of the answer to one row.

    Parameters
    ----------
    described : ModelDescription
    form : Form
        What the row was read from: its labels, and the ranges that the model has seen.
    row : mapping from column to value
        As it was sent.
    answer : Answer
        To that row alone.
    """
    prediction = answer.predictions[0]
    fields = {field.column.name: field for field in form.fields}
    bars = _bars(described, prediction)
    headline, note = _said(described, prediction)
    return Result(
        headline=headline,
        note=note,
        bars=bars[:MAX_BARS],
        more_bars=bars[MAX_BARS:],
        cautions=tuple(
            caution(
                one.code,
                label=fields[one.column].label if one.column in fields else one.column,
                entered=entered(fields.get(one.column), row.get(one.column)),
                seen=fields[one.column].seen if one.column in fields else "",
            )
            for one in answer.warnings
        ),
        weights=_weights(described, form, row, prediction.explanation) if prediction.explanation else None,
        version=answer.version,
    )


def entered(field: Field | None, value: Any) -> str:
    """Give a value as a person would write it, with its unit."""
    if value is None:
        return str(_("not known"))
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, int | float):
        return _with_unit(exact(value), field.column.unit if field else None)
    return str(value)


def _said(described: ModelDescription, prediction: Prediction) -> tuple[str, str]:
    """Give the answer in words, and what else is to be known about it."""
    output = described.schema.output
    if described.task == "regression" and isinstance(prediction.value, int | float):
        unit = prediction.unit or output.unit
        return _with_unit(readable(prediction.value), unit), words(output.label)
    label = _class_label(described, prediction.value)
    share = (prediction.probabilities or {}).get(_key(prediction.value))
    if share is not None:
        facts = {"label": label, "share": percent(share)}
        if share >= SURE:
            return str(_("%(label)s, %(share)s sure", **facts)), ""
        if share >= UNSURE:
            return str(_("Probably %(label)s, %(share)s sure", **facts)), ""
        note = _("The model hesitates between several answers.")
        return str(_("Perhaps %(label)s, but only %(share)s sure", **facts)), str(note)
    if prediction.score is not None:
        note = _("Score: %(score)s. Below zero, it is unusual.", score=readable(prediction.score))
        return label, str(note)
    return label, ""


def _class_label(described: ModelDescription, value: Any) -> str:
    known = described.schema.output.class_labels.get(_key(value))
    if known:
        return words(known, str(value))
    if described.task == "clustering":
        return str(_("Group %(number)s", number=value))
    if described.task == "anomaly_detection":
        return str(_("Unusual") if value == -1 else _("Usual"))
    return str(value)


def _key(value: Any) -> str:
    """Give a class as JSON writes it as a key."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _bars(described: ModelDescription, prediction: Prediction) -> tuple[Bar, ...]:
    shares = sorted((prediction.probabilities or {}).items(), key=lambda it: -it[1])
    return tuple(
        Bar(
            label=_class_label(described, name),
            shown=percent(share),
            width=round(100 * min(max(share, 0.0), 1.0), 1),
            chosen=name == _key(prediction.value),
        )
        for name, share in shares
    )


def _weights(
    described: ModelDescription, form: Form, row: Mapping[str, Any], explanation: Explanation
) -> Weights | None:
    found = sorted(
        ((name, value) for name, value in explanation.contributions.items() if value),
        key=lambda it: -abs(it[1]),
    )
    if not found:
        return None
    title, reference = _weights_title(described, explanation), _reference(described, explanation)
    if form.grid:
        return Weights(title, reference, heat=_heat(form, explanation))
    return Weights(title, reference, items=tuple(_items(described, form, row, found)))


def _heat(form: Form, explanation: Explanation) -> tuple[tuple[float, ...], ...]:
    widest = max(abs(value) for value in explanation.contributions.values())
    return tuple(
        tuple(
            round(explanation.contributions.get(cell.column.name, 0.0) / widest * HEAT_STEPS) / HEAT_STEPS
            for cell in cells
        )
        for cells in form.grid
    )


def _items(
    described: ModelDescription, form: Form, row: Mapping[str, Any], found: Sequence[tuple[str, float]]
) -> Iterator[Weight]:
    """Give the strongest contributions, then what the others add up to."""
    fields = {field.column.name: field for field in form.fields}
    widest = abs(found[0][1])
    for name, value in found[:MAX_WEIGHTS]:
        label = fields[name].label if name in fields else name
        shown = entered(fields.get(name), row[name]) if name in row else ""
        yield _weight(label, shown, _difference(described, value), value / widest)
    if others := found[MAX_WEIGHTS:]:
        total = sum(value for _name, value in others)
        label = ngettext("%(num)s other", "%(num)s others together", len(others))
        yield _weight(str(label), "", _difference(described, total), total / widest)


def _weight(label: str, value: str, shown: str, share: float) -> Weight:
    return Weight(label, value, shown, width=round(min(abs(share), 1.0) * 50, 1), positive=share > 0)


def _weights_title(described: ModelDescription, explanation: Explanation) -> str:
    if described.task == "classification":
        label = _class_label(described, explanation.of)
        return str(_("What weighed for and against “%(label)s”", label=label))
    if described.task == "regression":
        return str(_("What raised and lowered the number"))
    return str(_("What weighed on the answer"))


def _reference(described: ModelDescription, explanation: Explanation) -> str:
    output, value = described.schema.output, explanation.reference
    if described.task == "regression":
        shown = _with_unit(readable(value), output.unit)
    else:
        shown = percent(value) if output.probabilities else readable(value)
    return str(_("Compared with a typical case, which would get %(reference)s.", reference=shown))


def _difference(described: ModelDescription, value: float) -> str:
    output = described.schema.output
    if described.task == "regression":
        return _with_unit(readable(value, signed=True), output.unit)
    return points(value) if output.probabilities else readable(value, signed=True)


def _with_unit(shown: str, unit: str | None) -> str:
    return f"{shown}\u00a0{unit}" if unit else shown
