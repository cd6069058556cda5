"""Any schema, and rows for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from dasier.schema import Column, Output, Schema, normalised

if TYPE_CHECKING:
    from dasier.schema import Kind

FINITE = st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
NAMES = (
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
    .map(normalised)
    .filter(bool)
)
WHOLE = st.integers(-(2**53), 2**53)
KINDS: tuple[Kind, ...] = ("float", "integer", "boolean", "category", "text")


@st.composite
def columns(draw: st.DrawFn, name: str, kinds: tuple[Kind, ...] = KINDS) -> Column:
    kind = draw(st.sampled_from(kinds))
    low, high = sorted([draw(FINITE), draw(FINITE)])
    is_range = kind in {"float", "integer"} and draw(st.booleans())
    return Column(
        name=name,
        kind=kind,
        nullable=draw(st.booleans()),
        minimum=low if is_range else None,
        maximum=high if is_range else None,
        quantiles=(low,) * 21 if is_range else (),
        categories=tuple(draw(st.lists(WORDS, max_size=3, unique=True))) if kind == "category" else (),
        unit=draw(st.none() | WORDS),
        label={"en": draw(WORDS)},
        help=draw(st.none() | st.just({"fr": "aide"})),
        example=draw(st.none() | cells(kind)),
        typical=draw(st.none() | cells(kind)),
        personal=draw(st.booleans()),
        hashed=draw(st.booleans()),
    )


@st.composite
def schemas(draw: st.DrawFn, kinds: tuple[Kind, ...] = KINDS) -> Schema:
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    classes = draw(st.lists(st.integers() | WORDS, max_size=3, unique=True))
    output = Output(
        name="y",
        task=draw(st.sampled_from(["classification", "regression", "clustering", "anomaly_detection"])),
        classes=tuple(classes),
        probabilities=draw(st.booleans()),
        class_labels={str(label): {"en": str(label)} for label in classes},
    )
    return Schema(tuple(draw(columns(name, kinds)) for name in names), output)


def cells(kind: Kind) -> st.SearchStrategy[Any]:
    return {
        "float": FINITE | WHOLE,
        "integer": WHOLE | WHOLE.map(float),
        "boolean": st.booleans(),
        "category": WORDS,
        "text": WORDS,
    }[kind]


def cell(column: Column) -> st.SearchStrategy[Any]:
    valid = cells(column.kind)
    return st.none() | valid if column.nullable else valid


def records(schema: Schema, *, most: int = 5) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Give valid rows."""
    row = st.fixed_dictionaries({column.name: cell(column) for column in schema.columns})
    return st.lists(row, min_size=1, max_size=most)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
"""Anything that JSON can say."""
