from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dasier.errors import MalformedBody, RowsRefused
from dasier.rows import (
    MAX_VIOLATIONS,
    Rows,
    from_arrays,
    from_columns,
    from_records,
    from_table,
    pointer_in,
    reading,
)
from dasier.schema import Column, Output, Schema
from dasier.serving.formats.table_json import read_table
from tests.core.strategies import JSON, records, schemas

if TYPE_CHECKING:
    from collections.abc import Callable

AT = pointer_in("#/instances")
COLUMNS = pointer_in("#/inputs", by_column=True)


def schema(*columns: Column) -> Schema:
    return Schema(columns, Output(name="y", task="regression"))


PEOPLE = schema(
    Column(name="age", kind="integer", minimum=18, maximum=99),
    Column(name="tall/m", kind="float", nullable=True),
    Column(name="is fit", kind="boolean"),
    Column(name="town", kind="category", categories=("Oslo", "Rome")),
    Column(name="note", kind="text", nullable=True),
)
ADA = {"age": 36, "tall/m": 1.7, "is fit": True, "town": "Rome", "note": None}


def refused(read: Callable[[], Any]) -> set[tuple[str, str]]:
    with pytest.raises(RowsRefused) as caught:
        read()
    return {(violation.pointer, violation.code) for violation in caught.value.violations}


def same(one: Rows, two: Rows) -> bool:
    """Say whether rows are the same; nulls are."""
    return repr(one.records()) == repr(two.records()) and one.warnings == two.warnings


schemas_with_rows = schemas().flatmap(lambda s: st.tuples(st.just(s), records(s)))


@given(schemas_with_rows)
def test_rows_are_the_same_through_records_table_and_columns(
    given_: tuple[Schema, list[dict[str, Any]]],
) -> None:
    schema_, sent = given_
    table = [[record[name] for name in schema_.names] for record in sent]
    columns = {name: [record[name] for record in sent] for name in schema_.names}

    by_record = from_records(schema_, sent, AT)

    assert same(by_record, from_table(schema_, None, table, AT))
    assert same(by_record, from_table(schema_, schema_.names, table, AT))
    assert same(by_record, from_columns(schema_, columns, COLUMNS))
    assert same(by_record, from_arrays(schema_, by_record.numbers, by_record.texts, AT))


@given(schemas_with_rows)
def test_rows_give_back_the_values_that_were_sent(given_: tuple[Schema, list[dict[str, Any]]]) -> None:
    schema_, sent = given_

    found = from_records(schema_, sent, AT).records()

    assert found == [{name: _as_float64(record[name]) for name in schema_.names} for record in sent]


def _as_float64(cell: Any) -> Any:
    return cell if isinstance(cell, bool) or not isinstance(cell, int) else float(cell)


@given(schemas_with_rows, st.randoms(use_true_random=False))
def test_order_of_keys_and_of_columns_changes_nothing(given_: Any, random: Any) -> None:
    schema_, sent = given_
    order = list(schema_.names)
    random.shuffle(order)
    shuffled = [{name: record[name] for name in order} for record in sent]
    table = [[record[name] for name in order] for record in sent]

    expected = from_records(schema_, sent, AT)

    assert same(expected, from_records(schema_, shuffled, AT))
    assert same(expected, from_table(schema_, order, table, AT))


@given(schemas_with_rows)
def test_quick_reading_gives_what_careful_reading_gives(given_: tuple[Schema, list[dict[str, Any]]]) -> None:
    schema_, sent = given_
    columns = {name: [record[name] for record in sent] for name in schema_.names}
    careful = from_columns(schema_, columns, AT)

    quick = reading._quick(schema_, sent)

    if quick is not None:
        assert same(Rows(schema_, *quick, careful.warnings), careful)


