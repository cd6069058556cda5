from __future__ import annotations

import datetime as dt
import decimal
import json
import re
import unicodedata
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dasier.building.frames import tidy, to_rows
from dasier.building.infer import infer
from dasier.building.refinements import ColumnNotes, OutputNotes, Refinements
from dasier.errors import DataInvalid, RowsRefused
from dasier.schema import Column, Output, Schema


def column(cells: Any, **notes: Any) -> Column:
    """Give the column that is inferred from cells."""
    frame = pd.DataFrame({"x": cells})
    refinements = Refinements(columns={"x": ColumnNotes(**notes)} if notes else {})
    return infer(frame, task="clustering", refinements=refinements).columns[0]


def refusal(frame: pd.DataFrame, **options: Any) -> str:
    with pytest.raises(DataInvalid) as refused:
        infer(frame, **({"task": "clustering"} | options))
    return str(refused.value)


# --- kinds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([1, 2, 3], "integer"),
        (pd.array([1, None, 3], dtype="Int64"), "integer"),
        (np.array([1, 2], dtype=np.uint8), "integer"),
        ([1.0, 2.5], "float"),
        (np.array([1.0, 2.5], dtype=np.float32), "float"),
        (pd.array([1.5, None], dtype="Float64"), "float"),
        (pd.Series([1, 2.5], dtype=object), "float"),
        ([True, False], "boolean"),
        (pd.array([True, None], dtype="boolean"), "boolean"),
        (pd.Series([True, None], dtype=object), "boolean"),
        (["a", "b"], "category"),
        (pd.Series(["a", None], dtype=object), "category"),
        (pd.Series(["a", None], dtype="str"), "category"),
        (pd.Series(["a", None], dtype="string"), "category"),
        (pd.Categorical(["a", None]), "category"),
        ([f"remark {i}" for i in range(30)], "text"),
        ([f"kind {i % 60}" for i in range(600)], "text"),
        (["a" * 300, "b"], "text"),
    ],
)
def test_a_kind_follows_from_the_values(cells: Any, kind: str) -> None:
    found = column(cells)

    assert found.kind == kind
    assert found.nullable == bool(pd.Series(cells).isna().any())


@pytest.mark.parametrize(
    ("cells", "advice"),
    [
        (pd.to_datetime(["2026-01-01", "2026-01-02"]), "days since"),
        ([dt.date(2026, 1, 1)], "days since"),
        (pd.to_timedelta(["1 day"]), "durations"),
        (pd.period_range("2026", periods=2, freq="Y"), "periods"),
        ([1j], "complex"),
        ([decimal.Decimal(1)], "floats"),
        ([[1, 2], [3]], "nested"),
        ([{"a": 1}], "nested"),
        ([b"a"], "decode"),
        (pd.Series([1, "a"], dtype=object), "several types"),
        (pd.Categorical([1, 2]), "categories are not strings"),
        (pd.arrays.SparseArray([0, 1]), "to_dense"),
        ([np.inf, 1.0], "infinity"),
        ([1e301, 1.0], "beyond 1e+300; divide"),
        ([2**53 + 1, 1], "2^53"),
        ([np.nan, np.nan], "nothing but nulls"),
        (["\ud800"], "surrogates"),
    ],
)
def test_what_cannot_be_served_is_refused_with_advice(cells: Any, advice: str) -> None:
    message = refusal(pd.DataFrame({"x": cells}))

    assert "column 'x'" in message
    assert advice in message


def test_every_column_that_cannot_be_used_is_told_at_once() -> None:
    message = refusal(pd.DataFrame({"a": [1j], "b": [np.nan], "c": [1]}))

    assert "column 'a'" in message
    assert "column 'b'" in message
    assert "'c'" not in message


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"a": []}), pd.DataFrame(index=[1])])
def test_an_empty_table_is_refused(frame: pd.DataFrame) -> None:
    assert "nothing to learn from" in refusal(frame)


