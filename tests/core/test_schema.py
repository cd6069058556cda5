from __future__ import annotations

import json

from hypothesis import given

from dasier.manifest import canonical
from dasier.schema import Column, Output, Schema
from tests.core.strategies import schemas


@given(schemas())
def test_schema_comes_back_from_json_as_it_was(schema: Schema) -> None:
    assert Schema.from_dict(json.loads(canonical(schema.to_dict()))) == schema


@given(schemas())
def test_columns_are_numbers_or_texts_and_keep_their_order(schema: Schema) -> None:
    both = (
        {*schema.number_columns, *schema.text_columns}
        if False
        else [*schema.number_columns, *schema.text_columns]
    )

    assert sorted(c.name for c in both) == sorted(schema.names)
    assert [c for c in schema.columns if c.is_number] == list(schema.number_columns)
    assert schema.numeric == (not schema.text_columns)


@given(schemas())
def test_json_schema_of_a_row_asks_for_exactly_the_columns(schema: Schema) -> None:
    document = schema.row_json_schema()

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