@given(schemas_with_rows)
def test_logged_columns_are_those_of_nobody_in_json_types(
    given_: tuple[Schema, list[dict[str, Any]]],
) -> None:
    schema_, sent = given_
    rows = from_records(schema_, sent, pointer_in("#"))

    logged = orjson.loads(orjson.dumps(rows.logged()))

    expected = {column.name: rows.json_column(column) for column in schema_.columns if not column.personal}
    assert repr(sorted(logged.items())) == repr(sorted(expected.items()))


@given(schemas(), JSON)
def test_nothing_but_a_refusal_is_raised_for_any_json(schema_: Schema, document: Any) -> None:
    for body in (document, {"instances": document}, {"inputs": document}, {"dataframe_split": document}):
        with contextlib.suppress(RowsRefused, MalformedBody):
            assert len(read_table(body, schema_)[0]) > 0


@given(schemas(), st.lists(JSON, max_size=4), st.data())
def test_columns_of_any_cells_are_read_or_refused(
    schema_: Schema, cells: list[Any], data: st.DataObject
) -> None:
    columns = {name: data.draw(st.permutations(cells)) for name in schema_.names}
    sent = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    refusals = []
    for read in (lambda: from_records(schema_, sent, AT), lambda: from_columns(schema_, columns, AT)):
        try:
            refusals.append(repr(read().records()))
        except RowsRefused as error:
            refusals.append(str(sorted((v.pointer, v.code) for v in error.violations)))

    assert refusals[0] == refusals[1]


@given(schemas_with_rows, st.data())
def test_each_broken_cell_is_listed_where_it_stands(given_: Any, data: st.DataObject) -> None:
    schema_, sent = given_
    places = [(row, name) for row in range(len(sent)) for name in schema_.names]
    broken = data.draw(st.lists(st.sampled_from(places), min_size=1, unique=True))
    for row, name in broken:
        sent[row][name] = ["nested"]

    with pytest.raises(RowsRefused) as caught:
        from_records(schema_, sent, AT)

    found = {(v.pointer, v.code) for v in caught.value.violations}
    assert found == {(AT(row, name), "wrong_type") for row, name in broken}