def test_a_constant_column_is_accepted() -> None:
    found = column([7, 7, 7])

    assert (found.minimum, found.maximum, found.typical) == (7, 7, 7)


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kept"),
    [(" âge ", "âge"), (unicodedata.normalize("NFD", "âge"), "âge"), (3, "3"), ("__proto__", "__proto__"), ("גיל", "גיל"), ("👩‍🔬", "👩‍🔬")],
)  # fmt: skip
def test_a_name_gets_its_one_spelling(name: Any, kept: str) -> None:
    names = infer(pd.DataFrame({name: [1, 2]}), task="clustering").names

    assert names == (kept,)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["  "], "is empty"),
        (["x" * 201], "201 characters"),
        (["a\nb"], "control character"),
        (["a\x00"], "control character"),
        (["a\u202eb"], "direction of writing"),
        (["a", " a"], "both named 'a'"),
        (["é", "e\u0301"], "both named 'é'"),
        ([("a", "b"), None], "tuple"),
        ([1.5], "float"),
        ([True], "bool"),
    ],
)
def test_a_name_that_cannot_be_served_is_refused(names: list[Any], words: str) -> None:
    frame = pd.DataFrame([[1] * len(names)], columns=pd.Index(names, dtype=object, tupleize_cols=False))

    assert words in refusal(frame)


def test_columns_of_several_levels_are_refused() -> None:
    frame = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")]))

    assert "several levels" in refusal(frame)


# --- what the rows show --------------------------------------------------------------------------


def test_quantiles_come_from_all_rows() -> None:
    found = column(np.arange(0.0, 101.0))

    assert found.quantiles == pytest.approx(np.arange(0, 101, 5))
    assert (found.minimum, found.maximum, found.typical) == (0.0, 100.0, 50.0)


def test_numbers_of_an_integer_column_are_integers() -> None:
    found = column([1, 2, 2, 9])

    assert {type(value) for value in (found.minimum, found.typical, found.example, *found.quantiles)} == {int}


def test_categories_are_all_kept_and_sorted() -> None:
    found = column(["b", "a", "b", None])

    assert (found.categories, found.typical) == (("a", "b"), "b")


def test_of_equally_frequent_values_the_first_in_order_is_typical() -> None:
    assert column(["b", "a"]).typical == "a"


def test_one_persons_words_are_not_shown() -> None:
    remarks = [f"I am person {i}" for i in range(30)]

    found = column(remarks)

    assert (found.example, found.typical, found.categories) == ("", "", ())


def test_an_example_of_a_personal_column_is_the_median() -> None:
    found = column([18, 40, 90], personal=True)

    assert (found.example, found.personal) == (40, True)


def test_an_example_row_mixes_two_training_rows() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 6)), columns=list("abcdef"))

    example = infer(frame, task="clustering").example()

    assert all(value in set(frame[name]) for name, value in example.items())
    assert not (frame == pd.Series(example)).all(axis=1).any()


def test_the_target_is_no_feature() -> None:
    frame = pd.DataFrame({"a": [1, 2], "kind": ["x", "y"]})

    schema = infer(frame, task="classification", target="kind")

    assert (schema.names, schema.output.name, schema.output.classes) == (("a",), "kind", ("x", "y"))


# --- the output ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "classes"),
    [([2, 1], (1, 2)), ([True, False], (False, True)), ([1.0, 0.0], (0.0, 1.0)), (pd.Categorical(["b", "a"]), ("a", "b"))],
)  # fmt: skip
def test_classes_keep_their_type(cells: Any, classes: tuple[Any, ...]) -> None:
    found = infer(pd.DataFrame({"a": [1, 2], "y": cells}), task="classification", target="y").output.classes

    assert found == classes
    assert [type(c) for c in found] == [type(c) for c in classes]


def test_classes_of_the_estimator_come_first() -> None:
    frame = pd.DataFrame({"a": [1, 2], "y": ["x", "y"]})

    output = infer(
        frame, task="classification", target="y", classes=np.array(["y", "x"]), probabilities=True
    ).output

    assert (output.classes, output.probabilities) == (("y", "x"), True)
    assert {type(c) for c in output.classes} == {str}


def test_an_anomaly_detector_has_two_answers_with_names() -> None:
    output = infer(pd.DataFrame({"a": [1, 2]}), task="anomaly_detection").output

    assert (output.name, output.classes) == ("anomaly", (-1, 1))
    assert output.class_labels["-1"]["fr"] == "Inhabituel"


def test_groups_are_known_by_the_names_that_a_person_gave() -> None:
    named = {"1": {"en": "Big", "fr": "Grand"}, "0": {"en": "Small", "fr": "Petit"}}
    refinements = Refinements(output=OutputNotes(class_labels=named))

    output = infer(pd.DataFrame({"a": [1, 2]}), task="clustering", refinements=refinements).output

    assert (output.classes, output.class_labels) == ((0, 1), named)


