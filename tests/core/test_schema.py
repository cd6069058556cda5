from __future__ import annotations

import json

import pytest
from hypothesis import given

from dasier.manifest import canonical
from dasier.schema import Column, Output, Schema
from tests.core.strategies import schemas


@given(schemas())
def test_schema_comes_back_from_json_as_it_was(schema: Schema) -> None:
    assert Schema.from_dict(json.loads(canonical(schema.to_dict()))) == schema


@given(schemas())
def test_columns_are_numbers_or_texts_and_keep_their_order(schema: Schema) -> None:
    both = [*schema.number_columns, *schema.text_columns]

    assert sorted(c.name for c in both) == sorted(schema.names)
    assert [c for c in schema.columns if c.is_number] == list(schema.number_columns)
    assert schema.numeric == (not schema.text_columns)


@given(schemas())
def test_json_schema_of_a_row_asks_for_exactly_the_columns(schema: Schema) -> None:
    document = schema.row_json_schema()

    assert document["type"] == "object"
    assert document["additionalProperties"] is False
    assert document["required"] == list(schema.names) == list(document["properties"])
    for column in schema.columns:
        assert ("null" in document["properties"][column.name]["type"]) == column.nullable


def test_keys_that_a_later_release_adds_are_ignored() -> None:
    schema = Schema((Column(name="a", kind="float"),), Output(name="y", task="regression"))
    document = schema.to_dict()
    document["columns"][0]["colour"] = "red"
    document["output"]["colour"] = "red"

    assert Schema.from_dict(document) == schema


def test_a_schema_from_before_columns_were_hashed_reads_as_one_that_leaves_them_out() -> None:
    """What is new is written only where it is used, so that nothing changes for what does not use it."""
    column = Column(name="a", kind="float", personal=True)
    schema = Schema((column,), Output(name="y", task="regression"))

    assert "hashed" not in schema.to_dict()["columns"][0]
    assert Schema.from_dict(schema.to_dict()).columns[0].hashed is False


def test_class_keys_are_what_json_calls_them() -> None:
    output = Output(name="y", task="classification", classes=(False, True))

    assert output.class_keys == ("false", "true")


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("float", "number"),
        ("integer", "integer"),
        ("boolean", "boolean"),
        ("category", "string"),
        ("text", "string"),
    ],
)
def test_each_kind_of_column_has_its_type_in_json(kind: str, told: str) -> None:
    assert Column(name="a", kind=kind).json_schema() == {"type": told}
    assert Column(name="a", kind=kind, nullable=True).json_schema() == {"type": [told, "null"]}


def test_json_schema_of_a_cell_tells_people_what_training_knew() -> None:
    column = Column(
        name="a",
        kind="float",
        unit="mm",
        minimum=1.5,
        maximum=20.0,
        label={"en": "Bill", "fr": "Bec"},
        help={"en": "Along the ridge.", "fr": "Le long de l’arête."},
        example=0.0,
    )

    assert column.json_schema() == {
        "type": "number",
        "title": "Bill",
        "description": "Along the ridge. Unit: mm. Seen in training: 1.5 to 20.",
        "examples": [0.0],
    }


def test_words_that_are_in_french_alone_are_not_shown_as_english() -> None:
    column = Column(name="a", kind="text", label={"fr": "Bec"}, help={"fr": "Le long de l’arête."})

    assert column.json_schema() == {"type": "string"}


def test_json_schema_names_twenty_categories_with_what_people_call_them() -> None:
    column = Column(
        name="a",
        kind="category",
        categories=tuple(f"c{number:02}" for number in range(21)),
        category_labels={"c00": {"en": "C00"}, "c01": {"en": "First"}, "c02": {"fr": "Deux"}},
    )

    said = column.json_schema()["description"]

    assert said.startswith("Seen in training: c00, c01 (First), c02, c03, ")
    assert said.endswith(", c19.")


def test_examples_and_typical_rows_have_a_value_for_each_column() -> None:
    columns = (
        Column(name="a", kind="integer", example=1, typical=2),
        Column(name="b", kind="text", example="x", typical="y"),
        Column(name="c", kind="float"),
    )
    schema = Schema(columns, Output(name="y", task="regression"))

    assert schema.example() == {"a": 1, "b": "x", "c": None}
    assert schema.typical() == {"a": 2, "b": "y", "c": None}
    assert schema.by_name == {"a": columns[0], "b": columns[1], "c": columns[2]}


def test_what_is_as_by_default_is_not_written() -> None:
    column, output = Column(name="a", kind="float"), Output(name="y", task="regression")
    schema = Schema((column,), output)

    assert (column.quantiles, column.categories, output.classes) == ((), (), ())
    assert (column.category_labels, column.label, output.label, output.class_labels) == ({}, {}, {}, {})
    assert schema.to_dict() == {
        "columns": [{"name": "a", "kind": "float"}],
        "output": {"name": "y", "task": "regression"},
    }
