"""The answers to a table, as a page and as the rows of a download."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext as _

from webapp.fields import as_typed
from webapp.forms import step, step_of
from webapp.labels import class_key, class_label, entered
from webapp.results import said
from webapp.tables import told
from webapp.wording import caution

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dasier.client import ModelDescription
    from webapp.asking import Outcome
    from webapp.tables import Row, Table

SHOWN = 100
MAX_CLASSES = 30
"""A column for each class's probability, up to so many classes."""
DECIMALS = 6
"""Of a probability in the download: no runtime is nearer to the fitted estimator (`dasier.building.parity`)."""
MAX_PAGE_BYTES = 290_000
"""Compressed: no page is over 300 kB, and this one holds its download."""
_TYPED_BYTES, _ROW_BYTES, _SHARE_BYTES = 0.45, 10.0, 3.5
"""What a typed character, a row, and a probability come to, compressed, where every digit is random (measured)."""


@dataclass(frozen=True, slots=True)
class Told:
    """One row's answer in words, what is to be known about it, and whether there is one."""

    line: int
    state: str
    headline: str
    remarks: str


@dataclass(frozen=True, slots=True)
class Results:
    """What came of a table: counts, the rows that a page shows, and the rows of the download."""

    answered: int
    wrong: int
    unasked: int
    rows: tuple[Told, ...]
    more: int
    download: tuple[tuple[str, ...], ...]


def fit_on_a_page(described: ModelDescription, rows: int, typed: int) -> bool:
    """Say whether the answers to so many rows, of so many typed characters, make no page that is too large."""
    shares = _SHARE_BYTES * len(_keys(described))
    return _TYPED_BYTES * typed + rows * (_ROW_BYTES + shares) <= MAX_PAGE_BYTES


def answered(described: ModelDescription, table: Table, outcomes: Sequence[Outcome]) -> Results:
    """Give the answers to the good rows of a table, among the others, in the order of the sheet."""
    came = {row.line.number: outcome for row, outcome in zip(table.good, outcomes, strict=True)}
    pairs = [(row, came.get(row.line.number)) for row in table.rows]
    every = [_told(described, table, row, outcome) for row, outcome in pairs]
    first = sorted(every, key=lambda one: one.state == "answered")[:SHOWN]  # what went wrong is never cut off
    rows = tuple(sorted(first, key=lambda one: one.line))
    states = [one.state for one in every]
    lines = (
        _line(described, table, row, outcome, one) for (row, outcome), one in zip(pairs, every, strict=True)
    )
    return Results(
        answered=states.count("answered"),
        wrong=states.count("wrong"),
        unasked=states.count("unasked"),
        rows=rows,
        more=len(every) - len(rows),
        download=((*_headings(described, table),), *lines),
    )


def _told(described: ModelDescription, table: Table, row: Row, outcome: Outcome | None) -> Told:
    number = row.line.number
    if outcome is None:
        return Told(number, "wrong", "", told(row, table.fields))
    if outcome.errors is not None:
        return Told(number, "wrong", "", " ".join(_named(table, outcome.errors)))
    if outcome.prediction is None:
        return Told(
            number, "unasked", "", str(_("Not asked: the model did not answer in time. Send this row again."))
        )
    headline, note = said(described, outcome.prediction)
    fields = {field.column.name: field for field in table.fields}
    cautions = [
        caution(
            one.code,
            label=fields[one.column].label if one.column in fields else one.column,
            entered=entered(fields.get(one.column), row.values.get(one.column)),
            seen=fields[one.column].seen if one.column in fields else "",
        )
        for one in outcome.cautions
    ]
    return Told(
        number,
        "answered",
        headline,
        " ".join([note, *cautions] if described.task != "regression" else cautions).strip(),
    )


def _named(table: Table, errors: Mapping[str, str]) -> Iterator[str]:
    """Give errors of the API with the labels of their columns; a pointer writes ``/`` as ``~1`` (RFC 6901)."""
    labels = {step(field.column.name): field.label for field in table.fields}
    for pointer, error in errors.items():
        label = labels.get(step_of("/" + pointer), "")
        yield f"{label}{_(': ')}{error}" if label else error


def _keys(described: ModelDescription) -> tuple[str, ...]:
    output = described.schema.output
    return output.class_keys[:MAX_CLASSES] if output.probabilities else ()


def _headings(described: ModelDescription, table: Table) -> Iterator[str]:
    yield from table.sheet.header
    yield str(_("Answer"))
    if described.residuals:
        yield from (str(_("Expect at least")), str(_("Expect at most")))
    labels = dict(zip(described.schema.output.class_keys, described.schema.output.classes, strict=True))
    yield from (
        str(_("Probability of %(label)s", label=class_label(described, labels[key])))
        for key in _keys(described)
    )
    yield from (str(_("Remarks")), str(_("Version")))


def _share(probability: float | None) -> str:
    return "" if probability is None else as_typed(round(probability, DECIMALS))


def _line(
    described: ModelDescription, table: Table, row: Row, outcome: Outcome | None, one: Told
) -> tuple[str, ...]:
    width = len(table.sheet.header)
    cells = [*row.line.cells[:width], *[""] * (width - len(row.line.cells))]
    prediction = outcome.prediction if outcome else None
    value = prediction.value if prediction else None
    number = described.task == "regression"
    cells.append("" if prediction is None else as_typed(value) if number else class_label(described, value))
    if described.residuals:
        bounds = (described.residuals.low, described.residuals.high)
        cells += [as_typed(value + bound) if isinstance(value, int | float) else "" for bound in bounds]
    shares = (prediction.probabilities or {}) if prediction else {}
    cells += [_share(shares.get(class_key(key))) for key in _keys(described)]
    return (*cells, one.remarks, str(outcome.version) if outcome and outcome.version else "")