def test_groups_that_nobody_named_are_numbered() -> None:
    output = infer(pd.DataFrame({"a": [1, 2]}), task="clustering", classes=[0, 1]).output

    assert output.class_labels["1"] == {"en": "Group 1", "fr": "Groupe 1"}


@pytest.mark.parametrize(
    ("target", "task", "words"),
    [
        (["x", None], "classification", "null in 1 rows"),
        (["x", "x"], "classification", "one class only"),
        (["x", "y"], "regression", "needs numbers"),
    ],
)
def test_a_target_that_cannot_be_learnt_is_refused(target: Any, task: str, words: str) -> None:
    message = refusal(pd.DataFrame({"a": [1, 2], "y": target}), task=task, target="y")

    assert words in message


def test_a_target_that_is_not_there_is_refused_with_the_one_that_was_meant() -> None:
    message = refusal(
        pd.DataFrame({"a": [1, 2], "species": ["x", "y"]}), task="classification", target="specie"
    )

    assert "did you mean 'species'?" in message


def test_a_table_with_nothing_but_its_target_is_refused() -> None:
    message = refusal(pd.DataFrame({"y": [1, 2]}), task="regression", target="y")

    assert "no column besides the target" in message


# --- refinements ---------------------------------------------------------------------------------


def test_what_a_person_says_wins_over_what_the_rows_show() -> None:
    found = column(
        [1, 2, 3],
        kind="float",
        nullable=True,
        unit="mm",
        label={"en": "X", "fr": "X"},
        help={"en": "h", "fr": "h"},
        example=2.5,
    )

    assert (found.kind, found.nullable, found.unit, found.example) == ("float", True, "mm", 2.5)
    assert {type(value) for value in (found.minimum, found.typical)} == {float}


@pytest.mark.parametrize(
    ("cells", "notes", "words"),
    [
        ([1.5], {"kind": "integer"}, "fractions"),
        ([1, 2], {"kind": "boolean"}, "more than 0 and 1"),
        ([1, 2], {"kind": "category"}, "strings in load()"),
        (["a"], {"kind": "float"}, "numbers in load()"),
        ([1.0, None], {"nullable": False}, "1 training rows have none"),
        ([f"c{i}" for i in range(1001)], {"kind": "category"}, "over the limit"),
    ],
)
def test_what_a_person_says_must_fit_the_rows(cells: Any, notes: dict[str, Any], words: str) -> None:
    frame = pd.DataFrame({"x": cells})

    message = refusal(frame, refinements=Refinements(columns={"x": ColumnNotes(**notes)}))

    assert "columns.x" in message
    assert words in message


@pytest.mark.parametrize(
    "refinements",
    [
        Refinements(columns={"bill_lenght": ColumnNotes(unit="mm")}),
        Refinements(output=OutputNotes(class_labels={"Adelle": {"en": "x", "fr": "x"}})),
    ],
)
def test_a_note_that_fits_nothing_is_refused(refinements: Refinements) -> None:
    frame = pd.DataFrame({"bill_length": [1, 2], "y": ["Adelie", "Gentoo"]})

    message = refusal(frame, task="classification", target="y", refinements=refinements)

    assert "did you mean" in message


SEXES = {"f": {"en": "Female", "fr": "Femelle"}, "m": {"en": "Male", "fr": "Mâle"}}


def test_what_people_call_a_category_comes_through_json() -> None:
    found = column(["f", "m", "?"], category_labels=SEXES)
    schema = Schema((found,), Output(name="y", task="clustering"))

    read = Schema.from_dict(json.loads(json.dumps(schema.to_dict())))

    assert read.columns[0].category_labels == SEXES
    assert read == schema


def test_a_category_that_nobody_labelled_costs_the_manifest_nothing() -> None:
    schema = Schema((column(["f", "m"]),), Output(name="y", task="clustering"))

    assert "category_labels" not in schema.to_dict()["columns"][0]