@given(st.integers(0, 9), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_pointer_leads_back_to_the_cell(row: int, name: str) -> None:
    last = AT(row, name).removeprefix(f"#/instances/{row}/")

    assert unquote(last).replace("~1", "/").replace("~0", "~") == name


def test_every_violation_of_a_row_is_listed() -> None:
    sent = {"age": 1.5, "tall/m": "1,7", "is fit": 1, "note": 3, "Town": "Rome"}

    found = refused(lambda: from_records(PEOPLE, [ADA, sent], AT))

    assert found == {
        ("#/instances/1/age", "not_integer"),
        ("#/instances/1/tall~1m", "wrong_type"),
        ("#/instances/1/is fit", "wrong_type"),
        ("#/instances/1/note", "wrong_type"),
        ("#/instances/1/Town", "unknown_column"),
        ("#/instances/1/town", "missing"),
    }


def test_rows_that_are_no_objects_are_listed_beside_the_cells_of_others() -> None:
    found = refused(lambda: from_records(PEOPLE, [7, ADA | {"age": None}], AT))

    assert found == {("#/instances/0", "wrong_type"), ("#/instances/1/age", "null")}


def test_table_lists_header_length_and_cells_at_once() -> None:
    names = ["age", "tall/m", "is fit", "town", "colour"]
    table = [[36, 1.7, True, "Rome", 1], [36], [True, 1.7, True, None, 1]]

    found = refused(lambda: from_table(PEOPLE, names, table, AT))

    assert found == {
        ("#/instances/colour", "unknown_column"),
        ("#/instances/note", "missing"),
        ("#/instances/1", "wrong_length"),
        ("#/instances/2/age", "wrong_type"),
        ("#/instances/2/town", "null"),
    }


def test_columns_of_different_lengths_are_listed_beside_their_cells() -> None:
    columns = {
        "age": [1, "2"],
        "tall/m": [None],
        "is fit": [True, False],
        "town": "Rome",
        "note": [None, None],
    }

    found = refused(lambda: from_columns(PEOPLE, columns, COLUMNS))

    assert found == {
        ("#/inputs/age/1", "wrong_type"),
        ("#/inputs/tall~1m", "wrong_length"),
        ("#/inputs/town", "wrong_type"),
    }


def test_column_given_twice_in_two_spellings_is_refused() -> None:
    found = refused(lambda: from_records(PEOPLE, [ADA | {" age ": 3}], AT))

    assert found == {("#/instances/0/ age ", "duplicate_column")}


def test_name_in_another_unicode_form_is_the_same_name() -> None:
    one = schema(Column(name="\u00e9t\u00e9", kind="float"))

    found = from_records(one, [{"e\u0301te\u0301": 1.0}], AT)

    assert found.numbers.tolist() == [[1.0]]


@pytest.mark.parametrize("number", [2**53 + 2, -(2**60), 1e300, 10**400])
def test_whole_number_that_a_float64_cannot_tell_apart_is_refused(number: float) -> None:
    one = schema(Column(name="n", kind="integer"))

    assert len(refused(lambda: from_records(one, [{"n": number}], AT))) == 1


def test_number_that_is_not_finite_is_refused_and_not_taken_for_a_null() -> None:
    one = schema(Column(name="n", kind="float", nullable=True))

    found = refused(
        lambda: from_arrays(one, np.array([[np.inf], [-np.inf], [np.nan]]), np.empty((3, 0), object), AT)
    )

    assert found == {("#/instances/0/n", "not_finite"), ("#/instances/1/n", "not_finite")}


def test_half_a_boolean_is_refused_whichever_way_it_comes() -> None:
    one = schema(Column(name="b", kind="boolean"))

    found = refused(lambda: from_arrays(one, np.array([[0.5], [1.0]]), np.empty((2, 0), object), AT))

    assert found == {("#/instances/0/b", "wrong_type")}


def test_no_rows_are_refused() -> None:
    assert refused(lambda: from_records(PEOPLE, [], AT)) == {("#/instances", "no_rows")}


def test_values_outside_training_are_answered_with_a_warning() -> None:
    found = from_records(PEOPLE, [ADA, ADA | {"age": 100, "town": "Lima"}], AT)

    warnings = {(w.row, w.column, w.code) for w in found.warnings}
    assert warnings == {(1, "age", "outside_training_range"), (1, "town", "unseen_category")}


def test_near_name_is_suggested() -> None:
    with pytest.raises(RowsRefused) as caught:
        from_records(PEOPLE, [{**ADA, "twon": 1}], AT)

    assert "Perhaps 'town' is meant" in caught.value.violations[0].detail


def test_violations_never_hold_what_was_sent() -> None:
    canary = "canary-7d1f"
    with pytest.raises(RowsRefused) as caught:
        from_records(
            PEOPLE, [{name: [canary] for name in PEOPLE.names}, dict.fromkeys(PEOPLE.names, canary)], AT
        )

    assert canary not in str(caught.value) + str(caught.value.violations)


def test_hundred_thousand_unknown_names_are_refused_in_a_moment() -> None:
    wide = schema(*(Column(name=f"pixel_{i}", kind="float") for i in range(64)))
    sent = {f"pixel-{i}": 0 for i in range(100_000)}
    started = time.process_time()

    found = refused(lambda: from_records(wide, [sent], AT))

    assert time.process_time() - started < 5
    assert len(found) == MAX_VIOLATIONS + 1


def test_matrix_keeps_the_order_of_the_schema() -> None:
    found = from_records(PEOPLE, [ADA], AT).matrix()

    assert found[0, :4].tolist() == [36.0, 1.7, 1.0, "Rome"]
    assert np.isnan(found[0, 4])
    assert from_records(PEOPLE, [ADA], AT).records() == [ADA]
