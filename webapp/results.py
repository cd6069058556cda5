"""A model's answer to one row, in words and figures that a person reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from webapp.labels import class_key, class_label, entered, with_unit
from webapp.languages import words
from webapp.numbers import percent, readable
from webapp.weights import Weights, weights
from webapp.wording import caution

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dasier.client import Answer, ModelDescription, Prediction
    from webapp.forms import Form

MAX_BARS = 5
"""More than five probabilities are folded away: the rest are small."""
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
class Result:
    """The answer to one row."""

    subject: str
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
    headline, note = said(described, prediction)
    return Result(
        subject=words(described.schema.output.label),
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
        weights=weights(described, form, row, prediction.explanation) if prediction.explanation else None,
        version=answer.version,
    )


def said(described: ModelDescription, prediction: Prediction) -> tuple[str, str]:
    """Give the answer in words, and what else is to be known about it."""
    output = described.schema.output
    if described.task == "regression" and isinstance(prediction.value, int | float):
        unit = prediction.unit or output.unit
        return with_unit(readable(prediction.value), unit), _expected(described, prediction.value, unit)
    label = class_label(described, prediction.value)
    share = (prediction.probabilities or {}).get(class_key(prediction.value))
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


def _expected(described: ModelDescription, value: float, unit: str | None) -> str:
    """Say how far off a regression usually is, around this prediction."""
    residuals = described.residuals
    if residuals is None:
        return ""
    low, high = value + residuals.low, value + residuals.high
    widest = max(abs(low), abs(high))
    return str(
        _(
            "Expect between %(low)s and %(high)s: the truth lay that close %(share)s of the time, on cases that the model had never seen.",
            low=readable(low, like=widest),
            high=with_unit(readable(high, like=widest), unit),
            share=percent(residuals.share),
        )
    )


def _bars(described: ModelDescription, prediction: Prediction) -> tuple[Bar, ...]:
    shares = sorted((prediction.probabilities or {}).items(), key=lambda it: -it[1])
    return tuple(
        Bar(
            label=class_label(described, name),
            shown=percent(share),
            width=round(100 * min(max(share, 0.0), 1.0), 1),
            chosen=name == class_key(prediction.value),
        )
        for name, share in shares
    )