def test_the_json_schema_says_what_people_call_a_category() -> None:
    described = column(["f", "m", "?"], category_labels=SEXES).json_schema()["description"]

    assert described == "Seen in training: ?, f (Female), m (Male)."


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["female", "male"], "columns.x.category_labels.femal: the data has no such category (did you mean 'female'?)"),
        ([1, 2], "columns.x.category_labels: the column is integer, which has no categories"),
    ],
)  # fmt: skip
def test_a_label_of_a_category_that_there_is_not_is_refused(cells: Any, words: str) -> None:
    notes = ColumnNotes(category_labels={"femal": {"en": "Female", "fr": "Femelle"}})

    message = refusal(pd.DataFrame({"x": cells}), refinements=Refinements(columns={"x": notes}))

    assert words in message


def test_labels_of_a_pattern_serve_columns_with_fewer_categories() -> None:
    notes = ColumnNotes(category_labels=SEXES)
    frame = pd.DataFrame({"sex_1": ["f", "m"], "sex_2": ["f", "f"]})

    found = infer(frame, task="clustering", refinements=Refinements(patterns=((re.compile("sex_."), notes),)))

    assert [list(one.category_labels) for one in found.columns] == [["f", "m"], ["f"]]


# --- frames and rows -----------------------------------------------------------------------------


def test_a_tidy_frame_holds_plain_dtypes_only() -> None:
    frame = pd.DataFrame(
        {
            "i": pd.array([1, None], dtype="Int64"),
            "j": pd.array([1, 2], dtype="Int64"),
            "b": pd.array([True, None], dtype="boolean"),
            "c": pd.Categorical(["a", None]),
            "s": pd.Series(["a", None], dtype="str"),
        }
    )

    found = tidy(frame).frame

    assert found.dtypes.astype(str).to_dict() == {"i": "float64", "j": "int64", "b": "float64", "c": "object", "s": "object"}  # fmt: skip
    assert found["c"].tolist()[0] == "a"
    assert all(isinstance(found[name][1], float) for name in ("c", "s"))


def test_a_part_of_a_tidy_frame_has_the_same_kinds() -> None:
    frame = pd.DataFrame({"i": [1, None, 3], "b": [True, None, False], "f": [1.0, 2.0, None]}, dtype=object)
    frame["i"] = frame["i"].astype("Int64")
    frame["f"] = frame["f"].astype("float64")

    once = tidy(frame)
    again = tidy(once.frame.loc[[0, 1]].reset_index(drop=True))

    assert once.kinds == {"i": "integer", "b": "boolean", "f": "float"}
    assert again.kinds == once.kinds


def test_what_a_frame_remembers_gives_way_to_what_it_holds() -> None:
    frame = tidy(pd.DataFrame({"b": [True, None]}, dtype=object)).frame

    found = tidy(frame.assign(b=[0.5, 1.0])).kinds

    assert found == {"b": "float"}


def test_a_row_with_a_null_where_none_was_seen_is_refused() -> None:
    schema = infer(pd.DataFrame({"a": [1.0, 2.0]}), task="clustering")

    with pytest.raises(RowsRefused):
        to_rows(tidy(pd.DataFrame({"a": [1.0, None]})).frame, schema)


cells_of = {
    "float": st.floats(-1e300, 1e300),
    "integer": st.integers(-(2**53), 2**53),
    "boolean": st.booleans(),
    "strings": st.text(st.characters(exclude_categories=("Cs",)), max_size=8),
}


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    n_rows = draw(st.integers(1, 12))
    names = draw(
        st.lists(st.text(st.characters(categories=("L", "N")), min_size=1, max_size=6), min_size=1, max_size=4, unique_by=lambda n: unicodedata.normalize("NFC", n))
    )  # fmt: skip
    table = {}
    for name in names:
        one = draw(st.sampled_from(sorted(cells_of)))
        cells = draw(st.lists(cells_of[one], min_size=n_rows, max_size=n_rows))
        holes = draw(st.lists(st.booleans(), min_size=n_rows, max_size=n_rows))
        if all(holes):
            holes = [False] * n_rows
        table[name] = pd.Series(
            [None if hole else cell for cell, hole in zip(cells, holes, strict=True)], dtype=object
        )
    return pd.DataFrame(table)


@given(frames())
@settings(max_examples=60, deadline=None)
def test_every_training_row_fits_the_schema_that_was_inferred_from_it(frame: pd.DataFrame) -> None:
    schema = infer(frame, task="clustering")

    rows = to_rows(tidy(frame).frame, schema)

    assert len(rows) == len(frame)
    assert rows.warnings == ()
    assert Schema.from_dict(json.loads(json.dumps(schema.to_dict(), allow_nan=False))) == schema
