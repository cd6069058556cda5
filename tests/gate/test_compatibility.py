from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dasier.gate.compatibility import breaks, narrowed, same_question
from dasier.rows import from_records, from_table, pointer_in
from dasier.schema import Column, Output, Schema
from tests.core.strategies import KINDS, columns, records, schemas

CLASSES = Output(name="kind", task="classification", classes=("a", "b"), probabilities=True)
BIRDS = Schema(
    (
        Column(name="bill", kind="float", unit="mm"),
        Column(name="eggs", kind="integer"),
        Column(name="isle", kind="category", nullable=True, categories=("Biscoe", "Dream")),
    ),
    CLASSES,
)
POINT = pointer_in("#")


def with_column(position: int, **changes: Any) -> Schema:
    changed = list(BIRDS.columns)
    changed[position] = replace(changed[position], **changes)
    return Schema(tuple(changed), BIRDS.output)


def with_output(**changes: Any) -> Schema:
    return Schema(BIRDS.columns, replace(CLASSES, **changes))


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (Schema(BIRDS.columns[:2], CLASSES), "column 'isle' is gone"),
        (Schema((*BIRDS.columns, Column(name="sex", kind="text", nullable=True)), CLASSES), "'sex' is new"),
        (Schema(BIRDS.columns[::-1], CLASSES), "another order"),
        (with_column(0, kind="text"), "'bill' takes text, no longer float"),
        (with_column(0, kind="integer"), "'bill' takes integer, no longer float"),
        (with_column(0, unit="cm"), "'bill' is in cm, no longer in mm"),
        (with_column(2, nullable=False), "'isle' takes no null any more"),
        (with_output(classes=("a", "b", "c")), "the classes are a, b, c, no longer a, b"),
        (with_output(classes=("b", "a")), "the classes are b, a"),
        (with_output(probabilities=False), "no probabilities"),
        (with_output(name="sex"), "it predicts 'sex', no longer 'kind'"),
        (with_output(task="regression", classes=()), "the task is regression"),
    ],
)
def test_what_callers_must_change_is_said(new: Schema, said: str) -> None:
    found = breaks(BIRDS, new)

    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize(
    "new",
    [
        BIRDS,
        with_column(0, nullable=True),
        with_column(0, minimum=0.0, maximum=1.0, label={"en": "Bill"}),
        with_column(0, unit=None),
        with_column(1, kind="float"),
        with_column(2, kind="text", categories=()),
        with_column(2, categories=("Dream",)),
        with_output(unit="g"),
    ],
)
def test_what_callers_do_not_notice_breaks_nothing(new: Schema) -> None:
    assert breaks(BIRDS, new) == ()


def test_classes_that_only_python_holds_for_equal_are_others() -> None:
    old = with_output(classes=(0, 1))

    assert breaks(old, with_output(classes=(False, True)))
    assert not same_question(old.output, replace(CLASSES, classes=(False, True)))


def test_unit_of_the_answer_counts() -> None:
    old = Schema((), Output(name="y", task="regression", unit="g"))
    new = Schema((), Output(name="y", task="regression", unit="kg"))

    assert breaks(old, new) == ("it answers in kg, no longer in g",)


def test_category_that_is_no_longer_known_is_told_and_breaks_nothing() -> None:
    assert narrowed(BIRDS, with_column(2, categories=("Dream",))) == (
        "category 'Biscoe' of column 'isle' is not known any more",
    )


WIDER = {"integer": "float", "category": "text", "text": "category"}
CHANGES = ("same", "wider", "nullable", "unit", "categories") * 4 + ("kind", "not nullable", "gone")


@st.composite
def _successors(draw: st.DrawFn, old: Schema) -> Schema:
    """Give a schema that could follow: some columns changed, and seldom gone, new or moved."""
    kept = []
    for column in old.columns:
        what = draw(st.sampled_from(CHANGES))
        changes: dict[str, Any] = {
            "wider": {"kind": WIDER.get(column.kind, column.kind)},
            "nullable": {"nullable": True},
            "unit": {"unit": None},
            "categories": {"categories": ()},
            "kind": {"kind": draw(st.sampled_from(KINDS)), "minimum": None, "maximum": None},
            "not nullable": {"nullable": False},
        }.get(what, {})
        if what != "gone":
            kept.append(replace(column, **changes))
    if draw(st.integers(0, 19)) == 0:
        kept.append(draw(columns("brand new")))
    if draw(st.integers(0, 19)) == 0:
        kept = draw(st.permutations(kept))
    return Schema(tuple(kept), old.output)


@given(st.data())
def test_every_row_that_was_valid_is_valid_for_a_schema_that_breaks_nothing(data: st.DataObject) -> None:
    old = data.draw(schemas())
    new = data.draw(_successors(old))
    assume(not breaks(old, new))
    rows = data.draw(records(old))

    told = from_records(old, rows, POINT)
    by_name = from_records(new, rows, POINT)
    by_place = from_table(new, None, [[row[name] for name in old.names] for row in rows], POINT)

    for again in (by_name, by_place):
        assert len(again) == len(told)
        for name in old.names:
            if old.by_name[name].is_number:
                np.testing.assert_array_equal(again.column(name), told.column(name))
            else:
                assert [c for c in again.column(name) if c == c] == [c for c in told.column(name) if c == c]  # noqa: PLR0124
